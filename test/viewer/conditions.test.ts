import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import {
  CONDITION_OF,
  CONDITIONS,
  conditionOf,
  conditionOfActor,
  worstOf,
} from '../../visualizations/viewer/conditions.js';

/** The innermost states, as the viewer names them. */
function leavesOf(node: AnyStateMachine['root']): string[] {
  const children = Object.values(node.states);
  return children.length === 0 ? [node.path.join('.')] : children.flatMap(leavesOf);
}

const machines = Object.entries(catalogue) as [keyof typeof catalogue, AnyStateMachine][];

describe('the conditions of states', () => {
  it.each(machines)('name every state of %s, and no other', (name, machine) => {
    expect(Object.keys(CONDITION_OF[name]).sort()).toEqual(leavesOf(machine.root).sort());
  });

  it.each(machines)('call the final states of %s ended, or trouble', (name, machine) => {
    const finals = Object.values(machine.root.states).filter(({ type }) => type === 'final');
    for (const { key } of finals) expect(['ended', 'trouble']).toContain(conditionOf(name, key));
  });

  it('put the worst first', () => {
    expect(worstOf(['well', 'waiting', 'working'])).toBe('waiting');
    expect(worstOf(['ended', 'well'])).toBe('well');
    expect(CONDITIONS[0]).toBe('trouble');
  });

  it('do not know states of other versions, and do not fail over them', () => {
    expect(conditionOf('breaker', 'melting')).toBe('working');
    expect(conditionOf('toString', 'open')).toBe('working');
    expect(conditionOf('breaker', 'toString')).toBe('working');
  });

  it('call an actor that was stopped ended, unless it ended badly', () => {
    expect(conditionOfActor({ machine: 'channel', state: 'live', isAlive: false })).toBe('ended');
    expect(conditionOfActor({ machine: 'breaker', state: 'open', isAlive: false })).toBe('ended');
    expect(conditionOfActor({ machine: 'deadline', state: 'timedOut', isAlive: false })).toBe('trouble');
    expect(conditionOfActor({ machine: 'deadline', state: 'completed', isAlive: false })).toBe('ended');
  });
});
