/** The ledger over a store that may be down (DESIGN of it: src/ledger.ts). */
import type { ActorRefFrom, AnyActorLogic } from 'xstate';
import { storeMachine } from '../../machines/store.js';
import type { Account, SinkFigures } from '../account.js';
import type { InboundQueue } from '../actors/queue.js';
import { bound, pathOf, wired } from '../actors/wired.js';
import { formatDuration } from '../durations.js';
import { StoreError } from '../errors.js';
import type { Ledger, Outlet, Waiting } from '../ledger.js';
import type { Log } from '../log.js';
import type { StatusReason } from '../sources/source.js';
import type {
  Arrival,
  ChannelIds,
  DeadLetter,
  Mark,
  OutboxRow,
  Settlement,
  SinkMemory,
  Store,
  StoreOptions,
  StoreStats,
} from '../store.js';
import type { World } from '../world.js';
import { SinkCounts } from './sink-counts.js';

/** Acknowledgements kept for a sink while the store is down; then that sink waits. */
const ACKS_KEPT = 500;
/** Rows a transaction of the tasks touches: more would be felt as a pause. */
const CHUNK = 500;
/** Rows of a row's notification that are not its text, in bytes; for the window's byte bound. */
const ROW_OVERHEAD = 400;
/** A commit that took longer than this is given the same time to rest. */
const SHORT_COMMIT_MS = 2;

export interface LedgerOptions {
  readonly world: Pick<World, 'clock' | 'random' | 'openStore'>;
  readonly store: StoreOptions;
  readonly account: Account;
  readonly log: Log;
}

export function createLedger(options: LedgerOptions): Ledger {
  return new StoreLedger(options);
}

class StoreLedger implements Ledger {
  readonly logic: AnyActorLogic;
  readonly #options: LedgerOptions;
  readonly #outlets = new Map<string, Outlet>();
  readonly #counts = new SinkCounts();
  /** Queues with something to commit. */
  readonly #arrived = new Set<InboundQueue<Waiting>>();
  /** What waits for a store that is down. */
  readonly #acks = new Map<string, Settlement[]>();
  readonly #crashes: { sink: string; seqs: readonly number[] }[] = [];
  readonly #memories = new Map<string, SinkMemory>();
  readonly #marks = new Map<string, Mark>();
  #newMarks = new Map<string, Mark>();
  #store: Store | undefined;
  #actor: ActorRefFrom<typeof storeMachine> | undefined;
  #problem: StoreError | undefined;
  #downSince = 0;
  #seq = 0;
  #isScheduled = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    const seed = Math.floor(options.world.random() * 2 ** 32);
    this.logic = bound(
      wired(storeMachine, (self) => {
        this.#actor = self;
        self.on('store.trial', () => this.#try());
      }),
      () => ({ initialMs: 500, maxMs: 10_000, seed }),
    );
  }

  get state(): string {
    return this.#actor?.getSnapshot().value ?? 'opening';
  }

  async opened(): Promise<void> {
    if (this.state === 'unusable' && this.#problem) throw this.#problem;
  }

  arrived(queue: InboundQueue<Waiting>): void {
    this.#arrived.add(queue);
    this.#schedule();
  }

  flush(): boolean {
    return this.#writes && this.#commit([]);
  }

  read(sink: string, after: number, limit: number): OutboxRow[] | 'down' {
    return this.#ask((store) => store.pendingRows(sink, after, limit)) ?? 'down';
  }

  settle(sink: string, settlements: readonly Settlement[]): 'committed' | 'kept' | 'full' {
    const kept = this.#acks.get(sink) ?? [];
    if (this.#writes && this.#commit(settlements)) {
      this.#counts.settle(sink, settlements);
      return 'committed';
    }
    if (kept.length + settlements.length > ACKS_KEPT) return 'full';
    this.#acks.set(sink, [...kept, ...settlements]);
    this.#counts.settle(sink, settlements);
    return 'kept';
  }

  crashed(sink: string, seqs: readonly number[]): number[] {
    const at = this.#options.world.clock.wall();
    const dead = this.#ask((store) => store.crashed(sink, seqs, at));
    if (dead === undefined) this.#crashes.push({ sink, seqs });
    this.#counts.settle(
      sink,
      (dead ?? []).map((seq) => ({ seq, end: 'dead' })),
    );
    return dead ?? [];
  }

  memory(sink: string): SinkMemory {
    return this.#memories.get(sink) ?? this.#ask((store) => store.sinkMemory(sink)) ?? {};
  }

  remember(sink: string, memory: SinkMemory): void {
    this.#memories.set(sink, memory);
    const isWritten = this.#ask((store) => {
      store.rememberSink(sink, memory);
      return true;
    });
    if (isWritten) this.#memories.delete(sink);
  }

  attach(outlet: Outlet): void {
    this.#outlets.set(outlet.sink, outlet);
    outlet.look();
  }

  detach(sink: string): void {
    this.#outlets.delete(sink);
  }

  channelIds(slug: string): ChannelIds | undefined {
    return this.#ask((store) => store.channelIds(slug));
  }

  rememberChannel(slug: string, ids: ChannelIds): void {
    this.#ask((store) => store.rememberChannel(slug, ids));
  }

  mark(channel: string): Mark | undefined {
    return this.#marks.get(channel);
  }

  advance(mark: Mark): void {
    this.#marks.set(mark.channel, mark);
    this.#newMarks.set(mark.channel, mark);
  }

  deadLetters(limit: number): DeadLetter[] {
    return this.#need().deadLetters(limit);
  }

  retry(ids: readonly number[] | 'all'): number {
    const store = this.#need();
    let total = 0;
    for (;;) {
      const rows = store.retry(ids, this.#seq + 1, this.#options.world.clock.wall());
      this.#seq = rows.at(-1)?.seq ?? this.#seq;
      total += rows.length;
      for (const [sink, own] of bySink(rows)) {
        this.#counts.reenter(sink, own.length);
        this.#outlets.get(sink)?.put(own);
      }
      if (ids !== 'all' || rows.length === 0) return total;
    }
  }

  discard(ids: readonly number[] | 'all'): number {
    return this.#need().discard(ids);
  }

  expire(limits: ReadonlyMap<string, { maxAgeMs: number; maxPending: number }>): boolean {
    const rules = new Map<string, { maxAgeMs: number; maxPending: number; keep: readonly number[] }>();
    for (const sink of this.#counts.sinks()) {
      const limit = limits.get(sink);
      const outlet = this.#outlets.get(sink);
      if (outlet && !outlet.ages) continue;
      // A sink that is configured no more has nobody to wait for.
      rules.set(sink, { maxAgeMs: 0, maxPending: 0, ...limit, keep: outlet?.inFlight ?? [] });
    }
    const expired = this.#ask((store) => store.expire(rules, this.#options.world.clock.wall(), CHUNK));
    let isMore = false;
    for (const [sink, seqs] of expired ?? []) {
      this.#counts.settle(
        sink,
        seqs.map((seq) => ({ seq, end: 'expired' })),
      );
      this.#outlets.get(sink)?.expired(seqs);
      this.#options.log.warn(
        { actor: 'store', sink },
        `expired: ${seqs.length} for ${sink}, not delivered in time`,
      );
      isMore ||= seqs.length >= CHUNK;
    }
    return isMore;
  }

  retain(retentionMs: number): boolean {
    const before = this.#options.world.clock.wall() - retentionMs;
    const gone = this.#ask((store) => store.forgetBefore(before, CHUNK) + store.shrink(CHUNK));
    return (gone ?? 0) >= CHUNK;
  }

  checkpoint(): void {
    this.#ask((store) => store.checkpoint());
    if (this.#newMarks.size > 0) this.flush();
  }

  figures(sink: string): SinkFigures {
    return this.#counts.figures(sink);
  }

  stats(): StoreStats {
    return this.#store?.stats() ?? { path: this.#options.store.path, bytes: 0, notifications: 0, pending: 0 };
  }

  reasons(): StatusReason[] {
    if (this.state !== 'down' && this.state !== 'reopening') return [];
    const { message = 'the store cannot be written', remedy = '' } = this.#problem ?? {};
    return [
      {
        code: 'storeDown',
        severity: 'degraded',
        actor: 'store',
        sinceAt: this.#downSince,
        text: message,
        do: remedy,
      },
    ];
  }

  close(): void {
    if (this.#writes) this.flush();
    this.#actor?.send({ type: 'store.closing' });
    this.#store?.close();
    this.#store = undefined;
    this.#actor?.send({ type: 'store.closed' });
  }

  get #writes(): boolean {
    return this.#store !== undefined && this.#actor?.getSnapshot().hasTag('writes') === true;
  }

  #need(): Store {
    if (this.#store && this.#writes) return this.#store;
    throw (
      this.#problem ??
      new StoreError('busy', 'the store is not open', 'try again when status says it is ready')
    );
  }

  /** Asks the store, or says undefined: a refusal brings it down. */
  #ask<T>(question: (store: Store) => T): T | undefined {
    if (!this.#store || !this.#writes) return undefined;
    try {
      return question(this.#store);
    } catch (error) {
      this.#refused(error);
      return undefined;
    }
  }

  #schedule(afterMs = 0): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const turn = () => {
      this.#isScheduled = false;
      if (this.#writes) this.#commit([]);
      else this.#serveUncommitted();
    };
    if (afterMs > 0) this.#options.world.clock.setTimeout(turn, afterMs);
    else this.#options.world.clock.soon(turn);
  }

  /** One transaction: what arrived, what was acknowledged, marks. False when the store refused; then nothing changed. */
  #commit(settlements: readonly Settlement[]): boolean {
    const store = this.#store;
    if (!store) return false;
    const { clock } = this.#options.world;
    const queues = [...this.#arrived];
    const batches = queues.map((queue) => queue.peek());
    const waiting = batches.flat();
    const acks = [...settlements, ...[...this.#acks.values()].flat()];
    const done = new Set(acks.filter(({ end }) => end === 'delivered').map(({ seq }) => seq));
    let seq = this.#seq;
    const numbered = waiting.map(
      (it) => it.rows ?? (it.notification?.sinks ?? []).map((sink) => ({ seq: ++seq, sink })),
    );
    const arrivals = waiting.map(({ message, notification }, index): Arrival => {
      const rows = (numbered[index] ?? []).filter((row) => !done.has(row.seq));
      return notification ? { message, notification, rows } : { message, rows };
    });
    if (arrivals.length === 0 && acks.length === 0 && this.#newMarks.size === 0) return true;
    const startedAt = clock.now();
    const at = clock.wall();
    let duplicates: ReadonlySet<number>;
    try {
      const marks = [...this.#newMarks.values()];
      duplicates = new Set(store.commit({ arrivals, settlements: acks, marks, at }).duplicates);
    } catch (error) {
      this.#refused(error);
      return false;
    }
    this.#seq = seq;
    this.#acks.clear();
    this.#newMarks = new Map();
    this.#arrived.clear();
    for (const [index, queue] of queues.entries()) queue.take(batches[index]?.length ?? 0);
    this.#accept(waiting, numbered, duplicates, at);
    const tookMs = clock.now() - startedAt;
    if (tookMs > SHORT_COMMIT_MS) this.#rest(tookMs);
    return true;
  }

  /** Counts what was committed, and gives new rows to their sinks in the order of their numbers. */
  #accept(
    waiting: readonly Waiting[],
    numbered: readonly (readonly { seq: number; sink: string }[])[],
    duplicates: ReadonlySet<number>,
    at: number,
  ): void {
    const fresh: OutboxRow[] = [];
    for (const [index, it] of waiting.entries()) {
      const rows = numbered[index] ?? [];
      if (duplicates.has(index)) {
        this.#countDuplicate(it);
        continue;
      }
      if (it.kind === 'matched') {
        this.#options.account.waiting -= 1;
        this.#options.account.accepted += 1;
      }
      for (const { seq, sink } of rows) {
        if (it.told?.has(seq)) continue;
        this.#counts.create(sink, 1);
        // A row numbered while the store was down found no room then: the refill reads it.
        if (it.rows === undefined && it.notification) fresh.push(rowOf(seq, sink, it.notification, at));
      }
    }
    for (const [sink, rows] of bySink(fresh)) this.#outlets.get(sink)?.put(rows);
  }

  #countDuplicate(it: Waiting): void {
    const { account } = this.#options;
    if (it.kind === 'matched') account.waiting -= 1;
    else account[it.kind] -= 1;
    account.duplicates += 1;
    it.counts.duplicates += 1;
    // Told to sinks while the store was down: what has not gone out yet does not go out.
    for (const { seq, sink } of it.rows ?? []) {
      const outlet = this.#outlets.get(sink);
      if (!it.told?.has(seq) || !outlet || outlet.inFlight.includes(seq)) continue;
      this.#counts.settle(sink, [{ seq, end: 'expired' }]);
      outlet.expired([seq]);
    }
  }

  /** The store is down: what waits is numbered, and sinks with nothing spilled are served from here. */
  #serveUncommitted(): void {
    if (this.#store === undefined) return;
    const at = this.#options.world.clock.wall();
    for (const queue of this.#arrived) {
      for (const it of queue.peek()) {
        if (it.rows !== undefined || it.notification === undefined) continue;
        const { notification } = it;
        it.rows = notification.sinks.map((sink) => ({ seq: ++this.#seq, sink }));
        const told = new Set<number>();
        for (const { seq, sink } of it.rows) {
          const entered = this.#outlets.get(sink)?.put([rowOf(seq, sink, notification, at)]) ?? 0;
          if (entered === 0) continue;
          told.add(seq);
          this.#counts.create(sink, 1);
        }
        it.told = told;
      }
    }
  }

  /** Opens the store, or writes to it again; tells the machine how that went. */
  #try(): void {
    try {
      if (this.#store === undefined) {
        this.#store = this.#options.world.openStore(this.#options.store);
        this.#seq = Math.max(this.#seq, this.#store.lastSeq());
        for (const mark of this.#store.marks().values()) this.#marks.set(mark.channel, mark);
        for (const [sink, { count }] of this.#store.pending()) this.#counts.begin(sink, count);
      }
      this.#recover(this.#store);
    } catch (error) {
      this.#refused(error);
    }
  }

  #recover(store: Store): void {
    const wasDown = this.#problem !== undefined;
    store.probe();
    for (const [sink, memory] of this.#memories) store.rememberSink(sink, memory);
    this.#memories.clear();
    if (!this.#commit([])) return;
    for (const { sink, seqs } of this.#crashes.splice(0)) {
      const dead = store.crashed(sink, seqs, this.#options.world.clock.wall());
      this.#counts.settle(
        sink,
        dead.map((seq) => ({ seq, end: 'dead' })),
      );
    }
    this.#problem = undefined;
    this.#actor?.send({ type: 'store.opened' });
    if (!wasDown) return;
    const { clock } = this.#options.world;
    const tookMs = clock.wall() - this.#downSince;
    this.#options.log.info(
      { actor: 'store', to: 'ready' },
      `store ready again after ${formatDuration(tookMs)}`,
    );
    clock.soon(() => {
      for (const outlet of this.#outlets.values()) outlet.look();
    });
  }

  #refused(error: unknown): void {
    if (!(error instanceof StoreError)) throw error;
    const wasDown = this.#problem !== undefined;
    this.#problem = error;
    if (!wasDown) {
      this.#downSince = this.#options.world.clock.wall();
      const actor = this.#actor ? pathOf(this.#actor) : 'store';
      this.#options.log.error(
        { actor, to: error.passes ? 'down' : 'unusable', code: error.code },
        `store down: ${error.message}`,
      );
    }
    this.#actor?.send({ type: 'store.refused', code: error.code, text: error.message, passes: error.passes });
    this.#schedule();
  }

  /** After a long commit, none for as long: the event loop must never be mostly disk. */
  #rest(ms: number): void {
    if (this.#isScheduled) return;
    this.#schedule(ms);
  }
}

function rowOf(
  seq: number,
  sink: string,
  notification: OutboxRow['notification'],
  acceptedAt: number,
): OutboxRow {
  const { text, replyTo } = notification.message;
  const bytes = ROW_OVERHEAD + 2 * (text.length + (replyTo?.text?.length ?? 0));
  return { seq, sink, notification, acceptedAt, crashes: 0, bytes };
}

function bySink(rows: readonly OutboxRow[]): Map<string, OutboxRow[]> {
  const sinks = new Map<string, OutboxRow[]>();
  for (const row of rows) {
    const own = sinks.get(row.sink);
    if (own) own.push(row);
    else sinks.set(row.sink, [row]);
  }
  return sinks;
}
