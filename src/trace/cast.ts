/**
 * The cast of a replay: who lives, in which state, and whether what the trace says of them is what their machines
 * do. Nothing is taken for granted but the state in which an actor is first met.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import {
  changesThatDiffer,
  contextsThatDiffer,
  type Difference,
  isSame,
  timersThatDiffer,
} from './divergence.js';
import type { TraceActor, TraceEvent, TraceStop } from './format.js';
import { PureMachine, type Step } from './pure.js';
import { stateName } from './state-name.js';
import type { Numbered } from './writers.js';

/** One life of one actor. */
export interface Life {
  readonly number: number;
  readonly path: string;
  readonly machine: PureMachine;
  state: AnyMachineSnapshot;
  /** Met when a segment began, and not seen to do anything since: it may have ended already. */
  isAsMet: boolean;
}

/** Told of all that agrees with the trace. */
export interface ReplayObserver {
  introduced?(life: Life, line: TraceActor): void;
  stepped?(life: Life, line: TraceEvent, before: AnyMachineSnapshot, step: Step): void;
  stopped?(life: Life, line: TraceStop): void;
}

/** What differs: the states in words, and what else. */
export interface Finding {
  readonly expected: string;
  readonly got: string;
  readonly differences: readonly Difference[];
}

export class Cast {
  readonly #machines: Readonly<Record<string, AnyStateMachine>>;
  /** Those of them that were needed so far. */
  readonly #driven = new Map<string, PureMachine>();
  readonly #observers: readonly ReplayObserver[];
  #lives = new Map<number, Life>();
  /** As the segment before left them, while this one introduces everyone. */
  #earlier = new Map<number, Life>();
  #failed = 0;

  constructor(machines: Readonly<Record<string, AnyStateMachine>>, observers: readonly ReplayObserver[]) {
    this.#machines = machines;
    this.#observers = observers;
  }

  /** Lives that ended although their machines had not: they threw, and no trace has what they were sent then. */
  get failed(): number {
    return this.#failed;
  }

  /** A header: everyone is introduced anew. */
  begin(): void {
    this.#earlier = this.#lives;
    this.#lives = new Map();
  }

  /** Lines are missing, or another process wrote them: who is introduced now need not be as they were. */
  forget(): void {
    this.#earlier.clear();
  }

  /** @param isLater everyone who lived when the segment began was introduced. */
  take(line: Numbered, isLater: boolean): Finding | undefined {
    const machine = this.#machine(line.machine);
    if (machine === undefined) return undefined;
    if (line.kind === 'actor') return this.#introduce(line, machine, isLater);
    const life = this.#lives.get(line.life);
    return line.kind === 'event' ? this.#step(line, life) : this.#stop(line, life);
  }

  #machine(name: string): PureMachine | undefined {
    const driven = this.#driven.get(name);
    const machine = Object.hasOwn(this.#machines, name) ? this.#machines[name] : undefined;
    if (driven !== undefined || machine === undefined) return driven;
    const added = new PureMachine(machine);
    this.#driven.set(name, added);
    return added;
  }

  #introduce(line: TraceActor, machine: PureMachine, isLater: boolean): Finding | undefined {
    const { life: number, path, value, context, delays } = line;
    const known = this.#lives.get(number) ?? this.#earlier.get(number);
    const state = known?.path === path ? known.state : resolved(machine, line);
    if (typeof state === 'string') return { expected: stateName(value), got: state, differences: [] };
    const life = { number, path, machine, state, isAsMet: true };
    this.#lives.set(number, life);
    // Whoever lived already has set its timers earlier.
    const isBorn = isLater || delays !== undefined;
    const timers = isBorn ? attempted(() => machine.timersOf(state)) : {};
    if (typeof timers === 'string') return { expected: stateName(value), got: timers, differences: [] };
    const differences = [
      ...contextsThatDiffer(context, state.context),
      ...timersThatDiffer(delays ?? {}, timers),
    ];
    if (!isSame(value, state.value) || differences.length > 0) {
      return { expected: stateName(value), got: stateName(state.value), differences };
    }
    for (const observer of this.#observers) observer.introduced?.(life, line);
    return undefined;
  }

  #step(line: TraceEvent, life: Life | undefined): Finding | undefined {
    const expected = `${stateName(line.from)} → ${stateName(line.to)}`;
    if (life === undefined) return { expected, got: 'no such actor is alive', differences: [] };
    const before = life.state;
    if (before.status !== 'active') return { expected, got: 'it had ended', differences: [] };
    const step = stepped(life.machine, before, line.event);
    if (typeof step === 'string') {
      return { expected, got: `${stateName(before.value)} → ${step}`, differences: [] };
    }
    const { state, delays } = step;
    const differences = [
      ...changesThatDiffer(before.context, state.context, line.changed),
      ...timersThatDiffer(line.delays ?? {}, delays),
    ];
    const isDropped = state === before;
    if (isDropped !== (line.dropped === true)) {
      differences.push({ what: 'dropped', expected: line.dropped === true, got: isDropped });
    }
    life.state = state;
    life.isAsMet = false;
    const isExpected = isSame(line.from, before.value) && isSame(line.to, state.value);
    if (!isExpected || differences.length > 0) {
      return { expected, got: `${stateName(before.value)} → ${stateName(state.value)}`, differences };
    }
    for (const observer of this.#observers) observer.stepped?.(life, line, before, step);
    return undefined;
  }

  #stop(line: TraceStop, life: Life | undefined): Finding | undefined {
    const expected = 'stopped';
    if (life === undefined) return { expected, got: 'no such actor is alive', differences: [] };
    if (life.state.status === 'active' && !life.isAsMet) this.#failed += 1;
    this.#lives.delete(life.number);
    for (const observer of this.#observers) observer.stopped?.(life, line);
    return undefined;
  }
}

/** Or why not. */
function resolved(machine: PureMachine, { value, context }: TraceActor): AnyMachineSnapshot | string {
  try {
    return machine.resolve(value, context);
  } catch {
    return `the machine has no state ${stateName(value)}`;
  }
}

/** Or what was thrown. */
export function stepped(machine: PureMachine, state: AnyMachineSnapshot, event: EventObject): Step | string {
  return attempted(() => machine.step(state, revived(event)));
}

function attempted<T>(attempt: () => T): T | string {
  try {
    return attempt();
  } catch (error) {
    return `throws ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Errors were written by their message. */
export function revived<T extends EventObject>(event: T): T {
  const { error } = event as { error?: { $error?: unknown } | null };
  return typeof error?.$error === 'string' ? { ...event, error: new Error(error.$error) } : event;
}
