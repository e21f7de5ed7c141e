/** A machine's configuration as JSON, to be imported into Stately's editor: implementations by their names alone. */
import type { AnyStateMachine } from 'xstate';

export function definitionOf(machine: AnyStateMachine): string {
  return `${JSON.stringify(machine.config, named, 2)}\n`;
}

function named(key: string, value: unknown): unknown {
  if (typeof value !== 'function') return value;
  // What stands in the place of a name, without one: a guard made of others, parameters, the first context.
  if (key === 'guard' && 'guards' in value && Array.isArray(value.guards)) return value.guards.join(' and ');
  return key === 'guard' ? 'inline' : undefined;
}
