/**
 * How an actor came into a state: the recorded beginnings and events that led there, and of them the shortest
 * sequence that still does, from the simplest beginning.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { closest, listed } from '../config/did-you-mean.js';
import { EarshotError } from '../errors.js';
import { type Beginning, beginningOf } from './beginning.js';
import { type Life, type ReplayObserver, revived, stepped } from './cast.js';
import type { TraceActor, TraceEvent } from './format.js';
import type { PureMachine } from './pure.js';
import { Paths } from './selection.js';
import { shrunk } from './shrinking.js';
import { stateName } from './state-name.js';

/** What `--reach` asks for: `sinks/discord/breaker=open`, or `…=halfOpen->probing`. */
export interface Goal {
  readonly path: string;
  readonly to: string;
  /** The state that it comes from; any, when absent. */
  readonly from: string | undefined;
}

interface Way {
  readonly beginning: Beginning;
  readonly events: readonly EventObject[];
}

/** Where an actor was met, and what it took from there until it was in the state. */
interface Run extends Way {
  readonly name: string;
  readonly machine: PureMachine;
  readonly state: AnyMachineSnapshot;
  readonly events: EventObject[];
}

/** The shortest sequence found. */
export interface Reached extends Way {
  readonly machine: string;
  /** Recorded events that it was shrunk from. */
  readonly recorded: number;
  readonly isMinimal: boolean;
  /** The states it goes through, the first one and one after each event. */
  readonly states: readonly unknown[];
}

/** A run of more events is left alone: what is shrunk is held in memory. */
const EVENTS_MAX = 100_000;
/** Of all runs that reach the state those that begin most simply, and then the shortest. */
const RUNS_MAX = 4;

/** Throws an EarshotError, code `usage`, when it has no such form. */
export function goalOf(text: string): Goal {
  const [, path = '', from, to = ''] = /^(.+)=(?:([^=>→]+?)(?:->|→))?([^=>→]+)$/s.exec(text) ?? [];
  if (path !== '') return { path, from, to };
  throw new EarshotError(
    'usage',
    `--reach ${text} names no actor with a state`,
    "write PATH=STATE, such as sinks/discord/breaker=open, or 'PATH=STATE->STATE'",
  );
}

export class Reach implements ReplayObserver {
  readonly #goal: Goal;
  readonly #paths = new Paths();
  readonly #seen = new Set<string>();
  readonly #found: Run[] = [];
  /** Of the life that goes on: from its first beginning, and from the last segment's. */
  #active: Run[] = [];
  #state: AnyMachineSnapshot | undefined;

  constructor(goal: Goal) {
    this.#goal = goal;
  }

  introduced({ path, machine, state }: Life, { machine: name }: TraceActor): void {
    this.#paths.note(path);
    if (path !== this.#goal.path) return;
    this.#check(name, machine.machine);
    this.#seen.add(stateName(state.value));
    const run = { name, machine, state, beginning: beginningOf(machine.machine, state), events: [] };
    this.#active = state === this.#state ? [...this.#active.slice(0, 1), run] : [run];
    this.#state = state;
  }

  stepped({ path, state }: Life, { event }: TraceEvent, before: AnyMachineSnapshot): void {
    if (path !== this.#goal.path) return;
    this.#state = state;
    this.#seen.add(stateName(state.value));
    // Nothing came of it then, so nothing comes of leaving it out.
    if (state === before) return;
    const isReached = this.#isReached(before, state);
    for (const run of this.#active) run.events.push(revived(event));
    if (isReached) this.#found.push(...this.#active);
    this.#active = isReached ? [] : this.#active.filter(({ events }) => events.length < EVENTS_MAX);
    if (isReached) this.#found.sort(bySimplicity).splice(RUNS_MAX);
  }

  /** Throws an EarshotError when nobody came into the state. */
  shortest(): Reached {
    const [best] = this.#found.map((run) => this.#shrunk(run)).sort(bySimplicity);
    if (best === undefined) throw this.#unreached();
    return best;
  }

  #shrunk({ name, machine, state, beginning, events }: Run): Reached {
    const { items, isMinimal } = shrunk(events, (some) => this.#needed(machine, state, some));
    const states: unknown[] = [state.value];
    let at = state;
    for (const event of items) {
      const step = stepped(machine, at, event);
      if (typeof step === 'string') break;
      at = step.state;
      states.push(at.value);
    }
    return { machine: name, beginning, events: items, recorded: events.length, isMinimal, states };
  }

  /** How many of these events lead into the state; undefined when all of them do not. */
  #needed(
    machine: PureMachine,
    from: AnyMachineSnapshot,
    events: readonly EventObject[],
  ): number | undefined {
    let at = from;
    for (const [index, event] of events.entries()) {
      const step = stepped(machine, at, event);
      if (typeof step === 'string') return undefined;
      if (this.#isReached(at, step.state)) return index + 1;
      at = step.state;
    }
    return undefined;
  }

  #isReached(before: AnyMachineSnapshot, after: AnyMachineSnapshot): boolean {
    const { from, to } = this.#goal;
    const [was, is] = [stateName(before.value), stateName(after.value)];
    return isWithin(is, to) && !isWithin(was, to) && (from === undefined || isWithin(was, from));
  }

  #check(name: string, machine: AnyStateMachine): void {
    const { from, to } = this.#goal;
    const known = statesOf(machine.root);
    for (const state of from === undefined ? [to] : [from, to]) {
      if (known.includes(state)) continue;
      const meant = closest(state, known);
      const text = `a ${name} has no state ${state}${meant === undefined ? '' : `, did you mean ${meant}?`}`;
      throw new EarshotError(
        'usage',
        text,
        meant === undefined ? `its states are ${known.join(', ')}` : undefined,
      );
    }
  }

  #unreached(): EarshotError {
    const { path, from, to } = this.#goal;
    if (this.#seen.size === 0) return this.#paths.without(path);
    const way = from === undefined ? '' : ` from ${from}`;
    return new EarshotError(
      'notReached',
      `in this trace no event led ${path}${way} to ${to}`,
      `it was in ${listed([...this.#seen], ' and ')}`,
    );
  }
}

function bySimplicity(one: Way, other: Way): number {
  return one.beginning.distance - other.beginning.distance || one.events.length - other.events.length;
}

function isWithin(state: string, wanted: string): boolean {
  return state === wanted || state.startsWith(`${wanted}.`);
}

/** Of all states, composite ones too, the dotted paths. */
function statesOf(node: AnyStateMachine['root']): string[] {
  return Object.values(node.states).flatMap((child) => [child.path.join('.'), ...statesOf(child)]);
}
