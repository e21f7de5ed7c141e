/**
 * The intake: what a source hands its messages to. Deduplicates, asks the rules, counts, and queues what
 * matched for the ledger. One object a channel, so that the way of an unmatched message is a few calls.
 */
import type { Account } from './account.js';
import { type QueueStatus, RingInboundQueue } from './actors/queue.js';
import { type ChatMessage, dedupeKey } from './chat.js';
import type { IntakeLedger, Waiting } from './ledger.js';
import type { Log } from './log.js';
import type { Rules } from './rules.js';
import { SeenIds } from './sources/dedupe.js';
import type { Clock } from './world.js';

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

export interface IntakeOptions {
  readonly clock: Clock;
  readonly rules: Rules;
  readonly ledger: IntakeLedger;
  readonly account: Account;
  readonly log: Log;
  /** Items and bytes of one channel's inbound queue. */
  readonly queueLimit: number;
  readonly queueMaxBytes: number;
  /** `archive: all`: what matched nothing is archived as well. */
  readonly archivesAll: boolean;
}

/** Message ids remembered to recognise a repeat. */
const IDS_REMEMBERED = 20_000;
/** What a waiting message holds beside its text, in bytes. */
const WAITING_OVERHEAD = 600;

export function createIntake(
  options: IntakeOptions,
): Intake & { readonly queues: readonly RingInboundQueue<Waiting>[] } {
  const { account, log } = options;
  const seen = new SeenIds(IDS_REMEMBERED);
  const channels = new Map<string, InboundChannel>();
  return {
    channel(slug) {
      const known = channels.get(slug);
      if (known) return known;
      const created = new InboundChannel(slug, seen, options);
      channels.set(slug, created);
      return created;
    },
    malformed(channel, why) {
      account.heard += 1;
      account.malformed += 1;
      log.debug({ actor: 'intake', channel }, `malformed: ${why}`);
    },
    get queues() {
      return [...channels.values()].map(({ queue }) => queue);
    },
  };
}

class InboundChannel implements ChannelIntake {
  readonly channel: string;
  readonly queue: RingInboundQueue<Waiting>;
  heard = 0;
  matched = 0;
  dropped = 0;
  lastHeardAt: number | undefined;
  readonly #counts = { duplicates: 0 };
  readonly #seen: SeenIds;
  readonly #options: IntakeOptions;
  #isHeld = false;

  constructor(channel: string, seen: SeenIds, options: IntakeOptions) {
    this.channel = channel;
    this.#seen = seen;
    this.#options = options;
    const { clock, queueLimit: limit, queueMaxBytes: maxBytes } = options;
    this.queue = new RingInboundQueue({ clock, limit, maxBytes });
  }

  get duplicates(): number {
    return this.#counts.duplicates;
  }

  hear(message: ChatMessage): void {
    const { account, rules, clock, archivesAll } = this.#options;
    const now = clock.now();
    if (!message.late) this.lastHeardAt = now;
    this.heard += 1;
    account.heard += 1;
    if (!this.#seen.add(dedupeKey(message))) {
      this.#counts.duplicates += 1;
      account.duplicates += 1;
      return;
    }
    const verdict = rules.judge(message, now);
    if (verdict.kind === 'matched') {
      this.matched += 1;
      account.waiting += 1;
    } else {
      account[verdict.kind] += 1;
      if (verdict.kind !== 'suppressed' && !archivesAll) return;
    }
    this.#wait(
      'notification' in verdict
        ? { message, kind: verdict.kind, notification: verdict.notification, counts: this.#counts }
        : { message, kind: verdict.kind, counts: this.#counts },
    );
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const held = this.queue.take(this.queue.size);
    held.sort((a, b) => a.message.createdAt - b.message.createdAt);
    for (const waiting of held) this.queue.put(waiting, bytesOf(waiting));
    if (held.length > 0) this.#options.ledger.arrived(this.queue);
  }

  queueStatus(): QueueStatus {
    return this.queue.status();
  }

  #wait(waiting: Waiting): void {
    const displaced = this.queue.put(waiting, bytesOf(waiting));
    if (displaced.length > 0) this.#drop(displaced);
    if (!this.#isHeld) this.#options.ledger.arrived(this.queue);
  }

  /** The oldest had to go: counted, said, and no longer known, so that a gap fill may bring it back. */
  #drop(displaced: readonly Waiting[]): void {
    const { account, log } = this.#options;
    if (this.dropped === 0) {
      log.warn(
        { actor: 'intake', channel: this.channel },
        `queue full (${this.channel}): dropping the oldest`,
      );
    }
    for (const { message, kind } of displaced) {
      this.#seen.forget(dedupeKey(message));
      this.dropped += 1;
      if (kind === 'matched') account.waiting -= 1;
      else account[kind] -= 1;
      account.dropped += 1;
    }
  }
}

function bytesOf({ message }: Waiting): number {
  return WAITING_OVERHEAD + 2 * (message.text.length + (message.replyTo?.text?.length ?? 0));
}
