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
    const most = this.#count();
    this.#most('unmatched', unmatched, most.unmatched);
    this.#most('ignored', ignored, most.ignored);
    this.#most('suppressed', suppressed, most.suppressed);
    this.#most('accepted', accepted + waiting, most.accepted);
    const committed = this.#ledger.acceptedHere;
    this.#verdict.holds(
      'the account adds up',
      accepted === committed,
      () => `${accepted} counted as accepted, and ${committed} were committed`,
    );
    const open = [...this.#hearings.owed(this.#ledger.accepted)].map(([n]) => n);
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

  /** What the messages that were heard may have come to, at most. */
  #count() {
    const most = { unmatched: 0, ignored: 0, suppressed: 0, accepted: 0 };
    for (const [n] of this.#hearings.all()) {
      const rules = this.#hearings.rules(n);
      if (isOwn(this.#hearings.message(n).kind)) most.ignored += 1;
      else if (rules.length === 0) most.unmatched += 1;
      if (rules.includes('words')) most.suppressed += 1;
      if (rules.length > 0) most.accepted += 1;
    }
    return most;
  }
}

function isOwn(kind: Message['kind']): boolean {
  return kind === 'own' || kind === 'ignored';
}
