/** A machine's configuration as JSON, to be imported into Stately's editor: implementations by their names alone. */
import type { AnyStateMachine } from 'xstate';
import { constantsOf, guardName } from './chart.js';

export function definitionOf(machine: AnyStateMachine): string {
  return `${JSON.stringify(machine.config, named, 2)}\n`;
}

/** What stands in the place of a function: its name, where it has one. The first context and the output have none. */
function named(key: string, value: unknown): unknown {
  if (typeof value !== 'function') return value;
  if (key === 'guard') return guardName(value);
  if (key === 'params') {
    const constants = constantsOf(value);
    return Object.keys(constants).length > 0 ? constants : undefined;
  }
  return builtInName(value);
}

/** XState's own actions are functions: `spawnChild store`. */
function builtInName(action: object): string | undefined {
  if (!('type' in action)) return undefined;
  const of = 'src' in action && typeof action.src === 'string' ? [action.src] : [];
  return [String(action.type).replace('xstate.', ''), ...of].join(' ');
}
