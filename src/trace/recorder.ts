/** The recorder: sees every actor of the tree by XState's inspection, and writes what happens to machines as lines. */
import type { AnyActor, AnyMachineSnapshot, InspectionEvent } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import { pathOf } from '../actors/wired.js';
import type { Clock } from '../world.js';
import { encode, machineHashes, TRACE_FORMAT, type TraceLine, written } from './format.js';

export interface RecorderOptions {
  readonly clock: Pick<Clock, 'now' | 'wall'>;
  readonly version: string;
  /** Takes one line, without its end. */
  readonly write: (line: string) => void;
}

interface Life {
  readonly number: number;
  readonly path: string;
  readonly machine: string;
  snapshot: AnyMachineSnapshot;
}

export class TraceRecorder {
  readonly #options: RecorderOptions;
  readonly #lives = new Map<AnyActor, Life>();
  #seq = 0;
  #lastLife = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.begin();
  }

  /** Begins a segment that replays alone: the header, and everyone alive. */
  begin(): void {
    const { clock, version } = this.#options;
    const wall = Math.round(clock.wall());
    this.#write({ kind: 'header', format: TRACE_FORMAT, version, wall, machines: machineHashes() });
    for (const life of this.#lives.values()) this.#introduce(life);
  }

  /** For `createActor(…, { inspect })`. */
  readonly inspect = (inspected: InspectionEvent): void => {
    if (inspected.type !== '@xstate.snapshot') return;
    const actor = inspected.actorRef as AnyActor;
    const { logic } = actor;
    if (!('id' in logic) || !Object.hasOwn(catalogue, String(logic.id))) return;
    const snapshot = inspected.snapshot as AnyMachineSnapshot;
    const known = this.#lives.get(actor);
    if (known === undefined) this.#born(actor, String(logic.id), snapshot);
    else this.#took(known, inspected.event, snapshot);
    if (snapshot.status !== 'active') this.#ended(actor);
  };

  #born(actor: AnyActor, machine: string, snapshot: AnyMachineSnapshot): void {
    this.#lastLife += 1;
    const life = { number: this.#lastLife, path: nameOf(actor), machine, snapshot };
    this.#lives.set(actor, life);
    this.#introduce(life);
  }

  #introduce({ number: life, path, machine, snapshot }: Life): void {
    const { value, context } = snapshot;
    this.#write({ kind: 'actor', ...this.#stamp(), life, path, machine, value, context });
  }

  #took(life: Life, event: { type: string }, after: AnyMachineSnapshot): void {
    const changed = changesOf(life.snapshot.context, after.context);
    life.snapshot = after;
    this.#write({ kind: 'event', ...this.#stamp(), life: life.number, event, value: after.value, changed });
  }

  #ended(actor: AnyActor): void {
    const life = this.#lives.get(actor);
    if (life === undefined) return;
    this.#lives.delete(actor);
    this.#write({ kind: 'stopped', ...this.#stamp(), life: life.number });
  }

  #stamp() {
    this.#seq += 1;
    return { seq: this.#seq, at: Math.round(this.#options.clock.now() * 1_000) / 1_000 };
  }

  #write(line: TraceLine): void {
    this.#options.write(encode(line));
  }
}

/** Deadlines are not in the tree: each stands beside it under its name. */
function nameOf(actor: AnyActor): string {
  return actor.logic.id === 'deadline' ? `deadline/${actor.id}` : pathOf(actor);
}

function changesOf(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (before[key] !== after[key] && written(before[key]) !== written(after[key]))
      changed[key] = after[key] ?? null;
  }
  return changed;
}
