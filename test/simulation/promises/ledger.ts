/** What is committed, as told from outside the daemon: every row of the outbox from its acceptance to its end. */
import type { Arrival, OutboxRow, Settlement, Store } from '../../../src/store.js';
import { numberOfId } from '../chat.js';
import type { Life } from '../life.js';
import type { Timeline } from '../timeline.js';
import type { Verdict } from './verdict.js';

export interface Row {
  readonly seq: number;
  readonly sink: string;
  readonly message: number;
  readonly life: Life;
  readonly at: number;
  /** Epoch milliseconds, by the daemon's clock; later when it waited for a person meanwhile. */
  acceptedAt: number;
  end: Settlement['end'] | 'discarded' | undefined;
}

/** What one life committed of one sink's rows. */
export interface SinkSums {
  atStart: number;
  created: number;
  reentered: number;
  delivered: number;
  dead: number;
  expired: number;
}

export class Ledger {
  /** Of each message that was accepted, the life that did it. */
  readonly accepted = new Map<number, Life>();
  /** Archived without anybody to be told: suppressed, or archived for its own sake. */
  readonly archived = new Set<number>();
  readonly rows = new Map<number, Row>();
  /** By sink, rows that have not ended. */
  readonly pending = new Map<string, Map<number, Row>>();
  /** The newest row of a message for a sink, by `sink/message`. */
  readonly newest = new Map<string, Row>();
  /** Dead letters and expired ones, by `sink/message`. */
  readonly buried = new Set<string>();
  /** The store refused when it was last asked, or was never opened; since when. */
  refusesSince: number | undefined = 0;
  /** The present life has had the store open. */
  isOpen = false;
  /** Messages that this life accepted. */
  acceptedHere = 0;
  /** Refusals of this life. */
  refusals = 0;
  #lastSeq = 0;
  readonly #sums = new Map<string, SinkSums>();
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;

  constructor(timeline: Timeline, verdict: Verdict) {
    this.#timeline = timeline;
    this.#verdict = verdict;
  }

  pendingOf(sink: string): ReadonlyMap<number, Row> {
    return this.pending.get(sink) ?? NO_ROWS;
  }

  rowOf(sink: string, message: number): Row | undefined {
    return this.newest.get(`${sink}/${message}`);
  }

  sums(sink: string): SinkSums {
    const known = this.#sums.get(sink) ?? {
      atStart: 0,
      created: 0,
      reentered: 0,
      delivered: 0,
      dead: 0,
      expired: 0,
    };
    this.#sums.set(sink, known);
    return known;
  }

  /** A life begins to count. */
  began(sinks: readonly string[]): void {
    this.#sums.clear();
    this.isOpen = false;
    this.acceptedHere = 0;
    this.refusals = 0;
    this.refusesSince = this.#timeline.now;
    for (const sink of sinks) this.sums(sink).atStart = this.pendingOf(sink).size;
  }

  refused(): void {
    this.refusals += 1;
    this.refusesSince ??= this.#timeline.now;
  }

  wrote(): void {
    this.refusesSince = undefined;
  }

  /** @returns the messages that were accepted by it. */
  committed(
    life: Life,
    { arrivals, settlements = [], at }: Parameters<Store['commit']>[0],
    duplicates: readonly number[],
  ): number[] {
    const fresh: number[] = [];
    const before = this.#lastSeq;
    for (const [index, arrival] of arrivals.entries()) {
      if (duplicates.includes(index)) continue;
      this.#arrived(life, arrival, at);
      const isNext = arrival.rows.every(({ seq }) => seq > before);
      this.#verdict.holds(
        'numbers rise',
        isNext,
        () => `a row is numbered ${arrival.rows[0]?.seq} after ${before}`,
      );
      if (arrival.rows.length > 0) fresh.push(numberOfId(arrival.message.id));
    }
    for (const { seq, end } of settlements) this.settled(seq, end);
    return fresh;
  }

  settled(seq: number, end: Settlement['end']): void {
    const row = this.rows.get(seq);
    // Acknowledged twice after a fault: nothing is left to be ended.
    if (row === undefined || row.end !== undefined) return;
    row.end = end;
    this.pending.get(row.sink)?.delete(seq);
    this.sums(row.sink)[end] += 1;
    if (end !== 'delivered') this.buried.add(`${row.sink}/${row.message}`);
  }

  reentered(life: Life, rows: readonly OutboxRow[]): void {
    for (const { seq, sink, notification, acceptedAt } of rows) {
      const message = numberOfId(notification.message.id);
      this.#verdict.holds(
        'a row that is tried again was given up before',
        this.buried.delete(`${sink}/${message}`),
        () => `message ${message} for ${sink}`,
      );
      this.#enter({ seq, sink, message, life, at: this.#timeline.now, acceptedAt, end: undefined });
      this.sums(sink).reentered += 1;
    }
  }

  /** The sink's rows did not age from `since` to `at`, epoch milliseconds. */
  rested(sink: string, since: number, at: number): void {
    for (const row of this.pendingOf(sink).values())
      row.acceptedAt += Math.max(0, at - Math.max(row.acceptedAt, since));
  }

  discarded(): void {
    for (const key of this.buried) {
      const row = this.newest.get(key);
      if (row !== undefined) row.end = 'discarded';
    }
    this.buried.clear();
  }

  #arrived(life: Life, { message, rows }: Arrival, at: number): void {
    const n = numberOfId(message.id);
    const isNew = !this.accepted.has(n) && !this.archived.has(n);
    this.#verdict.holds('the same message once', isNew, () => `message ${n} was archived a second time`);
    if (rows.length > 0) {
      this.accepted.set(n, life);
      this.acceptedHere += 1;
    } else this.archived.add(n);
    for (const { seq, sink } of rows) {
      this.#enter({ seq, sink, message: n, life, at: this.#timeline.now, acceptedAt: at, end: undefined });
      this.sums(sink).created += 1;
    }
  }

  #enter(row: Row): void {
    this.#verdict.holds(
      'each row has a number of its own',
      !this.rows.has(row.seq),
      () => `number ${row.seq} was given twice`,
    );
    this.rows.set(row.seq, row);
    this.#lastSeq = Math.max(this.#lastSeq, row.seq);
    this.newest.set(`${row.sink}/${row.message}`, row);
    const pending = this.pending.get(row.sink) ?? new Map<number, Row>();
    this.pending.set(row.sink, pending);
    pending.set(row.seq, row);
  }
}

const NO_ROWS: ReadonlyMap<number, Row> = new Map();
