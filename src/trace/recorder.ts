/**
 * The recorder: tells what happens to machines as lines of a trace. It keeps nothing but who is alive; who wants the
 * lines listens.
 */
import type { AnyMachineSnapshot, EventObject, InspectionEvent } from 'xstate';
import type { Clock } from '../world.js';
import { machineHashes, type ScheduledDelays, TRACE_FORMAT, type TraceLine, written } from './format.js';
import { type Life, Lives } from './lives.js';

export interface RecorderOptions {
  readonly clock: Pick<Clock, 'now' | 'wall'>;
  readonly version: string;
  /** A name that no other process has. */
  readonly process: string;
  /** Takes every secret out of a line. */
  readonly scrub: (line: string) => string;
}

/** Takes one line, without its end. It must not throw: it is called from within an actor's step. */
export type TraceListener = (line: string) => void;

export class TraceRecorder {
  readonly lives = new Lives();
  readonly #options: RecorderOptions;
  readonly #listeners = new Set<TraceListener>();
  /** Scheduled in the step that is being taken. */
  readonly #delays = new WeakMap<object, Record<string, number>>();
  #seq = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.lives.watch({
      born: (life) => this.#tell({ ...actorLine(life, this.#stamp()), ...this.#taken(life) }),
      took: (life, event, before) => this.#took(life, event, before),
      ended: (life) => this.#tell({ kind: 'stopped', ...this.#stamp(), ...whoseOf(life) }),
    });
  }

  /** The number of the last line. */
  get seq(): number {
    return this.#seq;
  }

  /** What bears no number of its own is stamped with: that of the last line, and the time. */
  get present() {
    return { seq: this.#seq, ...this.#time() };
  }

  /** What a trace that begins now begins with: the header, and everyone alive. */
  introduction(): string[] {
    const { version, process } = this.#options;
    const header: TraceLine = {
      kind: 'header',
      format: TRACE_FORMAT,
      version,
      process,
      ...this.#time(),
      machines: machineHashes(),
    };
    const { present } = this;
    return [header, ...[...this.lives.living].map((life) => actorLine(life, present))].map((line) =>
      this.#encode(line),
    );
  }

  /** Returns what ends it. */
  listen(listener: TraceListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For `createActor(…, { inspect })`. */
  readonly inspect = (inspected: InspectionEvent): void => {
    if (inspected.type === '@xstate.action') this.#scheduled(inspected.actorRef, inspected.action);
    this.lives.inspect(inspected);
  };

  #scheduled(actor: object, { type, params }: { type: string; params?: unknown }): void {
    if (type !== 'xstate.raise' || typeof params !== 'object' || params === null) return;
    const { event, delay } = params as { event?: EventObject; delay?: unknown };
    if (event === undefined || typeof delay !== 'number') return;
    this.#delays.set(actor, { ...this.#delays.get(actor), [event.type]: delay });
  }

  #taken({ actor }: Life): { delays?: ScheduledDelays } {
    const delays = this.#delays.get(actor);
    this.#delays.delete(actor);
    return delays === undefined ? {} : { delays };
  }

  #took(life: Life, event: EventObject, before: AnyMachineSnapshot): void {
    const after = life.snapshot;
    this.#tell({
      kind: 'event',
      ...this.#stamp(),
      ...whoseOf(life),
      event,
      from: before.value,
      to: after.value,
      changed: changesOf(before.context, after.context),
      ...this.#taken(life),
      // XState returns the very snapshot it was given when nothing takes the event.
      ...(before === after && { dropped: true }),
    });
  }

  #stamp() {
    this.#seq += 1;
    return { seq: this.#seq, ...this.#time() };
  }

  #time() {
    const { clock } = this.#options;
    return { at: Math.round(clock.now() * 1_000) / 1_000, wall: Math.round(clock.wall()) };
  }

  #tell(line: TraceLine): void {
    if (this.#listeners.size === 0) return;
    const text = this.#encode(line);
    for (const listener of this.#listeners) listener(text);
  }

  #encode(line: TraceLine): string {
    return this.#options.scrub(written(line));
  }
}

function actorLine(life: Life, stamp: { seq: number; at: number; wall: number }) {
  const { value, context } = life.snapshot;
  return { kind: 'actor', ...stamp, ...whoseOf(life), value, context } as const;
}

function whoseOf({ number: life, path, machine }: Life) {
  return { life, path, machine };
}

function changesOf(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  if (before === after) return changed;
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (before[key] !== after[key] && written(before[key]) !== written(after[key]))
      changed[key] = after[key] ?? null;
  }
  return changed;
}
