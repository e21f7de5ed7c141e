/**
 * The committer: makes one transaction of what waits in the inbound queues, and hands its rows to the sinks. It
 * knows the numbers; whether the store can be asked, it leaves to others.
 */
import type { Account } from '../account.js';
import type { InboundQueue } from '../actors/queue.js';
import type { ChatMessage } from '../chat.js';
import { StoreError } from '../errors.js';
import type { Outlet, Waiting } from '../ledger.js';
import type { Mark, OutboxRow, Settlement, Store } from '../store.js';
import type { Clock } from '../world.js';
import type { Acknowledgements } from './acknowledgements.js';
import { type Batch, batchOf, bySink, outboxRow } from './batch.js';
import type { Marks } from './marks.js';
import type { SinkCounts } from './sink-counts.js';

/** Whether the archive has it; undefined when it cannot be asked. */
function askArchive(store: Pick<Store, 'has'>, message: ChatMessage): boolean | undefined {
  try {
    return store.has(message);
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

/** What a message may cost a slow processor; the time of a transaction beyond that was the disk's. */
const MESSAGE_MS = 0.1;
/** Less is not worth a rest; more than the other, and the sinks would starve. */
const REST_MIN_MS = 2;
const REST_MAX_MS = 1_000;

export interface CommitterParts {
  readonly clock: Clock;
  readonly account: Account;
  readonly counts: SinkCounts;
  readonly acks: Acknowledgements;
  readonly marks: Marks;
  readonly outlets: ReadonlyMap<string, Outlet>;
  /** How long the handling of a turn's messages took, from their numbers to their sinks. */
  handled(tookMs: number): void;
}

export class Committer {
  /** The highest number given. */
  lastSeq = 0;
  /** After a transaction that took the disk long, none for as long for the sake of arrivals; monotonic milliseconds. */
  restsUntil = 0;
  readonly #parts: CommitterParts;
  /** Queues with something to commit, and those of them with something not yet numbered. */
  readonly #arrived = new Set<InboundQueue<Waiting>>();
  readonly #unnumbered = new Set<InboundQueue<Waiting>>();
  /** Rows on their way out that the store will never have: of messages given up, or found to be repeated, meanwhile. */
  #strays: { readonly sink: string; readonly seq: number }[] = [];

  constructor(parts: CommitterParts) {
    this.#parts = parts;
  }

  add(queue: InboundQueue<Waiting>): void {
    this.#arrived.add(queue);
    this.#unnumbered.add(queue);
  }

  /**
   * Everything that waits and the kept acknowledgements with what is given, or nothing: then it throws as the store did.
   * @param given marks; by default, those of the channels that something waits of: a daemon killed at once knows them.
   */
  commit(store: Store, settlements: readonly Settlement[], given?: readonly Mark[]): void {
    const { acks, clock } = this.#parts;
    const batch = batchOf(this.#arrived, [...acks.all(), ...settlements], this.lastSeq);
    const { arrivals, lastSeq } = batch;
    const marks = given ?? this.#parts.marks.due(batch.channels);
    if (arrivals.length + batch.settlements.length + marks.length === 0) return;
    const startedAt = clock.now();
    const at = clock.wall();
    const { duplicates } = store.commit({ arrivals, settlements: batch.settlements, marks, at });
    this.lastSeq = lastSeq;
    this.#parts.marks.stored(marks);
    acks.clear();
    this.#arrived.clear();
    this.#unnumbered.clear();
    for (const [queue, count] of batch.taken) queue.take(count);
    this.#accept(batch, new Set(duplicates), at);
    const endedAt = clock.now();
    if (arrivals.length > 0) this.#parts.handled(endedAt - startedAt);
    const diskMs = Math.ceil(endedAt - startedAt - arrivals.length * MESSAGE_MS);
    if (diskMs > REST_MIN_MS) this.restsUntil = endedAt + Math.min(diskMs, REST_MAX_MS);
  }

  /**
   * While the store cannot be written: numbers what waits, and lets those sinks have it that miss nothing before it.
   * An earlier process may have told what is read from the history, and the archive alone knows: when it cannot be
   * asked either, what was found late waits for it, and with it what follows.
   */
  offer(store: Pick<Store, 'has'>): void {
    const { outlets, counts, clock } = this.#parts;
    const at = clock.wall();
    for (const queue of this.#unnumbered) {
      for (const it of queue.peek()) {
        const { message, notification } = it;
        if (it.rows !== undefined || notification === undefined) continue;
        const isKnown = askArchive(store, message);
        it.rows = isKnown === true ? [] : notification.sinks.map((sink) => this.#number(sink));
        if (isKnown === undefined && message.late) {
          for (const { sink } of it.rows) outlets.get(sink)?.spill();
        }
        const told = it.rows.filter(
          ({ seq, sink }) => outlets.get(sink)?.put([outboxRow(seq, sink, notification, at)]) === 1,
        );
        for (const { sink } of told) counts.create(sink, 1);
        it.told = new Set(told.map(({ seq }) => seq));
      }
    }
    this.#unnumbered.clear();
  }

  /** One that waited is given up: sinks that had it offered and have not sent it must not. True when one has sent it. */
  dropped({ rows = [], told }: Waiting): boolean {
    const offered = rows.filter(({ seq }) => told?.has(seq));
    const withdrawn = offered.filter(
      ({ seq, sink }) => !this.#parts.acks.has(sink, seq) && this.#withdraw(sink, seq),
    );
    return withdrawn.length < offered.length;
  }

  /** A sink has dealt with these rows. */
  settled(sink: string, settlements: readonly Settlement[]): void {
    if (this.#strays.length === 0) return;
    const seqs = new Set(settlements.map(({ seq }) => seq));
    this.#strays = this.#strays.filter((it) => it.sink !== sink || !seqs.has(it.seq));
  }

  /** A sink crashed: what was on its way out and is not in the store is gone with it. */
  crashed(sink: string): void {
    const left = this.#strays.filter((it) => it.sink !== sink);
    this.#parts.counts.settle(sink, 'expired', this.#strays.length - left.length);
    this.#strays = left;
  }

  /** Counts what was committed, and gives new rows to their sinks in the order of their numbers. */
  #accept({ waiting, rows, ended }: Batch, duplicates: ReadonlySet<number>, at: number): void {
    const { account, counts, outlets } = this.#parts;
    const fresh: OutboxRow[] = [];
    for (const [index, it] of waiting.entries()) {
      const own = rows[index] ?? [];
      if (duplicates.has(index)) {
        this.#countDuplicate(it, ended);
        continue;
      }
      if (it.kind === 'matched') {
        account.waiting -= 1;
        account.accepted += 1;
      }
      for (const { seq, sink } of own) {
        if (it.told?.has(seq)) continue;
        counts.create(sink, 1);
        // One that was offered and found no room is read from the store, in its turn.
        if (it.rows === undefined && it.notification && outlets.has(sink)) {
          fresh.push(outboxRow(seq, sink, it.notification, at));
        }
      }
    }
    for (const [sink, own] of bySink(fresh)) outlets.get(sink)?.put(own);
  }

  #countDuplicate(it: Waiting, ended: ReadonlySet<number>): void {
    const { account } = this.#parts;
    if (it.kind === 'matched') account.waiting -= 1;
    else account[it.kind] -= 1;
    account.duplicates += 1;
    it.counts.duplicates += 1;
    for (const { seq, sink } of it.rows ?? []) {
      if (it.told?.has(seq) && !ended.has(seq)) this.#withdraw(sink, seq);
    }
  }

  /** Takes back a row that was offered. False when it is on its way out already. */
  #withdraw(sink: string, seq: number): boolean {
    const outlet = this.#parts.outlets.get(sink);
    if (outlet?.inFlight.includes(seq)) {
      this.#strays.push({ sink, seq });
      return false;
    }
    this.#parts.counts.settle(sink, 'expired', 1);
    outlet?.expired([seq]);
    return true;
  }

  #number(sink: string) {
    this.lastSeq += 1;
    return { seq: this.lastSeq, sink };
  }
}
