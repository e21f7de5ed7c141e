import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { type PoolEvent, poolMachine } from '../../machines/pool.js';

const LIMIT = 3;

function pool() {
  const actor = createActor(poolMachine, { input: { limit: LIMIT } }).start();
  return {
    state: () => {
      const { value } = actor.getSnapshot();
      return typeof value === 'string' ? value : value.open;
    },
    context: () => actor.getSnapshot().context,
    leases: () => actor.getSnapshot().hasTag('leases'),
    send: (event: PoolEvent) => actor.send(event),
    counted: (leased: number, waiting = 0) => actor.send({ type: 'pool.counted', leased, waiting }),
  };
}
type Pool = ReturnType<typeof pool>;

const led = (step: (it: Pool) => void, it = pool()): Pool => {
  step(it);
  return it;
};

const STATES = {
  idle: () => pool(),
  available: () => led((it) => it.counted(1)),
  saturated: () => led((it) => it.counted(LIMIT)),
  draining: () => led((it) => it.send({ type: 'pool.drained' }), STATES.available()),
  closed: () => led((it) => it.send({ type: 'pool.drained' })),
};
type State = keyof typeof STATES;

const EVENTS = {
  'nobody has a place': (it: Pool) => it.counted(0),
  'somebody has a place': (it: Pool) => it.counted(1),
  'every place is leased': (it: Pool) => it.counted(LIMIT),
  'somebody waits': (it: Pool) => it.counted(1, 1),
  'pool.drained': (it: Pool) => it.send({ type: 'pool.drained' }),
};
type Event = keyof typeof EVENTS;

const VERDICTS: Record<State, Record<Event, State | '-'>> = {
  // P2: told of numbers, it was opened.
  idle: {
    'nobody has a place': 'available',
    'somebody has a place': 'available',
    'every place is leased': 'saturated',
    'somebody waits': 'saturated',
    'pool.drained': 'closed',
  },
  // P3
  available: {
    'nobody has a place': '-',
    'somebody has a place': '-',
    'every place is leased': 'saturated',
    'somebody waits': 'saturated',
    'pool.drained': 'draining',
  },
  saturated: {
    'nobody has a place': 'available',
    'somebody has a place': 'available',
    'every place is leased': '-',
    'somebody waits': '-',
    'pool.drained': 'draining',
  },
  // P4
  draining: {
    'nobody has a place': 'closed',
    'somebody has a place': '-',
    'every place is leased': '-',
    'somebody waits': '-',
    'pool.drained': '-',
  },
  closed: {
    'nobody has a place': '-',
    'somebody has a place': '-',
    'every place is leased': '-',
    'somebody waits': '-',
    'pool.drained': '-',
  },
};

describe('pool: every state and event', () => {
  for (const state of Object.keys(VERDICTS) as State[]) {
    for (const event of Object.keys(EVENTS) as Event[]) {
      const verdict = VERDICTS[state][event];
      it(`${state} × ${event} → ${verdict === '-' ? 'stays' : verdict}`, () => {
        const subject = STATES[state]();
        expect(subject.state()).toBe(state);
        EVENTS[event](subject);
        expect(subject.state()).toBe(verdict === '-' ? state : verdict);
      });
    }
  }
});

describe('pool', () => {
  it('closes at once when it drains with every place back (P4)', () => {
    const it = STATES.available();
    it.counted(0);
    it.send({ type: 'pool.drained' });
    expect(it.state()).toBe('closed');
  });

  it('is saturated exactly while somebody waits or nothing is free, and never over its limit (P1, P3)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ leased: fc.nat(9), waiting: fc.nat(3) }), { minLength: 1 }),
        (told) => {
          const it = pool();
          for (const { leased, waiting } of told) {
            it.counted(leased, waiting);
            expect(it.context().leased).toBeLessThanOrEqual(LIMIT);
            expect(it.state()).toBe(waiting > 0 || leased >= LIMIT ? 'saturated' : 'available');
            expect(it.leases()).toBe(true);
          }
        },
      ),
    );
  });
});
