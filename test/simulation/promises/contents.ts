/** What the store's file really holds, read beside the daemon: each row that is pending, and each that was given up. */
import type Database from 'better-sqlite3';
import type { StatusDocument } from '../../../src/status.js';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verdict.js';

const HOLDS = 'the store holds what was committed';
const ADDS_UP = 'the account adds up';

export class Contents {
  readonly #ledger: Ledger;
  readonly #verdict: Verdict;
  /** Of the connection that is looked at; each has its own. */
  #sql: ReturnType<typeof statementsOf> | undefined;
  #db: Database.Database | undefined;

  constructor(ledger: Ledger, verdict: Verdict) {
    this.#ledger = ledger;
    this.#verdict = verdict;
  }

  /** `db`: as the daemon has it open; nothing is looked at while it has not. */
  look(db: Database.Database | undefined, { store }: Pick<StatusDocument, 'store'>): void {
    if (!db?.open || !this.#ledger.isOpen) return;
    if (this.#db !== db) {
      this.#db = db;
      this.#sql = statementsOf(db);
    }
    const held = this.#sql?.held.get();
    if (held === undefined) return;
    const pending = this.#pending();
    this.#holds('rows in the outbox', held.rows, pending.rows);
    this.#holds('all their numbers together', held.numbers, pending.numbers);
    this.#holds('all their times together', held.times, pending.times);
    this.#holds('dead letters', held.dead, this.#ledger.buried.size);
    this.#holds(
      'messages in the archive',
      held.archived,
      this.#ledger.accepted.size + this.#ledger.archived.size,
    );
    const says = `${store.pending} pending, ${store.notifications} notifications`;
    this.#verdict.holds(
      ADDS_UP,
      store.state === 'closed' || (store.pending === held.rows && store.notifications === held.notifications),
      () => `the status says ${says} in the store; there are ${held.rows} and ${held.notifications}`,
    );
  }

  #holds(what: string, count: number, should: number): void {
    this.#verdict.holds(HOLDS, count === should, () => `${what}: ${count}, and should be ${should}`);
  }

  #pending(): Pick<Held, 'rows' | 'numbers' | 'times'> {
    const sums = { rows: 0, numbers: 0, times: 0 };
    for (const rows of this.#ledger.pending.values()) {
      sums.rows += rows.size;
      for (const { seq, acceptedAt } of rows.values()) {
        sums.numbers += seq;
        sums.times += acceptedAt;
      }
    }
    return sums;
  }
}

interface Held {
  readonly rows: number;
  readonly numbers: number;
  readonly times: number;
  readonly dead: number;
  readonly archived: number;
  readonly notifications: number;
}

function statementsOf(db: Database.Database) {
  return {
    held: db.prepare<[], Held>(`
      SELECT * FROM (SELECT count(*) AS rows, total(seq) AS numbers, total(accepted_at) AS times FROM outbox),
        (SELECT count(*) AS dead FROM dead),
        (SELECT count(*) AS archived, count(notice) AS notifications FROM archive)`),
  };
}
