/**
 * What if: the same events, machines with other settings. Tells the first step that would have gone differently;
 * what the trace has after it is no longer what would have happened, so nothing is said about that.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { formatDuration } from '../durations.js';
import { type Life, type ReplayObserver, stepped } from './cast.js';
import { contextsThatDiffer, type Difference, isSame, timersThatDiffer } from './divergence.js';
import type { TraceActor, TraceEvent } from './format.js';
import type { PureMachine, Step } from './pure.js';
import type { Setting } from './settings.js';
import { stateName } from './state-name.js';
import { Timers } from './timers.js';

/** One actor twice: as it was recorded, and with the settings. */
interface Pair {
  /** The recorded one as it was last seen; who goes on in the next segment has this very state. */
  recorded: AnyMachineSnapshot;
  altered: AnyMachineSnapshot;
  /** Known from a birth on; of an actor that was met alive only those it set since. */
  readonly recordedTimers: Timers;
  readonly alteredTimers: Timers;
}

type Context = Readonly<Record<string, unknown>>;

export interface Departure {
  readonly path: string;
  readonly machine: string;
  /** What happens in this step; a timer that would have run out first, or not yet. */
  readonly event: string;
  /** Of the line at which it shows. */
  readonly seq: number;
  readonly wall: number;
  readonly recorded: string;
  readonly now: string;
  /** Beside the states: `expected` was recorded, `got` is now. */
  readonly differences: readonly Difference[];
}

export class WhatIf implements ReplayObserver {
  readonly #settings: readonly Setting[];
  readonly #pairs = new Map<number, Pair>();
  readonly #lives = new Set<string>();
  readonly #was = new Map<string, Set<string>>();
  #events = 0;
  #departure: Departure | undefined;

  constructor(settings: readonly Setting[]) {
    this.#settings = settings;
  }

  get departure(): Departure | undefined {
    return this.#departure;
  }

  /** Events of actors with a setting, up to the departure. */
  get events(): number {
    return this.#events;
  }

  /** Paths of the actors with a setting. */
  get actors(): number {
    return this.#lives.size;
  }

  /** What a setting was in the trace: several values when actors differ. */
  was({ text }: Setting): readonly string[] {
    return [...(this.#was.get(text) ?? [])];
  }

  introduced(life: Life, { machine, at, delays }: TraceActor): void {
    // It goes on in the next segment.
    if (this.#pairs.get(life.number)?.recorded === life.state) return;
    // Another process numbers its lives anew.
    this.#pairs.delete(life.number);
    const settings = this.#settings.filter((it) => it.machine === machine);
    if (settings.length === 0) return;
    this.#lives.add(life.path);
    for (const setting of settings) {
      const was = setting.was(life.state.context);
      this.#was.set(setting.text, (this.#was.get(setting.text) ?? new Set()).add(was));
    }
    const context = settings.reduce((so: Context, setting) => setting.applied(so), life.state.context);
    const altered = life.machine.resolve(life.state.value, context);
    const pair = {
      recorded: life.state,
      altered,
      recordedTimers: new Timers(),
      alteredTimers: new Timers(),
    };
    // Who was just born has set its timers now; when the others did, nobody knows.
    if (delays !== undefined) {
      pair.recordedTimers.set(delays, at);
      pair.alteredTimers.set(life.machine.timersOf(altered), at);
    }
    this.#pairs.set(life.number, pair);
  }

  stepped(life: Life, line: TraceEvent, before: AnyMachineSnapshot, step: Step): void {
    const pair = this.#pairs.get(life.number);
    if (pair === undefined || this.#departure !== undefined) return;
    this.#events += 1;
    const { machine } = life;
    const finding =
      tooEarly(machine, pair, line) ?? tooLate(pair, line) ?? this.#otherwise(life, pair, line, before, step);
    if (finding === undefined) return;
    const { path, seq, wall } = line;
    this.#departure = { path, machine: line.machine, event: line.event.type, seq, wall, ...finding };
  }

  stopped({ number }: Life): void {
    this.#pairs.delete(number);
  }

  /** Takes the step, and compares. */
  #otherwise(
    { machine }: Life,
    pair: Pair,
    { event, at }: TraceEvent,
    before: AnyMachineSnapshot,
    step: Step,
  ): Finding | undefined {
    const from = pair.altered;
    const now = stepped(machine, from, event);
    if (typeof now === 'string') {
      return {
        recorded: stepName(before, step.state),
        now: `${stateName(from.value)} → ${now}`,
        differences: [],
      };
    }
    pair.recorded = step.state;
    pair.altered = now.state;
    pair.recordedTimers.follow(step, event.type, at);
    pair.alteredTimers.follow(now, event.type, at);
    const differences = [
      ...contextsThatDiffer(this.#without(step.state.context), this.#without(now.state.context)),
      ...timersThatDiffer(step.delays, now.delays),
    ];
    if (isSame(step.state.value, now.state.value) && differences.length === 0) return undefined;
    return { recorded: stepName(before, step.state), now: stepName(from, now.state), differences };
  }

  /** What was set differs, and is no difference. */
  #without(context: Context): Context {
    const keys = new Set(this.#settings.map(({ key }) => key));
    return Object.fromEntries(Object.entries(context).filter(([key]) => !keys.has(key)));
  }
}

type Finding = Pick<Departure, 'recorded' | 'now' | 'differences'> & Partial<Pick<Departure, 'event'>>;

/** A timer would have run out before this event came. */
function tooEarly(machine: PureMachine, pair: Pair, { event, at }: TraceEvent): Finding | undefined {
  const timer = pair.alteredTimers.firstBefore(at);
  if (timer === undefined || timer === event.type) return undefined;
  // A busy process runs late: what was due in the recorded run as well, and had not come either, proves nothing.
  if ((pair.recordedTimers.dueAt(timer) ?? at) < at) return undefined;
  const from = pair.altered;
  const now = stepped(machine, from, { type: timer });
  const to = typeof now === 'string' ? now : stateName(now.state.value);
  return {
    event: timer,
    recorded: `${stateName(pair.recorded.value)} until ${event.type}`,
    now: `${stateName(from.value)} → ${to}, before that`,
    differences: [],
  };
}

/** This event is a timer's, and it would not have run out yet. */
function tooLate(pair: Pair, { event, at, to }: TraceEvent): Finding | undefined {
  const [wasDue, isDue] = [pair.recordedTimers.dueAt(event.type), pair.alteredTimers.dueAt(event.type)];
  if (wasDue === undefined || isDue === undefined || isDue <= wasDue || isDue <= at) return undefined;
  const from = stateName(pair.altered.value);
  return {
    recorded: `${from} → ${stateName(to)}`,
    now: `${from} for another ${formatDuration(isDue - at)}`,
    differences: [],
  };
}

function stepName(from: AnyMachineSnapshot, to: AnyMachineSnapshot): string {
  return `${stateName(from.value)} → ${stateName(to.value)}`;
}
