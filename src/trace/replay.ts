/**
 * Replay: drives the pure machines with the events of a trace and compares every state, context and timer. It needs
 * no clock and touches nothing; what differs is a machine that changed, one that was not pure, or a trace that was
 * altered.
 */
import type { AnyStateMachine } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import { Cast, type Finding, type ReplayObserver } from './cast.js';
import { type Divergence, inWords } from './divergence.js';
import { machineHashes, type TraceHeader } from './format.js';
import { linesOf } from './lines.js';
import { TraceReader } from './reader.js';
import { type Numbered, Writers } from './writers.js';

export interface ReplayOptions {
  /** Which actors take part, by their paths; all, when absent. */
  readonly isChosen?: ((path: string) => boolean) | undefined;
  /** Ends the replay before this line. `beganAt`: wall time of the first header. */
  readonly isPast?: ((line: Numbered, beganAt: number) => boolean) | undefined;
  /** By the names that a trace uses; the catalogue, when absent. */
  readonly machines?: Readonly<Record<string, AnyStateMachine>>;
  readonly observers?: readonly ReplayObserver[];
}

/** A machine whose definition is another now than when the trace was written. */
export interface MachineChange {
  readonly machine: string;
  readonly was: string;
  /** Null when there is no machine of that name any more: its events are passed over. */
  readonly now: string | null;
  /** How many of its events were met. */
  readonly events: number;
}

export interface ReplayResult {
  /** Events compared. */
  readonly events: number;
  /** Lives: an actor that was restarted counts again, one that goes on in the next segment does not. */
  readonly actors: number;
  /** The first one; the replay ends there. */
  readonly divergence: Divergence | undefined;
  /** Names of the machines that changed. */
  readonly changed: readonly string[];
  /** More about those of them that have events in the trace. */
  readonly changes: readonly MachineChange[];
  /** Lines that break off: the last one of a process that was killed, as a rule. */
  readonly unreadable: number;
  /** Lines that are missing between others, by their numbers. */
  readonly missing: number;
  /** Actors that threw: what they were sent then is in no trace. */
  readonly failed: number;
}

/** `text` is a trace: one segment or several. Throws an EarshotError when it is none. */
export function replay(text: string, options: ReplayOptions = {}): ReplayResult {
  const run = new Replay(options);
  run.segment('the trace', text.split('\n'));
  return run.result();
}

/** Reads one file after the other, piece by piece. Throws an EarshotError when one of them is no trace. */
export function replayFiles(files: Iterable<string>, options: ReplayOptions = {}): ReplayResult {
  const run = new Replay(options);
  for (const file of files) if (!run.segment(file, linesOf(file))) break;
  return run.result();
}

export class Replay {
  readonly #options: ReplayOptions;
  readonly #machines: Readonly<Record<string, AnyStateMachine>>;
  readonly #hashes: Readonly<Record<string, string>>;
  readonly #cast: Cast;
  readonly #writers = new Writers();
  readonly #changes = new Map<string, { readonly was: string; events: number }>();
  #beganAt: number | undefined;
  #events = 0;
  #actors = 0;
  #unreadable = 0;
  #divergence: Divergence | undefined;

  constructor(options: ReplayOptions = {}) {
    const { machines = catalogue, observers = [] } = options;
    this.#options = options;
    this.#machines = machines;
    this.#hashes = machineHashes(machines);
    this.#cast = new Cast(machines, observers);
  }

  /**
   * The lines of one file, as they come. False when nothing after it is worth replaying. Throws an EarshotError when
   * they are no trace.
   */
  segment(file: string, lines: Iterable<string>): boolean {
    const { isPast } = this.#options;
    const reader = new TraceReader(file);
    for (const text of lines) {
      const line = reader.read(text);
      // What was said changes no machine.
      if (line === undefined || line.kind === 'gap' || line.kind === 'message') continue;
      if (line.kind === 'header') this.#begin(line);
      else if (isPast?.(line, this.#beganAt ?? line.wall)) return false;
      else {
        const finding = this.#take(line);
        if (finding === undefined) continue;
        this.#divergence = divergenceOf(finding, line, { file, line: reader.number });
        return false;
      }
    }
    reader.end();
    this.#unreadable += reader.cut;
    return true;
  }

  result(): ReplayResult {
    const changes = [...this.#changes].map(([machine, { was, events }]) => {
      return { machine, was, now: this.#hashes[machine] ?? null, events };
    });
    return {
      events: this.#events,
      actors: this.#actors,
      divergence: this.#divergence,
      changed: changes.map(({ machine }) => machine),
      changes: changes.filter(({ events }) => events > 0),
      unreadable: this.#unreadable,
      missing: this.#writers.missing,
      failed: this.#cast.failed,
    };
  }

  #begin(header: TraceHeader): void {
    this.#beganAt ??= header.wall;
    this.#writers.begin(header);
    this.#cast.begin();
    for (const [machine, was] of Object.entries(header.machines)) {
      if (was === this.#hashes[machine] || this.#changes.has(machine)) continue;
      this.#changes.set(machine, { was, events: 0 });
    }
  }

  #take(line: Numbered): Finding | undefined {
    const { isNext, isLater, isNew, isNewLife } = this.#writers.follow(line);
    if (!isNext) this.#cast.forget();
    if (this.#options.isChosen?.(line.path) === false) return undefined;
    if (line.kind === 'event' && isNew) this.#count(line.machine);
    if (isNewLife && Object.hasOwn(this.#machines, line.machine)) this.#actors += 1;
    return this.#cast.take(line, isLater);
  }

  #count(machine: string): void {
    const change = this.#changes.get(machine);
    if (change !== undefined) change.events += 1;
    if (Object.hasOwn(this.#machines, machine)) this.#events += 1;
  }
}

function divergenceOf(
  { expected, got, differences }: Finding,
  line: Numbered,
  place: { readonly file: string; readonly line: number },
): Divergence {
  const { kind, seq, wall, path, machine } = line;
  return {
    ...place,
    seq,
    wall,
    path,
    machine,
    event: kind === 'event' ? line.event.type : kind === 'actor' ? 'started' : 'stopped',
    expected: inWords(expected, differences, 'expected'),
    got: inWords(got, differences, 'got'),
    states: { expected, got },
    differences,
  };
}
