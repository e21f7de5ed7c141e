/**
 * The ledger: the data plane's side of the store. It numbers what matched, gathers a turn's work into one
 * transaction, and keeps the chat and the healthy sinks going while the store is down.
 */
import type { InboundQueue } from './actors/queue.js';
import type { Notification } from './chat.js';
import type { ChatMessage } from './chat.js';
import type { ChannelIds, Mark, OutboxRow, Settlement, SinkMemory } from './store.js';

/** Where a sink takes its rows in. The ledger calls it in the order of `seq`, in the turn of the commit. */
export interface Outlet {
  readonly sink: string;
  put(rows: readonly OutboxRow[]): void;
  /** Rows that left the outbox without the sink's doing (expired): drop them from the window. */
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
  memory(sink: string): SinkMemory;
  remember(sink: string, memory: SinkMemory): void;
  attach(outlet: Outlet): void;
  detach(sink: string): void;
}

/** What a source asks of the ledger; each is best effort while the store is down. */
export interface SourceLedger {
  channelIds(slug: string): ChannelIds | undefined;
  rememberChannel(slug: string, ids: ChannelIds): void;
  mark(channel: string): Mark | undefined;
  /** The channel has been read up to here; written every 10 s. */
  advance(mark: Mark): void;
}

/** A matched message waiting to be committed. */
export interface Waiting {
  readonly message: ChatMessage;
  readonly notification?: Notification;
}

/** What the intake asks of the ledger. */
export interface IntakeLedger {
  /** A channel's inbound queue was put something; it will be emptied at the end of this turn, or when the store can. */
  arrived(queue: InboundQueue<Waiting>): void;
}
