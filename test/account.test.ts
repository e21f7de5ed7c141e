import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Account, imbalance, sinkImbalance } from '../src/account.js';
import { StoreError } from '../src/errors.js';
import type { Settlement, Store, StoreOptions } from '../src/store.js';
import { run } from './ledger/harness.js';

describe('the account', () => {
  it('tells what is missing', () => {
    const account = new Account();
    account.heard = 7;
    account.malformed = account.duplicates = account.unmatched = account.ignored = 1;
    account.suppressed = account.dropped = account.waiting = 1;
    expect(imbalance(account)).toBeUndefined();
    account.accepted = 1;
    expect(imbalance(account.figures())).toBe('heard 7, accounted for 8');
  });

  it("tells what is missing of a sink's rows", () => {
    const figures = {
      pendingAtStart: 2,
      created: 3,
      reentered: 1,
      delivered: 3,
      dead: 1,
      expired: 1,
      pending: 1,
    };
    expect(sinkImbalance(figures)).toBeUndefined();
    expect(sinkImbalance({ ...figures, pending: 2 })).toBe('6 rows came, 7 are accounted for');
  });
});

/** A store that refuses to write whenever it is told to. */
function moody() {
  const mood = { refuses: false };
  const around = (store: Store): Store => {
    const moody = <A extends unknown[], R>(work: (...args: A) => R) => {
      return (...args: A): R => {
        if (mood.refuses) throw new StoreError('full', 'the disk is full');
        return work(...args);
      };
    };
    return Object.assign(store, {
      commit: moody(store.commit.bind(store)),
      probe: moody(store.probe.bind(store)),
      crashed: moody(store.crashed.bind(store)),
      expire: moody(store.expire.bind(store)),
      retry: moody(store.retry.bind(store)),
    });
  };
  return { mood, around };
}

type Step =
  | { do: 'hear'; id: number; text: string; channel: string; sender: string }
  | { do: 'settle'; sink: number; count: number; end: Settlement['end'] }
  | { do: 'send'; sink: number; count: number }
  | { do: 'advance'; ms: number }
  | { do: 'turn' | 'refuse' | 'relent' | 'restart' | 'retry' | 'expire' | 'malformed' }
  | { do: 'hold' | 'release'; channel: string }
  | { do: 'crash'; sink: number };

const channel = fc.constantFrom('c1', 'c2');
const sink = fc.integer({ min: 0, max: 1 });
const count = fc.integer({ min: 1, max: 5 });
const hearing = fc.record({
  do: fc.constant('hear' as const),
  id: fc.integer({ min: 0, max: 40 }),
  text: fc.constantFrom('hello @bob', 'hello @bob', 'nothing', 'so often'),
  channel,
  sender: fc.constantFrom('Ann', 'Ann', 'Ann', 'eve'),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: hearing },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('settle' as const),
        sink,
        count,
        end: fc.constantFrom('delivered', 'delivered', 'dead'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('send' as const), sink, count }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 60_000 }) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom('turn', 'turn', 'refuse', 'relent', 'restart', 'retry', 'expire', 'malformed'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('hold', 'release'), channel }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), sink }) },
  ),
  { minLength: 1, maxLength: 120, size: 'max' },
);

const LIMITS = new Map(['discord', 'database'].map((name) => [name, { maxAgeMs: 30_000, maxPending: 20 }]));

describe('whatever happens', () => {
  it('the account and the figures of every sink add up, and are what the store has', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (script, archivesAll) => {
        const { mood, around } = moody();
        const start = (store?: StoreOptions) => {
          const it = run({
            sinks: ['discord', 'database'],
            queueLimit: 5,
            archivesAll,
            around,
            ...(store && { store }),
          });
          it.outlet('discord', 8);
          it.outlet('database', 2);
          return it;
        };
        let it = start();
        for (const step of script) {
          it = play(it, step, mood, start);
          expect(it.problems()).toEqual([]);
          for (const { given } of it.outlets) expect([...given].sort((a, b) => a - b)).toEqual(given);
        }
        mood.refuses = false;
        for (const slug of ['c1', 'c2']) it.intake.channel(slug).release();
        it.clock.advance(20_000);
        expect(it.ledger.state).toBe('ready');
        expect(it.account.waiting).toBe(0);
        for (const outlet of it.outlets) {
          outlet.settle(outlet.inFlight.length);
          const stored = it.store()?.pending().get(outlet.sink)?.count ?? 0;
          expect(it.ledger.figures(outlet.sink).pending).toBe(stored);
          for (let left = 200; left > 0 && outlet.window.length > 0; left -= 1) outlet.settle(5);
          expect(it.ledger.figures(outlet.sink).pending).toBe(0);
        }
        expect(it.ledger.stats().pending).toBe(0);
        expect(it.problems()).toEqual([]);
        it.ledger.close();
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});

type Run = ReturnType<typeof run>;

function play(it: Run, step: Step, mood: { refuses: boolean }, start: (store: StoreOptions) => Run): Run {
  const outlet = 'sink' in step ? it.outlets[step.sink] : undefined;
  switch (step.do) {
    case 'hear':
      it.hear(`m${step.id}`, step.text, step.channel, step.sender);
      break;
    case 'settle':
      // What is under way ends first: a sink has one request at a time.
      outlet?.settle(outlet.inFlight.length > 0 ? outlet.inFlight.length : step.count, step.end);
      if (outlet) outlet.inFlight = [];
      break;
    case 'send':
      if (outlet?.inFlight.length === 0)
        outlet.inFlight = outlet.window.slice(0, step.count).map(({ seq }) => seq);
      break;
    case 'advance':
      it.clock.advance(step.ms);
      break;
    case 'turn':
      it.clock.turn();
      break;
    case 'refuse':
      mood.refuses = true;
      break;
    case 'relent':
      mood.refuses = false;
      break;
    case 'restart':
      it.ledger.close();
      expect(it.problems()).toEqual([]);
      return start(it.options);
    case 'retry':
      if (!mood.refuses && it.ledger.state === 'ready') it.ledger.retry('all');
      break;
    case 'expire':
      it.ledger.expire(LIMITS);
      break;
    case 'malformed':
      it.intake.malformed('c1', 'no JSON');
      break;
    case 'hold':
      it.intake.channel(step.channel).hold();
      break;
    case 'release':
      it.intake.channel(step.channel).release();
      break;
    case 'crash':
      outlet?.crash();
      break;
  }
  return it;
}
