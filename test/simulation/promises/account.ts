/** What the account says of the present life, held against what that life heard and committed. */
import type { StatusDocument } from '../../../src/status.js';
import type { Message } from '../chat.js';
import type { Hearings } from './hearings.js';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verdict.js';

const HEARD = 'what is heard is accepted, waits, or is dropped and counted';
const ONCE = 'the same message once';

export class AccountCheck {
  readonly #hearings: Hearings;
  readonly #ledger: Ledger;
  readonly #verdict: Verdict;

  constructor(hearings: Hearings, ledger: Ledger, verdict: Verdict) {
    this.#hearings = hearings;
    this.#ledger = ledger;
    this.#verdict = verdict;
  }

  poll({ account }: StatusDocument): void {
    const { heard, malformed, unmatched, ignored, suppressed, dropped, waiting, accepted } = account;
    this.#most('heard', heard - malformed, this.#hearings.handed);
    this.#most(
      'unmatched',
      unmatched,
      this.#distinct((rules, { kind }) => rules.length === 0 && !isOwn(kind)),
    );
    this.#most(
      'ignored',
      ignored,
      this.#distinct((_, { kind }) => isOwn(kind)),
    );
    this.#most(
      'suppressed',
      suppressed,
      this.#distinct((rules) => rules.includes('words')),
    );
    this.#most(
      'accepted',
      accepted + waiting,
      this.#distinct((rules) => rules.length > 0),
    );
    const committed = this.#ledger.acceptedHere;
    this.#verdict.holds(
      'the account adds up',
      accepted === committed,
      () => `${accepted} counted as accepted, and ${committed} were committed`,
    );
    const open = this.#open();
    this.#verdict.holds(
      HEARD,
      open.length <= waiting + dropped,
      () =>
        `messages ${open.slice(0, 10).join(', ')} were heard; ${waiting} wait and ${dropped} were dropped`,
    );
  }

  #most(what: string, count: number, bound: number): void {
    this.#verdict.holds(ONCE, count <= bound, () => `${count} counted as ${what}, and ${bound} were heard`);
  }

  /** Surely heard, surely wanted, and not accepted. */
  #open(): number[] {
    const open: number[] = [];
    for (const [n, { isSure }] of this.#hearings.all()) {
      if (isSure && !this.#ledger.accepted.has(n) && this.#hearings.rules(n).includes('me')) open.push(n);
    }
    return open;
  }

  #distinct(isOne: (rules: readonly string[], message: Message) => boolean): number {
    let count = 0;
    for (const [n] of this.#hearings.all()) {
      if (isOne(this.#hearings.rules(n), this.#hearings.message(n))) count += 1;
    }
    return count;
  }
}

function isOwn(kind: Message['kind']): boolean {
  return kind === 'own' || kind === 'ignored';
}
