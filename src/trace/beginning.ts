/** How an actor was met, told as simply as it can be: as a machine that has just started, when it is like one. */
import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition } from 'xstate';
import { contextsThatDiffer, isSame } from './divergence.js';

type Context = Readonly<Record<string, unknown>>;

export interface Beginning {
  readonly value: unknown;
  readonly context: Context;
  /** With this input the machine starts so; absent when it was met in the middle of its life. */
  readonly input?: Context;
  /** How far it is from a machine that has just started: what of state and context differs. */
  readonly distance: number;
}

/** A trace does not have the input, but contexts keep all of it under the same keys. */
export function beginningOf(machine: AnyStateMachine, { value, context }: AnyMachineSnapshot): Beginning {
  const fresh = started(machine, context);
  if (fresh === undefined) return { value, context, distance: Number.POSITIVE_INFINITY };
  const differences = contextsThatDiffer(context, fresh.context).length;
  const distance = differences + (isSame(value, fresh.value) ? 0 : 1);
  return distance > 0
    ? { value, context, distance }
    : { value, context, distance, input: inputOf(machine, context) };
}

/** The keys of this context that the machine takes from its input. */
function inputOf(machine: AnyStateMachine, context: Context): Context {
  const entries = Object.entries(context).filter(([key, value]) => {
    if (value === undefined) return false;
    const { [key]: _, ...without } = context;
    const other = started(machine, { ...without, [key]: 'another' });
    return other === undefined || !isSame(other.context[key], context[key]);
  });
  return Object.fromEntries(entries);
}

/** Undefined when it cannot start with such an input. */
function started(machine: AnyStateMachine, input: Context): AnyMachineSnapshot | undefined {
  try {
    return initialTransition(machine, input)[0];
  } catch {
    return undefined;
  }
}
