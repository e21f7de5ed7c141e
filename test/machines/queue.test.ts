import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { type QueueEvent, type QueueInput, queueMachine } from '../../machines/queue.js';

const LIMIT = 3;

function queue(overflow: QueueInput['overflow'] = 'spill') {
  const actor = createActor(queueMachine, { input: { limit: LIMIT, overflow } });
  actor.start();
  const counts = (size: number) => ({ size, put: size, taken: 0, dropped: 0, highWater: size });
  return {
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    appends: () => actor.getSnapshot().hasTag('appends'),
    send: (event: QueueEvent) => actor.send(event),
    counted: (size: number) => actor.send({ type: 'queue.counted', ...counts(size) }),
    refilled: (size: number) => actor.send({ type: 'queue.refilled', ...counts(size) }),
  };
}
type Queue = ReturnType<typeof queue>;

const led = (step: (it: Queue) => void, it = queue()): Queue => {
  step(it);
  return it;
};

const STATES = {
  empty: () => queue(),
  flowing: () => led((it) => it.counted(1)),
  full: () => led((it) => it.counted(LIMIT)),
  spilling: () => led((it) => it.send({ type: 'queue.overflowed' }), STATES.full()),
  draining: () => led((it) => it.send({ type: 'queue.drained' }), STATES.flowing()),
  closed: () => led((it) => it.send({ type: 'queue.closed' })),
};
type State = keyof typeof STATES;

const EVENTS = {
  'counted: none': (it: Queue) => it.counted(0),
  'counted: some': (it: Queue) => it.counted(1),
  'counted: all': (it: Queue) => it.counted(LIMIT),
  'queue.overflowed': (it: Queue) => it.send({ type: 'queue.overflowed' }),
  'refilled: none': (it: Queue) => it.refilled(0),
  'refilled: some': (it: Queue) => it.refilled(2),
  'refilled: all': (it: Queue) => it.refilled(LIMIT),
  'queue.drained': (it: Queue) => it.send({ type: 'queue.drained' }),
  'queue.closed': (it: Queue) => it.send({ type: 'queue.closed' }),
};
type Event = keyof typeof EVENTS;

const row = (...verdicts: (State | '-')[]): Record<Event, State | '-'> => {
  const names = Object.keys(EVENTS) as Event[];
  return Object.fromEntries(names.map((name, index) => [name, verdicts[index] ?? '-'])) as Record<
    Event,
    State | '-'
  >;
};

/** Columns: counted none, some, all; overflowed; refilled none, some, all; drained; closed. */
const VERDICTS: Record<State, Record<Event, State | '-'>> = {
  empty: row('-', 'flowing', 'full', 'spilling', '-', '-', '-', 'closed', 'closed'),
  flowing: row('empty', '-', 'full', 'spilling', '-', '-', '-', 'draining', 'closed'),
  full: row('empty', 'flowing', '-', 'spilling', '-', '-', '-', 'draining', 'closed'),
  // Q3: numbers alone do not end the spilling; a short refill does.
  spilling: row('-', '-', '-', '-', 'empty', 'flowing', 'full', 'draining', 'closed'),
  // Q4: what drains only empties.
  draining: row('closed', '-', '-', '-', '-', '-', '-', '-', 'closed'),
  closed: row('-', '-', '-', '-', '-', '-', '-', '-', '-'),
};

describe('queue: every state and event', () => {
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

describe('queue', () => {
  it('appends in no state that spills, drains or is closed (Q3, Q4)', () => {
    const appends = Object.fromEntries(
      (Object.keys(STATES) as State[]).map((state) => [state, STATES[state]().appends()]),
    );
    expect(appends).toEqual({
      empty: true,
      flowing: true,
      full: true,
      spilling: false,
      draining: false,
      closed: false,
    });
  });

  it('never spills when it drops (Q2)', () => {
    const it = queue('dropOldest');
    it.counted(LIMIT);
    it.send({ type: 'queue.overflowed' });
    expect(it.state()).toBe('full');
  });

  it('keeps its numbers within its bounds whatever it is told (Q1, Q6)', () => {
    const number = fc.nat(20);
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: number, highWater: number, put: number, taken: number, dropped: number })),
        (told) => {
          const it = queue();
          let highWater = 0;
          for (const counts of told) {
            it.send({ type: 'queue.counted', ...counts });
            const { context } = it;
            expect(context().size).toBeLessThanOrEqual(LIMIT);
            expect(context().highWater).toBeGreaterThanOrEqual(highWater);
            expect(context().highWater).toBeLessThanOrEqual(LIMIT);
            highWater = context().highWater;
            expect(context().size === 0).toBe(it.state() === 'empty');
          }
        },
      ),
    );
  });
});
