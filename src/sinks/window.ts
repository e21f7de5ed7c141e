/**
 * A sink's window over its outbox: the rows it may send next, in the order of their numbers. What has no room
 * stays in the store and is read later; nothing is ever dropped here.
 */
import type { AnyActorLogic } from 'xstate';
import { RingWindowQueue } from '../actors/queue.js';
import type { SinkLedger } from '../ledger.js';
import type { OutboxRow } from '../store.js';
import type { Clock } from '../world.js';

const ROWS_MAX = 500;
const BYTES_MAX = 8 * 1024 * 1024;

export class OutboxWindow {
  /** The queue's actor. */
  readonly logic: AnyActorLogic;
  readonly limit = ROWS_MAX;
  readonly #queue: RingWindowQueue<OutboxRow>;
  readonly #sink: string;
  readonly #ledger: SinkLedger;
  /** The highest number that entered. */
  #cursor = 0;

  constructor(sink: string, ledger: SinkLedger, clock: Clock) {
    this.#sink = sink;
    this.#ledger = ledger;
    this.#queue = new RingWindowQueue({ clock, limit: ROWS_MAX, maxBytes: BYTES_MAX });
    this.logic = this.#queue.logic;
  }

  get size(): number {
    return this.#queue.size;
  }

  /** Nothing is here, and nothing is known to wait in the store. */
  get isEmpty(): boolean {
    return this.#queue.size === 0 && !this.#queue.isSpilling;
  }

  /** Begins anew with what the store has: after a start, and after a crash, which may have ended rows. */
  reopen(): void {
    this.#queue.sift(() => false);
    this.#cursor = 0;
    this.#queue.spill();
  }

  /** Returns how many entered; the others are read when there is room. */
  put(rows: readonly OutboxRow[]): number {
    return this.#entered(rows, this.#queue.put(rows.map((item) => ({ item, bytes: item.bytes }))));
  }

  /** Rows are outside that were not offered: they come first. */
  spill(): void {
    this.#queue.spill();
  }

  /** Reads on from the store, if rows wait there and there is room. */
  refill(): void {
    const { room } = this.#queue;
    if (room === 0) return;
    const rows = this.#ledger.read(this.#sink, this.#cursor, room);
    if (rows === 'down') return;
    const isShort = rows.length < room;
    this.#entered(
      rows,
      this.#queue.refill(
        rows.map((item) => ({ item, bytes: item.bytes })),
        isShort,
      ),
    );
  }

  /** The `max` oldest, without removing them. */
  first(max: number): readonly OutboxRow[] {
    return this.#queue.peek(max);
  }

  /** The `count` oldest were dealt with. */
  drop(count: number): void {
    this.#queue.drop(count);
  }

  /** These left the outbox without having been sent. */
  forget(seqs: readonly number[]): void {
    const gone = new Set(seqs);
    this.#queue.sift(({ seq }) => !gone.has(seq));
  }

  #entered(rows: readonly OutboxRow[], count: number): number {
    this.#cursor = rows[count - 1]?.seq ?? this.#cursor;
    return count;
  }
}
