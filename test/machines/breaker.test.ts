import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { type BreakerEvent, type BreakerInput, breakerMachine } from '../../machines/breaker.js';
import { FakeClock } from '../support/fake-clock.js';

const INPUT: BreakerInput = {
  failuresMax: 3,
  recoveryMs: 1_000,
  recoveryMaxMs: 8_000,
  probeMs: 500,
  seed: 1,
  at: 0,
};

function breaker(input: Partial<BreakerInput> = {}) {
  const clock = new FakeClock();
  const actor = createActor(breakerMachine, { clock, input: { ...INPUT, ...input } });
  const turned: string[] = [];
  actor.on('breaker.turned', ({ to }) => turned.push(to));
  actor.start();
  const context = () => actor.getSnapshot().context;
  const report = (
    type: 'call.succeeded' | 'call.failed' | 'call.ignored',
    generation = context().generation,
  ) => actor.send({ type, at: clock.now(), generation });
  const state = () => {
    const { value } = actor.getSnapshot();
    return typeof value === 'string' ? value : 'isolated';
  };
  return {
    clock,
    turned,
    context,
    report,
    state,
    admits: () => actor.getSnapshot().hasTag('admits'),
    probe: () => actor.send({ type: 'probe.started', at: clock.now() }),
    send: (event: BreakerEvent) => actor.send(event),
    hand: (type: 'breaker.released' | 'breaker.reset') => actor.send({ type, at: clock.now() }),
    isolate: (forMs: number | null = null) =>
      actor.send({ type: 'breaker.isolated', at: clock.now(), forMs }),
    /** Lets the running wait, lease or isolation run out. */
    waitOut: () => clock.advance(context().dueAt - clock.now()),
  };
}
type Breaker = ReturnType<typeof breaker>;

const STATES = {
  closed: () => breaker(),
  open: () => {
    const it = breaker();
    for (let count = 0; count < 3; count += 1) it.report('call.failed');
    return it;
  },
  halfOpen: () => {
    const it = STATES.open();
    it.waitOut();
    return it;
  },
  probing: () => {
    const it = STATES.halfOpen();
    it.probe();
    return it;
  },
  isolated: () => {
    const it = breaker();
    it.isolate();
    return it;
  },
  isolatedForATime: () => {
    const it = breaker();
    it.isolate(700);
    return it;
  },
};
type State = keyof typeof STATES;
type Shown = Exclude<State, 'isolatedForATime'>;

const EVENTS = {
  'call.succeeded': (it: Breaker) => it.report('call.succeeded'),
  'call.failed': (it: Breaker) => it.report('call.failed'),
  'call.ignored': (it: Breaker) => it.report('call.ignored'),
  'a stale success': (it: Breaker) => it.report('call.succeeded', it.context().generation - 1),
  'a stale failure': (it: Breaker) => it.report('call.failed', it.context().generation - 1),
  'probe.started': (it: Breaker) => it.probe(),
  'breaker.isolated': (it: Breaker) => it.isolate(),
  'breaker.released': (it: Breaker) => it.hand('breaker.released'),
  'breaker.reset': (it: Breaker) => it.hand('breaker.reset'),
  'its time is up': (it: Breaker) => it.waitOut(),
} satisfies Record<string, (it: Breaker) => void> & Record<BreakerEvent['type'], (it: Breaker) => void>;
type Event = keyof typeof EVENTS;

/** What each event makes of each state; '-' leaves it as it is. */
const VERDICTS: Record<State, Record<Event, Shown | '-'>> = {
  closed: {
    'call.succeeded': '-',
    'call.failed': '-', // The first of three.
    'call.ignored': '-', // B5
    'a stale success': '-',
    'a stale failure': '-', // B1
    'probe.started': '-',
    'breaker.isolated': 'isolated',
    'breaker.released': '-',
    'breaker.reset': 'closed',
    'its time is up': '-',
  },
  open: {
    'call.succeeded': '-', // B6: admitted before, or not at all.
    'call.failed': '-', // B7
    'call.ignored': '-',
    'a stale success': '-',
    'a stale failure': '-',
    'probe.started': '-', // B7
    'breaker.isolated': 'isolated',
    'breaker.released': '-',
    'breaker.reset': 'closed',
    'its time is up': 'halfOpen',
  },
  halfOpen: {
    'call.succeeded': '-', // B6: only a probe's evidence counts.
    'call.failed': '-',
    'call.ignored': '-',
    'a stale success': '-',
    'a stale failure': '-',
    'probe.started': 'probing',
    'breaker.isolated': 'isolated',
    'breaker.released': '-',
    'breaker.reset': 'closed',
    'its time is up': '-',
  },
  probing: {
    'call.succeeded': 'closed',
    'call.failed': 'open',
    'call.ignored': 'halfOpen', // B5
    'a stale success': '-', // B1
    'a stale failure': '-',
    'probe.started': '-', // B2
    'breaker.isolated': 'isolated',
    'breaker.released': '-',
    'breaker.reset': 'closed',
    'its time is up': 'open', // B4
  },
  isolated: {
    'call.succeeded': '-',
    'call.failed': '-',
    'call.ignored': '-',
    'a stale success': '-',
    'a stale failure': '-',
    'probe.started': '-',
    'breaker.isolated': 'isolated',
    'breaker.released': 'halfOpen',
    'breaker.reset': 'closed',
    'its time is up': '-', // B12
  },
  isolatedForATime: {
    'call.succeeded': '-',
    'call.failed': '-',
    'call.ignored': '-',
    'a stale success': '-',
    'a stale failure': '-',
    'probe.started': '-',
    'breaker.isolated': 'isolated',
    'breaker.released': 'halfOpen',
    'breaker.reset': 'closed',
    'its time is up': 'halfOpen', // B12: its own timer.
  },
};

describe('breaker: every state and event', () => {
  for (const state of Object.keys(VERDICTS) as State[]) {
    for (const event of Object.keys(EVENTS) as Event[]) {
      const verdict = VERDICTS[state][event];
      it(`${state} × ${event} → ${verdict === '-' ? 'stays' : verdict}`, () => {
        const subject = STATES[state]();
        const before = subject.state();
        EVENTS[event](subject);
        expect(subject.state()).toBe(verdict === '-' ? before : verdict);
      });
    }
  }
});

describe('breaker', () => {
  it('opens at the last straw; a success in between starts the count afresh', () => {
    const it = breaker();
    it.report('call.failed');
    it.report('call.failed');
    it.report('call.succeeded');
    it.report('call.failed');
    it.report('call.failed');
    expect(it.state()).toBe('closed');
    it.report('call.failed');
    expect(it.state()).toBe('open');
  });

  it('stays open to the last millisecond of its wait (B7)', () => {
    const it = STATES.open();
    const { dueAt, openedAt } = it.context();
    expect(dueAt - openedAt).toBeGreaterThanOrEqual(1_000);
    it.clock.advance(dueAt - it.clock.now() - 1);
    expect(it.state()).toBe('open');
    it.clock.advance(1);
    expect(it.state()).toBe('halfOpen');
  });

  it('waits longer with each trip, up to the cap, and starts afresh once closed (B9)', () => {
    const it = STATES.open();
    const waits: number[] = [];
    for (let trip = 0; trip < 6; trip += 1) {
      waits.push(it.context().dueAt - it.context().openedAt);
      it.waitOut();
      it.probe();
      it.report('call.failed');
    }
    for (const [index, wait] of waits.entries())
      expect(wait).toBeGreaterThanOrEqual(Math.min(8_000, 1_000 * 2 ** index));
    expect(waits).toEqual([...waits].sort((one, other) => one - other));
    expect(Math.max(...waits)).toBe(8_000);
    it.waitOut();
    it.probe();
    it.report('call.succeeded');
    expect(it.context()).toMatchObject({ trips: 0, failures: 0 });
    for (let count = 0; count < 3; count += 1) it.report('call.failed');
    expect(it.context().dueAt - it.context().openedAt).toBeLessThanOrEqual(1_100);
  });

  it('discards the late result of a probe whose lease ran out (B4)', () => {
    const it = STATES.probing();
    const { generation } = it.context();
    it.waitOut();
    expect(it.state()).toBe('open');
    it.report('call.succeeded', generation);
    expect(it.state()).toBe('open');
    expect(it.context().trips).toBe(2);
  });

  it('announces each change once (B10)', () => {
    const it = STATES.probing();
    it.report('call.succeeded');
    expect(it.turned).toEqual(['closed', 'open', 'halfOpen', 'probing', 'closed']);
  });

  it.each([
    ['closed', 0, 2, 'closed'],
    ['open', 600, 3, 'open'],
    ['open', 1e9, 3, 'open'],
    ['open', -5, 3, 'open'],
    ['isolated', 0, 0, 'isolated'],
  ] as const)('restores %s with %i ms left (B13)', (state, remainingMs, failures, shown) => {
    const it = breaker({ restored: { state, remainingMs, failures, trips: 2 } });
    expect(it.state()).toBe(shown);
    const left = it.context().dueAt - it.clock.now();
    expect(left).toBe(Math.max(0, Math.min(remainingMs, 8_000)));
    if (state === 'open') {
      expect(it.admits()).toBe(false);
      it.clock.advance(left);
      expect(it.state()).toBe('halfOpen');
    }
    if (state === 'closed') expect(it.context().failures).toBe(2);
  });

  it('keeps its law whatever happens in whatever order (B1–B14)', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('admit' as const) }),
      fc.record({
        do: fc.constantFrom('succeeded' as const, 'failed' as const, 'ignored' as const),
        which: fc.nat(30),
      }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 3_000 }) }),
      fc.record({
        do: fc.constantFrom('isolate' as const, 'release' as const, 'reset' as const),
        which: fc.constant(0),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer(), (steps, seed) => {
        const it = breaker({ seed });
        const calls: { generation: number; probe: boolean }[] = [];
        let probesOut = 0;
        let wait = 0;
        for (const action of steps) {
          const before = it.state();
          if (action.do === 'admit') {
            expect(it.admits()).toBe(before === 'closed' || before === 'halfOpen');
            if (!it.admits()) continue;
            const probe = before === 'halfOpen';
            if (probe) it.probe();
            calls.push({ generation: it.context().generation, probe });
            probesOut = probe ? 1 : probesOut;
          } else if (action.do === 'pass') {
            it.clock.advance(action.ms);
          } else if (action.do === 'isolate') it.isolate();
          else if (action.do === 'release') it.hand('breaker.released');
          else if (action.do === 'reset') it.hand('breaker.reset');
          else {
            const [call] = calls.splice(action.which % Math.max(1, calls.length), 1);
            if (call === undefined) continue;
            const { generation } = it.context();
            it.report(`call.${action.do}`, call.generation);
            const after = it.state();
            // B1: a result of another generation changes nothing at all.
            if (call.generation !== generation) expect(after).toBe(before);
            // B6: what was not closed closes by a probe's success alone.
            if (before !== 'closed' && after === 'closed') {
              expect(call.probe && action.do === 'succeeded' && before === 'probing').toBe(true);
            }
            // B5: an ignored result neither closes nor opens.
            if (action.do === 'ignored') expect(['closed', before, 'halfOpen']).toContain(after);
          }
          if (it.state() !== 'probing') probesOut = 0;
          // B2: one probe at a time, and only while probing.
          expect(probesOut).toBeLessThanOrEqual(1);
          expect(it.state() === 'probing' ? it.admits() : false).toBe(false);
          // B9: bounded waits.
          const { dueAt, openedAt } = it.context();
          if (it.state() === 'open') {
            wait = dueAt - openedAt;
            expect(wait).toBeLessThanOrEqual(8_000);
            expect(wait).toBeGreaterThanOrEqual(1_000);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
