/**
 * The intake: what a source hands its messages to. Deduplicates, asks the rules, counts, and queues what
 * matched for the ledger. One object a channel, so that the way of an unmatched message is a few calls.
 */
import type { QueueStatus } from './actors/queue.js';
import type { ChatMessage } from './chat.js';

export interface ChannelIntake {
  readonly channel: string;
  readonly heard: number;
  readonly matched: number;
  readonly duplicates: number;
  readonly dropped: number;
  /** Monotonic milliseconds of the last message heard live; undefined before the first. */
  readonly lastHeardAt: number | undefined;
  /** Judges one message and, when it matches, queues it. */
  hear(message: ChatMessage): void;
  /** While held, what matched stays in the inbound queue (a gap is being filled). */
  hold(): void;
  /** Lets everything held go on, in the order of `createdAt`. */
  release(): void;
  queueStatus(): QueueStatus;
}

export interface Intake {
  channel(slug: string): ChannelIntake;
  /** Something arrived that should have been a chat message and could not be read. */
  malformed(channel: string | undefined, why: string): void;
}
