/** A row ends only for a reason: refused for good, three crashes, its age, or too many before it. */
import type { OutboxRow, Settlement } from '../../../src/store.js';
import { type Chat, numberOfId } from '../chat.js';
import type { Timeline } from '../timeline.js';
import type { Deliveries } from './deliveries.js';
import type { Ledger, Row } from './ledger.js';
import type { Patience } from './patience.js';
import type { Verdict } from './verdict.js';

export interface EndsParts {
  readonly ledger: Ledger;
  readonly chat: Chat;
  readonly deliveries: Deliveries;
  readonly patience: Patience;
  /** By sink, milliseconds and rows. */
  readonly rules: ReadonlyMap<string, { readonly maxAge: number; readonly maxPending: number }>;
  readonly timeline: Timeline;
  readonly verdict: Verdict;
}

const CRASHES_MAX = 3;
/** So many rows expire at a time. */
const CHUNK = 500;
/** Every 10 s, and a little. */
const LOOKED_EVERY_MS = 11_000;
const REASON = 'a row ends only for a reason';
const IN_TIME = 'what is too old or too many expires in time';
const ARRIVED = 'what counts as delivered has arrived';
const POISON = 'one poisonous message never takes a sink down for good';

export class Ends {
  readonly #parts: EndsParts;
  /** How often each message could not be printed. */
  readonly #failures = new Map<string, number>();
  /** By number, in how many crashes each row was out. */
  readonly #crashes = new Map<number, number>();
  /** Crashes that may not have been written down: the process died, or the disk refused. */
  #lost = 0;
  #lookedAt = 0;

  constructor(parts: EndsParts) {
    this.#parts = parts;
  }

  died(): void {
    this.#lost += 1;
  }

  /** The sink crashed with these rows out, and the store has counted it: it gave those that are dead letters now. */
  crashed(seqs: readonly number[], gave: readonly number[]): void {
    const { ledger, verdict } = this.#parts;
    for (const seq of seqs) {
      if (ledger.rows.get(seq)?.end !== undefined) continue;
      const crashes = (this.#crashes.get(seq) ?? 0) + 1;
      this.#crashes.set(seq, crashes);
      verdict.holds(
        POISON,
        gave.includes(seq) === crashes >= CRASHES_MAX,
        () =>
          `row ${seq} was out in ${crashes} crashes, and is ${gave.includes(seq) ? '' : 'not '}a dead letter`,
      );
    }
  }

  /** A sink sends these messages in one request. */
  sends(sink: string, messages: readonly number[]): void {
    if (messages.length < 2) return;
    const { ledger, verdict } = this.#parts;
    const suspect = messages.find((n) => this.#crashes.has(ledger.rowOf(sink, n)?.seq ?? 0));
    verdict.holds(
      'what was out in a crash goes alone',
      suspect === undefined,
      () => `${sink} sends messages ${messages.join(', ')}, and message ${suspect} was out in a crash`,
    );
  }

  /** Tried again by hand, it begins anew. */
  reentered(rows: readonly OutboxRow[]): void {
    for (const { sink, notification } of rows)
      this.#failures.delete(`${sink}/${numberOfId(notification.message.id)}`);
  }

  printFailed(sink: string, messages: readonly number[]): void {
    const { ledger, verdict } = this.#parts;
    if (ledger.refusesSince !== undefined) this.#lost += 1;
    for (const n of messages) {
      const key = `${sink}/${n}`;
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      const isFresh = ledger.refusals === 0;
      verdict.holds(
        POISON,
        !isFresh || failures <= CRASHES_MAX + this.#lost,
        () => `${sink} crashed ${failures} times with message ${n}`,
      );
    }
  }

  settled({ seq, end }: Settlement): void {
    const { ledger, chat, deliveries, verdict } = this.#parts;
    const row = ledger.rows.get(seq);
    if (row === undefined) return;
    if (end === 'delivered') {
      const { sink, message } = row;
      verdict.holds(
        ARRIVED,
        deliveries.times(sink, message) > 0,
        () => `row ${seq} (message ${message} for ${sink}) ends as delivered, and nobody has it`,
      );
    }
    if (end !== 'dead') return;
    const isPoison = chat.of(row.message).poisons.has(row.sink);
    verdict.holds(
      REASON,
      isPoison,
      () =>
        `row ${seq} (message ${row.message} for ${row.sink}) is a dead letter, and nothing is wrong with it`,
    );
  }

  /** By the configuration, the daemon's clock and what is under way: just the rows that are due expire. */
  expires(at: number, gave: ReadonlyMap<string, readonly number[]>): void {
    const { ledger, rules, timeline } = this.#parts;
    this.#lookedAt = timeline.now;
    for (const [sink, { maxAge, maxPending }] of rules) {
      const seqs = gave.get(sink) ?? [];
      // What was numbered while the store was down is committed room by room.
      const rows = [...ledger.pendingOf(sink).values()]
        .sort((one, other) => one.seq - other.seq)
        .slice(0, CHUNK);
      const tooMany = ledger.pendingOf(sink).size - maxPending;
      for (const [index, row] of rows.entries()) {
        if (seqs.includes(row.seq)) this.#isDue(row, at, maxAge, index < tooMany);
        else this.#isNotDue(row, at, maxAge, index < tooMany);
      }
      for (const seq of seqs) ledger.settled(seq, 'expired');
    }
  }

  /** It is looked for what expires again and again, while the store can be asked. `since`: when that began. */
  isLookedFor(since: number): void {
    const { timeline, verdict } = this.#parts;
    const looked = Math.max(this.#lookedAt, since);
    verdict.holds(
      IN_TIME,
      timeline.now - looked <= LOOKED_EVERY_MS,
      () => `nobody looked for what is too old since ${(looked / 1_000).toFixed(1)} s`,
    );
  }

  #isNotDue(
    { seq, sink, message, acceptedAt }: Row,
    at: number,
    maxAgeMs: number,
    isCrowdedOut: boolean,
  ): void {
    const { verdict, deliveries, patience } = this.#parts;
    const isOld = at - acceptedAt > maxAgeMs && !patience.isRefused(sink);
    const isKept = deliveries.isSending(sink, message) || deliveries.isAcknowledged(sink, message);
    verdict.holds(
      IN_TIME,
      isKept || !(isOld || isCrowdedOut),
      () =>
        `row ${seq} of ${sink} waits for ${(at - acceptedAt) / 1_000} s${isCrowdedOut ? ' with too many after it' : ''}, and stays`,
    );
  }

  #isDue({ seq, sink, message, acceptedAt }: Row, at: number, maxAgeMs: number, isCrowdedOut: boolean): void {
    const { verdict, deliveries, patience } = this.#parts;
    const isOld = at - acceptedAt > maxAgeMs;
    verdict.holds(
      REASON,
      isOld || isCrowdedOut,
      () => `row ${seq} of ${sink} expires after ${(at - acceptedAt) / 1_000} s`,
    );
    verdict.holds(
      REASON,
      !deliveries.isSending(sink, message),
      () => `row ${seq} of ${sink} expires while it is out`,
    );
    verdict.holds(
      REASON,
      !deliveries.isAcknowledged(sink, message),
      () => `row ${seq} of ${sink} expires, and it has arrived`,
    );
    verdict.holds(
      REASON,
      isCrowdedOut || !patience.isRefused(sink),
      () => `row ${seq} expires while ${sink} waits for a person`,
    );
  }
}
