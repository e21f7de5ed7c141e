/**
 * Queues as the data plane sees them. The items live here, in rings; the queue machine (machines/queue.ts)
 * holds the numbers and hears the edges, one event a turn at most.
 */

import type { ActorRefFrom, AnyActorLogic } from 'xstate';
import { queueMachine } from '../../machines/queue.js';
import type { Clock } from '../world.js';
import { Ring } from './ring.js';
import { bound, wired } from './wired.js';

export interface QueueStatus {
  readonly size: number;
  readonly limit: number;
  readonly bytes: number;
  readonly highWater: number;
  readonly dropped: number;
  /** Age of the oldest item in milliseconds; 0 when empty. */
  readonly oldestMs: number;
}

/** A channel's inbound queue: bounded by count and bytes; when full, the oldest item goes. */
export interface InboundQueue<T> {
  readonly size: number;
  /** Appends, and returns what had to go to make room (oldest first). */
  put(item: T, bytes: number): readonly T[];
  /** Removes and returns the `max` oldest items at most. */
  take(max: number): T[];
  /** All items, oldest first, without removing them. */
  peek(): readonly T[];
  status(): QueueStatus;
}

/**
 * A sink's queue: a window over its outbox rows, in the order of `seq`. It never drops. What does not fit is
 * only counted on: the queue is then `spilling`, puts append nothing, and the window is refilled from the
 * store until a short read shows that nothing is left there.
 */
export interface WindowQueue<T> {
  readonly size: number;
  readonly isSpilling: boolean;
  /** Offers rows in order; returns how many entered the window. Fewer than offered means that it spills. */
  put(items: readonly { readonly item: T; readonly bytes: number }[]): number;
  /** How many rows a refill should read now; 0 when none is needed (not spilling, or not yet half empty). */
  readonly room: number;
  /**
   * What a refill read, in order; `short` when the store had fewer than asked: the spilling is over. Returns how
   * many entered: the rest is to be read again.
   */
  refill(items: readonly { readonly item: T; readonly bytes: number }[], short: boolean): number;
  /** The `max` oldest without removing them. */
  peek(max: number): readonly T[];
  /** Removes the `count` oldest: they were dealt with. */
  drop(count: number): void;
  /** Removes what `keeps` says no to (expired outside). Returns how many went. */
  sift(keeps: (item: T) => boolean): number;
  status(): QueueStatus;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly limit: number;
  readonly maxBytes: number;
}

/** What both kinds share: the ring, and the machine that is told of edges. */
class RingQueue<T> {
  /** The queue's actor, for the branch that keeps it alive. */
  readonly logic: AnyActorLogic;
  protected readonly ring: Ring<T>;
  protected readonly clock: Clock;
  #actor: ActorRefFrom<typeof queueMachine> | undefined;
  #isReporting = false;
  #hasSpilled = false;

  constructor({ clock, limit, maxBytes }: QueueOptions, overflow: 'dropOldest' | 'spill') {
    this.clock = clock;
    this.ring = new Ring(limit, maxBytes);
    this.logic = bound(
      wired(queueMachine, (self) => {
        this.#actor = self;
        // A restarted machine takes up where the items are.
        if (this.#hasSpilled) self.send({ type: 'queue.overflowed' });
        if (this.ring.size > 0) self.send(this.#counted('queue.counted'));
      }),
      () => ({ limit, overflow }),
    );
  }

  get size(): number {
    return this.ring.size;
  }

  status(): QueueStatus {
    const { size, limit, bytes, highWater, dropped, oldestAt } = this.ring;
    const oldestMs = oldestAt === undefined ? 0 : Math.max(0, this.clock.now() - oldestAt);
    return { size, limit, bytes, highWater, dropped, oldestMs };
  }

  /** No more puts; the machine closes when it is empty. */
  drain(): void {
    this.#actor?.send({ type: 'queue.drained' });
  }

  protected get state(): string {
    return this.#actor?.getSnapshot().value ?? (this.#hasSpilled ? 'spilling' : 'empty');
  }

  protected overflowed(): void {
    this.#hasSpilled = true;
    this.#actor?.send({ type: 'queue.overflowed' });
  }

  protected refilled(): void {
    this.#hasSpilled = false;
    this.#actor?.send(this.#counted('queue.refilled'));
  }

  /** Tells the machine at the end of this turn, if by then the queue is in another condition than it knows of. */
  protected changed(): void {
    if (this.#isReporting || this.#condition() === this.state) return;
    this.#isReporting = true;
    this.clock.soon(() => {
      this.#isReporting = false;
      if (this.#condition() !== this.state) this.#actor?.send(this.#counted('queue.counted'));
    });
  }

  /** The state the numbers speak for; where the numbers alone do not decide, the state it is in. */
  #condition(): string {
    const { state } = this;
    if (state === 'draining') return this.ring.size === 0 ? 'closed' : state;
    if (state === 'spilling' || state === 'closed') return state;
    return this.ring.size === 0 ? 'empty' : this.ring.size >= this.ring.limit ? 'full' : 'flowing';
  }

  #counted<Type extends 'queue.counted' | 'queue.refilled'>(type: Type) {
    const { size, put, taken, dropped, highWater } = this.ring;
    return { type, size, put, taken, dropped, highWater };
  }
}

export class RingInboundQueue<T> extends RingQueue<T> implements InboundQueue<T> {
  constructor(options: QueueOptions) {
    super(options, 'dropOldest');
  }

  put(item: T, bytes: number): readonly T[] {
    const displaced = this.ring.fits(bytes) ? NOTHING : this.#makeRoom(bytes);
    this.ring.push(item, bytes, this.clock.now());
    this.ring.put += 1;
    this.changed();
    return displaced;
  }

  take(max: number): T[] {
    const items: T[] = [];
    for (let item = this.ring.shift(); item !== undefined; item = this.ring.shift()) {
      items.push(item);
      if (items.length >= max) break;
    }
    this.ring.taken += items.length;
    this.changed();
    return items;
  }

  peek(): readonly T[] {
    return this.ring.peek(this.ring.size);
  }

  #makeRoom(bytes: number): readonly T[] {
    const displaced: T[] = [];
    while (!this.ring.fits(bytes)) {
      const oldest = this.ring.shift();
      if (oldest === undefined) break;
      displaced.push(oldest);
    }
    this.ring.dropped += displaced.length;
    return displaced;
  }
}

export class RingWindowQueue<T> extends RingQueue<T> implements WindowQueue<T> {
  constructor(options: QueueOptions) {
    super(options, 'spill');
  }

  get isSpilling(): boolean {
    return this.state === 'spilling';
  }

  get room(): number {
    const { size, limit } = this.ring;
    return this.isSpilling && size <= limit / 2 ? limit - size : 0;
  }

  put(items: readonly { readonly item: T; readonly bytes: number }[]): number {
    if (this.isSpilling) return 0;
    const entered = this.#append(items);
    if (entered < items.length) this.overflowed();
    this.changed();
    return entered;
  }

  refill(items: readonly { readonly item: T; readonly bytes: number }[], short: boolean): number {
    const entered = this.#append(items);
    // What did not fit for its bytes is still outside, whatever the read said.
    if (short && entered === items.length) this.refilled();
    this.changed();
    return entered;
  }

  peek(max: number): readonly T[] {
    return this.ring.peek(max);
  }

  drop(count: number): void {
    for (let at = 0; at < count && this.ring.shift() !== undefined; at += 1) this.ring.taken += 1;
    this.changed();
  }

  sift(keeps: (item: T) => boolean): number {
    const gone = this.ring.sift(keeps);
    this.ring.taken += gone;
    this.changed();
    return gone;
  }

  /** Starts a spell of spilling: there are rows outside that were there before (a start with a backlog). */
  spill(): void {
    this.overflowed();
  }

  #append(items: readonly { readonly item: T; readonly bytes: number }[]): number {
    const at = this.clock.now();
    let entered = 0;
    for (const { item, bytes } of items) {
      if (!this.ring.fits(bytes)) break;
      this.ring.push(item, bytes, at);
      entered += 1;
    }
    this.ring.put += entered;
    return entered;
  }
}

const NOTHING: readonly never[] = [];
