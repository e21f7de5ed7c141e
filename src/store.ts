/**
 * The store: what Earshot remembers. An archive of what concerned its user, an outbox of what is still to be
 * delivered, the dead letters, channel ids and marks, and what breakers and sinks must know after a restart.
 * Every method is synchronous and is one transaction: when it returns, it is committed; when it throws a
 * StoreError, nothing happened.
 */
import type { BreakerMemory } from './actors/breaker.js';
import type { ChatMessage, Notification } from './chat.js';
import type { LastError } from './errors.js';

export interface StoreOptions {
  readonly path: string;
  readonly durability: 'full' | 'normal';
  /** Bytes the files may take together; the oldest archive goes first. */
  readonly maxBytes: number;
}

/** One message on its way into the store. Without a notification it is only archived (`archive: all`). */
export interface Arrival {
  readonly message: ChatMessage;
  readonly notification?: Notification;
  /** Outbox numbers, one for each of the notification's sinks still to be served, given before the commit. */
  readonly rows: readonly { readonly seq: number; readonly sink: string }[];
}

/** A row of the outbox: one notification for one sink. Delivered in the order of `seq`. */
export interface OutboxRow {
  readonly seq: number;
  readonly sink: string;
  readonly notification: Notification;
  /** When it was accepted, epoch milliseconds. */
  readonly acceptedAt: number;
  /** How often its sink crashed with it in flight; at 3 it is a dead letter. */
  readonly crashes: number;
  /** Size of the notification as stored, for the queue's byte bound. */
  readonly bytes: number;
}

/** The end of a row's stay in the outbox. */
export interface Settlement {
  readonly seq: number;
  readonly end: 'delivered' | 'dead' | 'expired';
  readonly error?: LastError;
}

/** A dead letter, or an expired one. */
export interface DeadLetter {
  readonly id: number;
  readonly sink: string;
  readonly end: 'dead' | 'expired';
  readonly at: number;
  readonly code: string;
  readonly text: string;
  readonly notification: Notification;
}

export interface ChannelIds {
  readonly channelId?: number;
  readonly chatroomId: number;
}

/** Where a channel's chat had been read up to. */
export interface Mark {
  readonly channel: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly id: string;
}

/** What a sink must know after a restart. */
export interface SinkMemory {
  readonly breaker?: BreakerMemory;
  /** Set while the endpoint refused for good; `target` tells whether the configuration still names the same one. */
  readonly refused?: { readonly target: string; readonly error: LastError; readonly since: number };
}

export interface StoreStats {
  readonly path: string;
  readonly bytes: number;
  readonly notifications: number;
  readonly pending: number;
}

export interface Store {
  /**
   * Archives the arrivals and creates their outbox rows, applies the settlements. An arrival whose message is in
   * the archive already is a duplicate: nothing of it is stored. Returns the indices of the duplicates.
   */
  commit(work: {
    arrivals: readonly Arrival[];
    settlements?: readonly Settlement[];
    marks?: readonly Mark[];
    /** Epoch milliseconds. */
    at: number;
  }): { duplicates: readonly number[] };
  /** Whether the message is in the archive. */
  has(message: ChatMessage): boolean;
  /** The highest outbox number ever given; the next is one more. */
  lastSeq(): number;
  /** Up to `limit` pending rows of `sink` with `seq > after`, in order. */
  pendingRows(sink: string, after: number, limit: number): OutboxRow[];
  /** Pending rows per sink, and the epoch milliseconds of the oldest one. */
  pending(): Map<string, { count: number; oldestAt: number }>;
  /** Rows in flight when their sink crashed: counts the crash, and makes a dead letter of a row at its third. Returns those seqs. */
  crashed(sink: string, seqs: readonly number[], at: number): number[];
  /**
   * Rows older than their sink's `maxAgeMs`, and the oldest beyond `maxPending`, become expired, `limit` a sink at
   * most; never those in `keep`. Returns them per sink (seqs).
   */
  expire(
    rules: ReadonlyMap<string, { maxAgeMs: number; maxPending: number; keep: readonly number[] }>,
    at: number,
    limit: number,
  ): Map<string, number[]>;
  /** The rows of `sink` have not aged since `since` (epoch milliseconds): at `at` they are as old as they were then. */
  rested(sink: string, since: number, at: number): void;
  deadLetters(limit: number): DeadLetter[];
  /** Puts dead letters back into the outbox under new numbers, beginning at `nextSeq`. Returns the rows. */
  retry(ids: readonly number[] | 'all', nextSeq: number, at: number): OutboxRow[];
  discard(ids: readonly number[] | 'all'): number;
  marks(): Map<string, Mark>;
  channelIds(slug: string): ChannelIds | undefined;
  rememberChannel(slug: string, ids: ChannelIds): void;
  sinkMemory(sink: string): SinkMemory;
  rememberSink(sink: string, memory: SinkMemory): void;
  /** Deletes at most `limit` archived messages older than `before` (epoch ms) that nothing waits for; returns how many. */
  forgetBefore(before: number, limit: number): number;
  /** Deletes at most `limit` of the oldest archive while the files are over `maxBytes`; returns how many. */
  shrink(limit: number): number;
  checkpoint(): void;
  /** Writes next to nothing: throws while nothing can be written. */
  probe(): void;
  stats(): StoreStats;
  /** Closes the database and gives up the lock. Never throws. */
  close(): void;
}
