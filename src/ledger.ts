/**
 * The ledger: the data plane's side of the store. It numbers what matched, gathers a turn's work into one
 * transaction, and keeps the chat and the healthy sinks going while the store is down.
 */
import type { AnyActorLogic } from 'xstate';
import type { SinkFigures } from './account.js';
import type { InboundQueue } from './actors/queue.js';
import type { ChatMessage, Notification } from './chat.js';
import type { StoreError } from './errors.js';
import type { StatusReason } from './sources/source.js';
import type { ChannelIds, DeadLetter, Mark, OutboxRow, Settlement, SinkMemory, StoreStats } from './store.js';

/** Where a sink takes its rows in. The ledger calls it in the order of `seq`, in the turn of the commit. */
export interface Outlet {
  readonly sink: string;
  /** Takes rows into its window; returns how many entered. The others are read later (it spills). */
  put(rows: readonly OutboxRow[]): number;
  /** There are rows that it was not given: it takes no more until it has read them. */
  spill(): void;
  /** The rows of a request under way: they do not expire meanwhile. */
  readonly inFlight: readonly number[];
  /** False while its rows must not age (refused: it waits for a person). */
  readonly ages: boolean;
  /** Rows that left the outbox without the sink's doing: drop them from the window. */
  expired(seqs: readonly number[]): void;
  /** The store answers again, or read rows may be there again: look for a refill. */
  look(): void;
}

/** What a sink asks of the ledger. */
export interface SinkLedger {
  /** Up to `limit` rows with `seq > after`, in order, or `down` while the store cannot be read. */
  read(sink: string, after: number, limit: number): OutboxRow[] | 'down';
  /**
   * Ends rows' stay in the outbox. `committed` when it is on disk, `kept` when it waits for the store (500 per sink),
   * `full` when no more can be kept: nothing was taken, the sink waits for `look` and settles again.
   */
  settle(sink: string, settlements: readonly Settlement[]): 'committed' | 'kept' | 'full';
  /** The sink crashed with these rows in flight. Returns those that are dead letters now. */
  crashed(sink: string, seqs: readonly number[]): number[];
  /** Its rows waited for a person since then (epoch milliseconds), and did not age. */
  rested(sink: string, since: number): void;
  /** Undefined while the store has not been read: nobody knows then what an earlier process left. */
  memory(sink: string): SinkMemory | undefined;
  remember(sink: string, memory: SinkMemory): void;
  attach(outlet: Outlet): void;
  detach(sink: string): void;
}

/** What a source asks of the ledger; each is best effort while the store is down. */
export interface SourceLedger {
  channelIds(slug: string): ChannelIds | undefined;
  rememberChannel(slug: string, ids: ChannelIds): void;
  /** Where an earlier process, or this one, has read the channel to, as far as it is written down. */
  mark(channel: string): Mark | undefined;
  /**
   * Calls `upTo` for how far the channel has been read, whenever something of it is written, and every 10 s. What it
   * tells must have been handed to the intake: it is written with everything that waits, and asked for no more.
   */
  follow(channel: string, upTo: () => Mark | undefined): void;
}

/** A message waiting to be committed. */
export interface Waiting {
  readonly message: ChatMessage;
  /** Absent when it is only archived. */
  readonly notification?: Notification;
  /** What the rules said: how it counts. */
  readonly kind: 'matched' | 'suppressed' | 'unmatched' | 'ignored';
  /** Its channel's counters. */
  readonly counts: { duplicates: number };
  /** Its outbox numbers, once it has them (given before the commit while the store is down). */
  rows?: readonly { readonly seq: number; readonly sink: string }[];
  /** Those of them that sinks were given before the commit. */
  told?: ReadonlySet<number>;
}

/** What the intake asks of the ledger. */
export interface IntakeLedger {
  /** A channel's inbound queue was put something; it will be emptied at the end of this turn, or when the store can. */
  arrived(queue: InboundQueue<Waiting>): void;
  /** A queue is full: what waits is committed now rather than dropped, if the store can take it. */
  relieve(): void;
  /** A message that waited had to go. True when a sink has had it already: it must not be heard again. */
  dropped(waiting: Waiting): boolean;
}

/** What the daemon asks of the ledger. */
export interface Ledger extends SinkLedger, SourceLedger, IntakeLedger {
  /** The store's actor. */
  readonly logic: AnyActorLogic;
  /** Resolves once the store is open, or down for now. Rejects with a StoreError when it cannot be used at all. */
  opened(): Promise<void>;
  /** Calls `listener` when the store turns out to be past help after that: nothing can be accepted any more. */
  onUnusable(listener: (error: StoreError) => void): void;
  /** Calls `listener` whenever the store can be asked again, before anybody looks for work there. */
  onReady(listener: () => void): void;
  /** Writes what waits; false when the store refused. */
  flush(): boolean;
  deadLetters(limit: number): DeadLetter[];
  /** Returns how many went back into the outbox. Throws a StoreError while the store is down, as the next two. */
  retry(ids: readonly number[] | 'all'): number;
  discard(ids: readonly number[] | 'all'): number;
  /** Work for the tasks, in short transactions: true when there is more to do at once. */
  expire(limits: ReadonlyMap<string, { maxAgeMs: number; maxPending: number }>): boolean;
  retain(retentionMs: number): boolean;
  /** Writes how far the channels have been read. */
  checkpoint(): void;
  figures(sink: string): SinkFigures;
  readonly state: string;
  stats(): StoreStats;
  reasons(): StatusReason[];
  /** Writes what waits, if it can, and closes the store. Returns how many acknowledgements could not be written. */
  close(): number;
}
