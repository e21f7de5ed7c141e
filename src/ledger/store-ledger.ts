/**
 * The ledger over a store that may be down.
 *
 * Ready: at the end of each turn everything that waits is one transaction, and goes to the sinks within it.
 * Down: what waits is numbered where it is, and offered to the sinks; their acknowledgements are kept. The first
 * transaction after that takes archive, the rows nobody has dealt with, and the acknowledgements together.
 */
import type { AnyActorLogic } from 'xstate';
import type { Account, SinkFigures } from '../account.js';
import type { InboundQueue } from '../actors/queue.js';
import type { StoreError } from '../errors.js';
import type { Ledger, Outlet, Waiting } from '../ledger.js';
import type { StatusReason } from '../sources/source.js';
import type {
  ChannelIds,
  DeadLetter,
  Mark,
  OutboxRow,
  Settlement,
  SinkMemory,
  Store,
  StoreStats,
} from '../store.js';
import type { TimerId } from '../world.js';
import { Acknowledgements } from './acknowledgements.js';
import { bySink } from './batch.js';
import { Committer } from './committer.js';
import { Marks } from './marks.js';
import { SinkCounts } from './sink-counts.js';
import { StoreKeeper, type StoreKeeperOptions } from './store-keeper.js';

/** Rows that one step of a task touches: more would be felt as a pause. */
const CHUNK = 500;
/** Messages of one turn that one transaction takes: more saves no time, and the heap grows by what it has to keep meanwhile. */
const GATHERED_MAX = 3_000;

export interface LedgerOptions extends StoreKeeperOptions {
  readonly account: Account;
  /** How long the handling of a turn's messages took: it cannot be interrupted, so it is measured. */
  readonly handled?: (tookMs: number) => void;
}

export function createLedger(options: LedgerOptions): Ledger {
  return new StoreLedger(options);
}

class StoreLedger implements Ledger {
  readonly #options: LedgerOptions;
  readonly #keeper: StoreKeeper;
  readonly #committer: Committer;
  readonly #outlets = new Map<string, Outlet>();
  readonly #counts = new SinkCounts();
  readonly #acks = new Acknowledgements();
  readonly #memories = new Map<string, SinkMemory>();
  readonly #marks = new Marks();
  /** Writes that wait for the store: of those with one name, the last. */
  readonly #later = new Map<string, (store: Store) => void>();
  #ready: () => void = () => {};
  #crashes = 0;
  #rests = 0;
  #isScheduled = false;
  /** Messages that arrived since the last transaction. */
  #gathered = 0;
  /** While the disk has its rest. */
  #rest: TimerId | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#keeper = new StoreKeeper(options, {
      begin: (store) => this.#begin(store),
      recover: (store) => this.#recover(store),
      ready: () => {
        this.#ready();
        for (const outlet of this.#outlets.values()) outlet.look();
      },
      down: () => this.#schedule(),
    });
    this.#committer = new Committer({
      clock: options.world.clock,
      account: options.account,
      counts: this.#counts,
      acks: this.#acks,
      marks: this.#marks,
      outlets: this.#outlets,
      handled: options.handled ?? (() => {}),
    });
  }

  // The store's fate

  get logic(): AnyActorLogic {
    return this.#keeper.logic;
  }

  get state(): string {
    return this.#keeper.state;
  }

  opened(): Promise<void> {
    return this.#keeper.opened();
  }

  onUnusable(listener: (error: StoreError) => void): void {
    this.#keeper.onUnusable(listener);
  }

  onReady(listener: () => void): void {
    this.#ready = listener;
  }

  reasons(): StatusReason[] {
    return this.#keeper.reasons();
  }

  stats(): StoreStats {
    const { path } = this.#options.store;
    return this.#keeper.store?.stats() ?? { path, bytes: 0, notifications: 0, pending: 0 };
  }

  close(): number {
    this.checkpoint();
    // What it would have written is written now, or nobody can.
    this.#options.world.clock.clearTimeout(this.#rest);
    this.#keeper.close();
    return this.#acks.size;
  }

  // Arrivals

  arrived(queue: InboundQueue<Waiting>): void {
    this.#committer.add(queue);
    this.#gathered += 1;
    if (this.#gathered >= GATHERED_MAX) this.flush();
    this.#schedule();
  }

  flush(): boolean {
    return this.#commit();
  }

  relieve(): void {
    this.flush();
  }

  dropped(waiting: Waiting): boolean {
    return this.#committer.dropped(waiting);
  }

  // Sinks

  read(sink: string, after: number, limit: number): OutboxRow[] | 'down' {
    return this.#keeper.ask((store) => store.pendingRows(sink, after, limit)) ?? 'down';
  }

  settle(sink: string, settlements: readonly Settlement[]): 'committed' | 'kept' | 'full' {
    const isCommitted = this.#commit(settlements);
    if (!isCommitted && !this.#acks.keep(sink, settlements)) return 'full';
    for (const { end } of settlements) this.#counts.settle(sink, end, 1);
    this.#committer.settled(sink, settlements);
    return isCommitted ? 'committed' : 'kept';
  }

  crashed(sink: string, seqs: readonly number[]): number[] {
    this.#committer.crashed(sink);
    if (seqs.length === 0) return [];
    const at = this.#options.world.clock.wall();
    let dead: number[] = [];
    // Each crash counts: none takes the place of another.
    this.#crashes += 1;
    this.#write(`crash ${this.#crashes}`, (store) => {
      dead = store.crashed(sink, seqs, at);
      this.#counts.settle(sink, 'dead', dead.length);
      this.#outlets.get(sink)?.expired(dead);
    });
    return dead;
  }

  rested(sink: string, since: number): void {
    const at = this.#options.world.clock.wall();
    // Each rest counts, as each crash does.
    this.#rests += 1;
    this.#write(`rest ${this.#rests}`, (store) => store.rested(sink, since, at));
  }

  memory(sink: string): SinkMemory | undefined {
    const known = this.#memories.get(sink) ?? this.#keeper.ask((store) => store.sinkMemory(sink));
    if (known !== undefined) this.#memories.set(sink, known);
    return known;
  }

  remember(sink: string, memory: SinkMemory): void {
    this.#memories.set(sink, memory);
    this.#write(`sink ${sink}`, (store) => store.rememberSink(sink, memory));
  }

  attach(outlet: Outlet): void {
    this.#outlets.set(outlet.sink, outlet);
    outlet.look();
  }

  detach(sink: string): void {
    this.#outlets.delete(sink);
  }

  figures(sink: string): SinkFigures {
    return this.#counts.figures(sink);
  }

  // Sources

  channelIds(slug: string): ChannelIds | undefined {
    return this.#keeper.ask((store) => store.channelIds(slug));
  }

  rememberChannel(slug: string, ids: ChannelIds): void {
    this.#write(`channel ${slug}`, (store) => store.rememberChannel(slug, ids));
  }

  mark(channel: string): Mark | undefined {
    return this.#marks.of(channel);
  }

  follow(channel: string, upTo: () => Mark | undefined): void {
    this.#marks.follow(channel, upTo);
  }

  // Commands

  deadLetters(limit: number): DeadLetter[] {
    return this.#keeper.demand((store) => store.deadLetters(limit));
  }

  retry(ids: readonly number[] | 'all'): number {
    let total = 0;
    for (;;) {
      const at = this.#options.world.clock.wall();
      const rows = this.#keeper.demand((store) => store.retry(ids, this.#committer.lastSeq + 1, at));
      this.#committer.lastSeq = rows.at(-1)?.seq ?? this.#committer.lastSeq;
      total += rows.length;
      for (const [sink, own] of bySink(rows)) {
        this.#counts.reenter(sink, own.length);
        this.#outlets.get(sink)?.put(own);
      }
      if (ids !== 'all' || rows.length === 0) return total;
    }
  }

  discard(ids: readonly number[] | 'all'): number {
    return this.#keeper.demand((store) => store.discard(ids));
  }

  // Tasks

  expire(limits: ReadonlyMap<string, { maxAgeMs: number; maxPending: number }>): boolean {
    const rules = new Map<string, { maxAgeMs: number; maxPending: number; keep: readonly number[] }>();
    for (const sink of this.#counts.sinks()) {
      const outlet = this.#outlets.get(sink);
      // A sink that is configured no more has nobody to wait for.
      const { maxAgeMs, maxPending } = limits.get(sink) ?? { maxAgeMs: 0, maxPending: 0 };
      // What waits for a person may become as old as it likes, but not as many: the disk is bounded.
      const age = outlet?.ages === false ? Number.MAX_SAFE_INTEGER : maxAgeMs;
      rules.set(sink, { maxAgeMs: age, maxPending, keep: outlet?.inFlight ?? [] });
    }
    const at = this.#options.world.clock.wall();
    const expired = this.#keeper.ask((store) => store.expire(rules, at, CHUNK)) ?? NOTHING;
    for (const [sink, seqs] of expired) {
      this.#counts.settle(sink, 'expired', seqs.length);
      this.#outlets.get(sink)?.expired(seqs);
      const text = `expired: ${seqs.length} for ${sink}, not delivered in time`;
      this.#options.log.warn({ actor: 'store', sink }, text);
    }
    return [...expired.values()].some((seqs) => seqs.length >= CHUNK);
  }

  retain(retentionMs: number): boolean {
    const before = this.#options.world.clock.wall() - retentionMs;
    const forgotten = this.#keeper.ask((store) => store.forgetBefore(before, CHUNK)) ?? 0;
    const given = this.#keeper.ask((store) => store.shrink(CHUNK)) ?? 0;
    if (given > 0) {
      const text = `store full (store.maxBytes): the oldest ${given} archived messages were forgotten`;
      this.#options.log.info({ actor: 'store' }, text);
    }
    const isMore = forgotten >= CHUNK || given >= CHUNK;
    if (!isMore) this.#keeper.ask((store) => store.checkpoint());
    return isMore;
  }

  checkpoint(): void {
    this.#commit([], this.#marks.due());
  }

  /** One transaction with everything that waits. False when the store could not be asked or refused. */
  #commit(settlements: readonly Settlement[] = [], marks?: readonly Mark[]): boolean {
    this.#gathered = 0;
    const done = this.#keeper.ask((store) => {
      this.#committer.commit(store, settlements, marks);
      return true;
    });
    return done ?? false;
  }

  /** Sees to what waits at the end of this turn, or when the disk has had its rest. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const { clock } = this.#options.world;
    const restMs = this.#committer.restsUntil - clock.now();
    const turn = () => {
      this.#isScheduled = false;
      if (this.#keeper.isReady) this.#commit();
      // Without a store that was ever opened there is no telling which numbers are free.
      else if (this.#keeper.store) this.#committer.offer(this.#keeper.store);
    };
    if (restMs > 0) this.#rest = clock.setTimeout(turn, restMs);
    else clock.soon(turn);
  }

  /** Writes now, or as soon as the store can. */
  #write(name: string, write: (store: Store) => void): void {
    const isWritten = this.#keeper.ask((store) => {
      write(store);
      return true;
    });
    if (isWritten) this.#later.delete(name);
    else this.#later.set(name, write);
  }

  #begin(store: Store): void {
    this.#committer.lastSeq = store.lastSeq();
    this.#marks.stored(store.marks().values());
    for (const [sink, { count }] of store.pending()) this.#counts.begin(sink, count);
  }

  #recover(store: Store): void {
    store.probe();
    this.#committer.commit(store, [], this.#marks.due());
    for (const [name, write] of [...this.#later]) {
      write(store);
      this.#later.delete(name);
    }
  }
}

const NOTHING: ReadonlyMap<string, number[]> = new Map();
