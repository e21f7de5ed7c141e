/**
 * The intake: what a source hands its messages to. Deduplicates, asks the rules, counts, and queues what
 * matched for the ledger. One object a channel, so that the way of an unmatched message is a few calls.
 */
import type { Account } from './account.js';
import { type QueueStatus, RingInboundQueue } from './actors/queue.js';
import type { ChatMessage, Notification } from './chat.js';
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
  /** Judges one message and, when it matches, queues it. It was read at this time (monotonic milliseconds). */
  hear(message: ChatMessage, at: number): void;
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
  /** Told of each message that matched, where somebody wants to know what was said. It must not throw. */
  readonly matched?: ((notification: Notification) => void) | undefined;
}

/** Message ids remembered to recognise a repeat, over all channels. */
const IDS_REMEMBERED = 20_000;
/** What a waiting message holds beside its texts, in bytes. */
const WAITING_OVERHEAD = 600;
/** Drops are said once in so long. */
const SAY_DROPS_MS = 60_000;

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
  /** What came while a gap is being filled; it goes on all at once, in the order in which it was written. */
  #held: RingInboundQueue<Waiting> | undefined;
  #saidDropsAt: number | undefined;

  constructor(channel: string, seen: SeenIds, options: IntakeOptions) {
    this.channel = channel;
    this.#seen = seen;
    this.#options = options;
    this.queue = this.#newQueue();
  }

  get duplicates(): number {
    return this.#counts.duplicates;
  }

  hear(message: ChatMessage, at: number): void {
    const { account, rules, archivesAll } = this.#options;
    if (!message.late) this.lastHeardAt = at;
    this.heard += 1;
    account.heard += 1;
    if (!this.#seen.add(message)) {
      this.#counts.duplicates += 1;
      account.duplicates += 1;
      return;
    }
    const verdict = rules.judge(message, at);
    if (verdict.kind === 'matched') {
      this.matched += 1;
      account.waiting += 1;
      this.#options.matched?.(verdict.notification);
    } else {
      account[verdict.kind] += 1;
      if (verdict.kind !== 'suppressed' && !archivesAll) return;
    }
    const { kind } = verdict;
    const counts = this.#counts;
    const waiting =
      'notification' in verdict
        ? { message, kind, notification: verdict.notification, counts }
        : { message, kind, counts };
    if (this.#held) this.#put(this.#held, waiting);
    else this.#goOn(waiting);
  }

  hold(): void {
    this.#held ??= this.#newQueue();
  }

  release(): void {
    const held = this.#held?.take(this.#held.size) ?? [];
    this.#held = undefined;
    held.sort((one, other) => one.message.createdAt - other.message.createdAt);
    for (const waiting of held) this.#goOn(waiting);
  }

  queueStatus(): QueueStatus {
    const status = this.queue.status();
    return { ...status, size: status.size + (this.#held?.size ?? 0) };
  }

  #goOn(waiting: Waiting): void {
    const { ledger } = this.#options;
    // A burst within one turn: the store is asked to keep up before anything is given up.
    const isFull = () => this.queue.size >= this.#options.queueLimit;
    if (isFull()) ledger.relieve();
    // What is only archived never drives out what somebody waits for.
    if (waiting.kind !== 'matched' && isFull()) {
      this.#drop(waiting);
      return;
    }
    this.#put(this.queue, waiting);
    ledger.arrived(this.queue);
  }

  #put(queue: RingInboundQueue<Waiting>, waiting: Waiting): void {
    for (const displaced of queue.put(waiting, bytesOf(waiting))) this.#drop(displaced);
  }

  /** The oldest had to go: counted, said, and forgotten, so that a gap fill may bring it back. */
  #drop(displaced: Waiting): void {
    const { account, clock, ledger, log } = this.#options;
    this.dropped += 1;
    account.dropped += 1;
    if (displaced.kind === 'matched') account.waiting -= 1;
    else account[displaced.kind] -= 1;
    if (!ledger.dropped(displaced)) this.#seen.forget(displaced.message);
    const now = clock.now();
    if (this.#saidDropsAt !== undefined && now - this.#saidDropsAt < SAY_DROPS_MS) return;
    this.#saidDropsAt = now;
    const text = `queue full (${this.channel}): dropping the oldest, ${this.dropped} so far`;
    log.warn({ actor: 'intake', channel: this.channel }, text);
  }

  #newQueue(): RingInboundQueue<Waiting> {
    const { clock, queueLimit: limit, queueMaxBytes: maxBytes } = this.#options;
    return new RingInboundQueue({ clock, limit, maxBytes });
  }
}

function bytesOf({ message }: Waiting): number {
  return WAITING_OVERHEAD + 2 * (message.text.length + (message.replyTo?.text?.length ?? 0));
}
