/** A row ends only for a reason: refused for good, three crashes, its age, or too many before it. */
import type { Settlement } from '../../../src/store.js';
import type { Chat } from '../chat.js';
import type { Deliveries } from './deliveries.js';
import type { Ledger, Row } from './ledger.js';
import type { Patience } from './patience.js';
import type { Verdict } from './verdict.js';

export interface EndsParts {
  readonly ledger: Ledger;
  readonly chat: Chat;
  readonly deliveries: Deliveries;
  readonly patience: Patience;
  readonly verdict: Verdict;
}

const CRASHES_MAX = 3;
const REASON = 'a row ends only for a reason';
const POISON = 'one poisonous message never takes a sink down for good';

export class Ends {
  readonly #parts: EndsParts;
  /** How often each message could not be printed. */
  readonly #failures = new Map<string, number>();
  /** Crashes that may not have been written down: the process died, or the disk refused. */
  #lost = 0;

  constructor(parts: EndsParts) {
    this.#parts = parts;
  }

  died(): void {
    this.#lost += 1;
  }

  printFailed(sink: string, messages: readonly number[]): void {
    const { ledger, verdict } = this.#parts;
    if (ledger.refusesSince !== undefined) this.#lost += 1;
    for (const n of messages) {
      const key = `${sink}/${n}`;
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      // Tried again by hand, it begins anew.
      const isFresh = ledger.sums(sink).reentered === 0 && ledger.refusals === 0;
      verdict.holds(
        POISON,
        !isFresh || failures <= CRASHES_MAX + this.#lost,
        () => `${sink} crashed ${failures} times with message ${n}`,
      );
    }
  }

  settled({ seq, end }: Settlement): void {
    const { ledger, chat, verdict } = this.#parts;
    const row = ledger.rows.get(seq);
    if (row === undefined || end !== 'dead') return;
    const isPoison = chat.of(row.message).poisons.has(row.sink);
    verdict.holds(
      REASON,
      isPoison,
      () =>
        `row ${seq} (message ${row.message} for ${row.sink}) is a dead letter, and nothing is wrong with it`,
    );
  }

  expired(
    sink: string,
    seqs: readonly number[],
    at: number,
    rule: { readonly maxAgeMs: number; readonly maxPending: number } | undefined,
  ): void {
    const { ledger } = this.#parts;
    const waiting = ledger.pendingOf(sink).size;
    const tooMany = Math.max(0, waiting - (rule?.maxPending ?? 0));
    for (const [index, seq] of seqs.entries()) {
      const row = ledger.rows.get(seq);
      if (row !== undefined) this.#isDue(row, at, rule?.maxAgeMs ?? 0, index < tooMany);
      ledger.settled(seq, 'expired');
    }
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
      isCrowdedOut || !patience.isRefused(sink),
      () => `row ${seq} expires while ${sink} waits for a person`,
    );
  }
}
