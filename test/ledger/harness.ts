/** An intake and a ledger over a real store, on a clock that stands still, with sinks that only take and remember. */
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { createActor } from 'xstate';
import { Account, imbalance, sinkImbalance } from '../../src/account.js';
import { createIntake } from '../../src/intake.js';
import { createLedger } from '../../src/ledger/store-ledger.js';
import type { Ledger, Outlet } from '../../src/ledger.js';
import { createRules } from '../../src/rules.js';
import { type Connect, openSqliteStore } from '../../src/store/sqlite.js';
import type { OutboxRow, Settlement, Store, StoreOptions } from '../../src/store.js';
import { folder, message, optionsIn } from '../store/material.js';
import { FakeClock } from '../support/fake-clock.js';

/** A sink's window as the ledger sees it: so much room, and behind that it spills and reads on when asked to look. */
export class TestOutlet implements Outlet {
  readonly sink: string;
  room: number;
  ages = true;
  inFlight: number[] = [];
  /** What it has in its window. */
  window: OutboxRow[] = [];
  /** Every number it was ever given, in order. */
  readonly given: number[] = [];
  looks = 0;
  #isSpilling = true;
  #cursor = 0;
  readonly #ledger: Ledger;

  constructor(sink: string, ledger: Ledger, room: number) {
    this.sink = sink;
    this.#ledger = ledger;
    this.room = room;
  }

  put(rows: readonly OutboxRow[]): number {
    if (this.#isSpilling) return 0;
    const entered = this.#enter(rows);
    this.#isSpilling = entered < rows.length;
    return entered;
  }

  spill(): void {
    this.#isSpilling = true;
  }

  expired(seqs: readonly number[]): void {
    this.window = this.window.filter(({ seq }) => !seqs.includes(seq));
  }

  look(): void {
    this.looks += 1;
    this.refill();
  }

  refill(): void {
    const free = this.room - this.window.length;
    if (!this.#isSpilling || free <= 0) return;
    const rows = this.#ledger.read(this.sink, this.#cursor, free);
    if (rows === 'down') return;
    this.#enter(rows);
    this.#isSpilling = rows.length >= free;
  }

  /** The texts in the window, oldest first. */
  texts(): string[] {
    return this.window.map(({ notification }) => notification.message.id);
  }

  /** Settles the `count` oldest in one end; gives what the ledger said. */
  settle(count: number, end: Settlement['end'] = 'delivered'): 'committed' | 'kept' | 'full' {
    const settled = this.window.slice(0, count);
    const answer = this.#ledger.settle(
      this.sink,
      settled.map(({ seq }) => ({ seq, end })),
    );
    if (answer === 'full') return answer;
    this.window = this.window.slice(settled.length);
    this.refill();
    return answer;
  }

  /** It forgets its window, and begins anew with what the store has. */
  crash(): void {
    this.#ledger.detach(this.sink);
    this.#ledger.crashed(this.sink, this.inFlight);
    this.inFlight = [];
    this.window = [];
    this.given.length = 0;
    this.#cursor = 0;
    this.#isSpilling = true;
    this.#ledger.attach(this);
  }

  #enter(rows: readonly OutboxRow[]): number {
    const entering = rows.slice(0, Math.max(0, this.room - this.window.length));
    this.window.push(...entering);
    this.given.push(...entering.map(({ seq }) => seq));
    this.#cursor = entering.at(-1)?.seq ?? this.#cursor;
    return entering.length;
  }
}

export interface RunOptions {
  readonly store?: StoreOptions;
  readonly sinks?: readonly string[];
  readonly queueLimit?: number;
  readonly archivesAll?: boolean;
  /** How the store connects to its file. */
  readonly connect?: Connect;
  /** Stands between the ledger and its store. */
  readonly around?: (store: Store, clock: FakeClock) => Store;
}

export function run(options: RunOptions = {}) {
  const { store = optionsIn(folder()), sinks = ['discord'], queueLimit = 500, archivesAll = false } = options;
  const clock = new FakeClock(1_700_000_000_000);
  const account = new Account();
  const lines: string[] = [];
  const say = (_: object, line: string) => void lines.push(line);
  const log = { debug: () => {}, info: say, warn: say, error: say };
  let opened: Store | undefined;
  const openStore = (which: StoreOptions) => {
    const real = openSqliteStore(which, options.connect);
    opened = options.around?.(real, clock) ?? real;
    return opened;
  };
  const ledger = createLedger({ world: { clock, random: () => 0.5, openStore }, store, account, log });
  const rules = createRules({
    watch: [{ username: 'bob', aliases: [], ignore: ['eve'] }],
    rules: [
      { name: 'me', match: ['mention'] },
      { name: 'often', match: { keywords: ['often'] }, cooldown: 60_000 },
    ],
    sinks,
  });
  const intake = createIntake({
    clock,
    rules,
    ledger,
    account,
    log,
    queueLimit,
    queueMaxBytes: 1024 ** 2,
    archivesAll,
  });
  const actor = createActor(ledger.logic, { clock });
  actor.start();
  clock.turn();
  onTestFinished(() => void ledger.close());
  const outlets: TestOutlet[] = [];
  return {
    options: store,
    clock,
    account,
    ledger,
    intake,
    lines,
    outlets,
    store: () => opened,
    hear: (id: string, text = 'hello @bob', channel = 'c1', username = 'Ann') =>
      intake
        .channel(channel)
        .hear(message(id, { text, channel, sender: { id: '7', username } }), clock.now()),
    /** A sink takes its place, with room for so many. */
    outlet(sink = 'discord', room = 500) {
      const outlet = new TestOutlet(sink, ledger, room);
      outlets.push(outlet);
      ledger.attach(outlet);
      return outlet;
    },
    /** Everything that was heard and every row is accounted for. */
    problems: () =>
      [imbalance(account), ...sinks.map((sink) => sinkImbalance(ledger.figures(sink)))].filter(
        (it) => it !== undefined,
      ),
  };
}

/** Another program writes to the store for so long as it is not let go. */
export function occupy({ path }: StoreOptions): { leave(): void } {
  const db = new Database(path);
  db.exec('BEGIN IMMEDIATE');
  let isOpen = true;
  const leave = () => {
    if (isOpen) db.close();
    isOpen = false;
  };
  onTestFinished(leave);
  return { leave };
}
