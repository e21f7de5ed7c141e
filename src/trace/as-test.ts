/** A shrunk trace as a Vitest file: the machine, how it began, the events, and the state that they must lead to. */
import { literal, quoted } from './literal.js';
import type { Goal, Reached } from './reach.js';
import { stateName } from './state-name.js';

/**
 * @param machines the folder of the machines as the file imports it: `../../machines`.
 */
export function testOf(goal: Goal, reached: Reached, machines: string): string {
  const { machine, beginning, events, states } = reached;
  const name = `${machine}Machine`;
  const [from, to] = states.slice(-2);
  const [actual, expected] =
    goal.from === undefined ? ['states.at(-1)', to] : ['states.slice(-2)', [from, to]];
  const assertion = `  expect(${actual}).toEqual(`;
  const begins =
    beginning.input === undefined
      ? [
          'machine.resolveState({ value, context })',
          constant('value', beginning.value),
          constant('context', beginning.context),
        ]
      : ['initialTransition(machine, input)[0]', constant('input', beginning.input)];
  const [start = '', ...constants] = begins;
  const imports = ['type AnyEventObject', 'type AnyStateMachine', 'transition'];
  if (beginning.input !== undefined) imports.splice(2, 0, 'initialTransition');
  return `/**
 * ${commented(goal.path)}: ${stateName(from)} → ${stateName(to)}, out of a recorded trace.
 * ${sizeOf(reached)}
 */
import { expect, it } from 'vitest';
import { ${imports.join(', ')} } from 'xstate';
import { ${name} } from ${quoted(`${machines}/${machine}.js`)};

const machine: AnyStateMachine = ${name};
${constants.join('\n')}
const events: readonly AnyEventObject[] = ${literal(events, 'const events: readonly AnyEventObject[] = ', ';')};

it(${quoted(`${goal.path} reaches ${stateName(to)}`)}, () => {
  let state = ${start};
  const states = [state.value];
  for (const event of events) {
    state = transition(machine, state, event)[0];
    states.push(state.value);
  }
${assertion}${literal(expected, assertion, ');')});
});
`;
}

function constant(name: string, value: unknown): string {
  return `const ${name} = ${literal(value, `const ${name} = `, ';')};`;
}

function sizeOf({ events, recorded, isMinimal, beginning }: Reached): string {
  const count = `Shrunk from ${recorded} recorded ${recorded === 1 ? 'event' : 'events'} to ${events.length}`;
  const how = isMinimal ? 'none of which can be left out' : 'and then given up, for it took too long';
  const where = beginning.input === undefined ? 'met in the middle of its life' : 'just started';
  return `${count}, ${how}; the machine was ${where}.`;
}

function commented(text: string): string {
  return JSON.stringify(text).slice(1, -1).replace(/\*\//g, '*\\/');
}
