/**
 * One viewer: what it has been told of whom. As long as it keeps up it is told everything that happens; one that does
 * not, or has just come, is told how things stand instead, in small parts, until it knows the state of everyone.
 */
import type { Life, Lives } from '../trace/lives.js';
import type { StatelyWire } from './wire.js';

/** The way to a viewer. */
export interface Outlet {
  /** Bytes that it has not taken yet. */
  readonly waitingBytes: number;
  send(frames: readonly string[]): void;
  /** Ends it at once. */
  cut(): void;
}

/** What is to be told of a life, ready to be sent. */
export interface Telling {
  readonly kind: 'born' | 'sent' | 'took';
  readonly life: Life;
  /** How many events it had taken by then. */
  readonly events: number;
  readonly hasEnded: boolean;
  readonly frame: string;
}

/** More than this waits for nobody. */
const WAITING_MAX_BYTES = 1024 * 1024;
/** Below this, one that lags is told more. */
const WAITING_LOW_BYTES = 64 * 1024;

export class Viewer {
  readonly #outlet: Outlet;
  readonly #lives: Lives;
  readonly #wire: StatelyWire;
  /** Whom it knows, and how many of its events it was told or was told to have missed. */
  readonly #known = new Map<Life, number>();
  #isBehind = true;

  constructor(outlet: Outlet, lives: Lives, wire: StatelyWire) {
    this.#outlet = outlet;
    this.#lives = lives;
    this.#wire = wire;
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  get isFull(): boolean {
    return this.#outlet.waitingBytes > WAITING_MAX_BYTES;
  }

  /** It will be told no more of what happens until it has been told how things stand. */
  fallBehind(): void {
    this.#isBehind = true;
  }

  /** Everything that happened since it was told last, in order. */
  tell(all: readonly Telling[]): void {
    const frames: string[] = [];
    for (const { kind, life, events, hasEnded, frame } of all) {
      // An event to one who had ended already, or was not born yet, means nothing to a viewer.
      if (kind !== 'born' && !this.#known.has(life)) continue;
      frames.push(frame);
      if (hasEnded) this.#known.delete(life);
      else if (kind !== 'sent') this.#known.set(life, events);
    }
    this.#outlet.send(frames);
  }

  /** How things stand, as far as `framesMax` reach and unless it has not even taken what it was told before. */
  catchUp(framesMax: number, wall: number): void {
    if (this.#outlet.waitingBytes > WAITING_LOW_BYTES) return;
    const frames: string[] = [];
    for (const life of this.#stale()) {
      if (frames.length === framesMax) break;
      frames.push(this.#standing(life, wall));
      if (this.#lives.living.has(life)) this.#known.set(life, life.events);
      else this.#known.delete(life);
    }
    this.#isBehind = frames.length === framesMax;
    this.#outlet.send(frames);
  }

  cut(): void {
    this.#outlet.cut();
  }

  /** Whom it knows and who is gone, then whose state it does not know. */
  *#stale(): Generator<Life> {
    const { living } = this.#lives;
    for (const life of this.#known.keys()) if (!living.has(life)) yield life;
    for (const life of this.#lives.parentsFirst(living))
      if (this.#known.get(life) !== life.events) yield life;
  }

  #standing(life: Life, wall: number): string {
    const events = this.#known.get(life);
    if (events === undefined) return this.#wire.registration(life, life.snapshot, wall);
    // No such event came: it says in the viewer's own log how many did that it was not told of.
    const missed = { type: 'events.missed', missed: life.events - events };
    return this.#wire.snapshot(life, life.snapshot, missed, wall);
  }
}
