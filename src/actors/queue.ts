/**
 * Queues as the data plane sees them. The items live here, in rings; the queue machine (machines/queue.ts)
 * holds the numbers and hears the edges, one event a turn at most.
 */

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
  /** Puts items back at the front, in their order (a commit failed). Returns what no longer fitted, oldest first. */
  restore(items: readonly T[]): readonly T[];
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
  /** What a refill read, in order; `short` when the store had fewer than asked: the spilling is over. */
  refill(items: readonly { readonly item: T; readonly bytes: number }[], short: boolean): void;
  /** The `max` oldest without removing them. */
  peek(max: number): readonly T[];
  /** Removes the `count` oldest. */
  drop(count: number): void;
  status(): QueueStatus;
}
