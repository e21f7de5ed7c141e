/** A machine's configuration as JSON, to be imported into Stately's editor: implementations by their names alone. */
import type { AnyStateMachine } from 'xstate';
import { guardName } from './chart.js';

export function definitionOf(machine: AnyStateMachine): string {
  return `${JSON.stringify(machine.config, named, 2)}\n`;
}

function named(key: string, value: unknown): unknown {
  if (typeof value !== 'function') return value;
  // What stands in the place of a name, without one: a guard made of others, parameters, the first context.
  return key === 'guard' ? guardName(value) : undefined;
}
