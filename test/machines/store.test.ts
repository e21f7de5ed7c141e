import { describe, expect, it } from 'vitest';
import { createActor, type StateValueFrom } from 'xstate';
import { type StoreEvent, storeMachine } from '../../machines/store.js';
import { FakeClock } from '../support/fake-clock.js';

const INPUT = { initialMs: 500, maxMs: 10_000, seed: 7 };

function store() {
  const clock = new FakeClock();
  const told: string[] = [];
  const actor = createActor(storeMachine, { input: INPUT, clock });
  actor.on('*', (event) => told.push(event.type));
  actor.start();
  return {
    told,
    clock,
    open: () => actor.send({ type: 'store.opened', at: clock.now() }),
    refuse: (passes: boolean) =>
      actor.send({ type: 'store.refused', at: clock.now(), code: 'full', text: 'the disk is full', passes }),
    closing: () => actor.send({ type: 'store.closing' }),
    closed: () => actor.send({ type: 'store.closed' }),
    state: () => actor.getSnapshot().value,
    writes: () => actor.getSnapshot().hasTag('writes'),
    context: () => actor.getSnapshot().context,
    waitMs: () => actor.getSnapshot().context.dueAt - clock.now(),
    waitOut: () => clock.advance(actor.getSnapshot().context.dueAt - clock.now()),
  };
}
type Store = ReturnType<typeof store>;

function led(...steps: ((it: Store) => void)[]): Store {
  const it = store();
  for (const step of steps) step(it);
  return it;
}
const open = (it: Store) => it.open();
const refuse = (it: Store) => it.refuse(true);
const refuseForGood = (it: Store) => it.refuse(false);

type State = StateValueFrom<typeof storeMachine>;
const STATES: Record<State, () => Store> = {
  opening: store,
  ready: () => led(open),
  down: () => led(open, refuse),
  reopening: () => led(open, refuse, (it) => it.waitOut()),
  unusable: () => led(refuseForGood),
  closing: () => led(open, (it) => it.closing()),
  closed: () =>
    led(
      open,
      (it) => it.closing(),
      (it) => it.closed(),
    ),
};

/** A refusal reads differently when trying again cannot help. */
type Event = StoreEvent['type'] | 'store.refused for good' | 'wait';
const EVENTS: Record<Event, (it: Store) => void> = {
  'store.opened': open,
  'store.refused': refuse,
  'store.refused for good': refuseForGood,
  'store.closing': (it) => it.closing(),
  'store.closed': (it) => it.closed(),
  wait: (it) => it.clock.advance(20_000),
};

type Verdict = State | '-';
function row(
  ...[opened, refused, forGood, closing, closed, wait]: [Verdict, Verdict, Verdict, Verdict, Verdict, Verdict]
): Record<Event, Verdict> {
  return {
    'store.opened': opened,
    'store.refused': refused,
    'store.refused for good': forGood,
    'store.closing': closing,
    'store.closed': closed,
    wait,
  };
}

/** What each event makes of each state; '-' leaves it where it is. */
const VERDICTS: Record<State, Record<Event, Verdict>> = {
  //            opened   refused  for good    closing    closed    wait
  opening: row('ready', 'down', 'unusable', 'closing', '-', '-'),
  ready: row('-', 'down', 'unusable', 'closing', '-', '-'), // M1
  down: row('-', '-', '-', 'closing', '-', 'reopening'), // M3
  reopening: row('ready', 'down', 'unusable', 'closing', '-', '-'),
  unusable: row('-', '-', '-', 'closing', '-', '-'), // M5
  closing: row('-', '-', '-', '-', 'closed', '-'), // M6
  closed: row('-', '-', '-', '-', '-', '-'), // M6
};

describe('every event in every state', () => {
  for (const [state, verdicts] of Object.entries(VERDICTS) as [State, Record<Event, Verdict>][]) {
    for (const [event, verdict] of Object.entries(verdicts) as [Event, Verdict][]) {
      it(`${state} + ${event} → ${verdict}`, () => {
        const it = STATES[state]();
        expect(it.state()).toBe(state);
        EVENTS[event](it);
        expect(it.state()).toBe(verdict === '-' ? state : verdict);
        expect(it.writes()).toBe(it.state() === 'ready'); // M1
      });
    }
  }
});

describe('trials', () => {
  it('are asked for once on opening and once after each wait (M2)', () => {
    const it = store();
    expect(it.told).toEqual(['store.trial']);
    it.refuse(true);
    it.clock.advance(it.waitMs() - 1);
    expect(it.told).toEqual(['store.trial']);
    it.clock.advance(1);
    expect(it.told).toEqual(['store.trial', 'store.trial']);
    it.clock.advance(60_000);
    expect(it.told.length).toBe(2);
  });

  it('come at growing waits, never under half of the first, never over the cap; a success starts afresh (M4)', () => {
    const it = led(open);
    const waits: number[] = [];
    for (let trial = 0; trial < 40; trial += 1) {
      it.refuse(true);
      waits.push(it.waitMs());
      it.waitOut();
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(250);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
    expect(Math.max(...waits)).toBeGreaterThan(5_000);
    it.open();
    it.refuse(true);
    expect(it.waitMs()).toBeLessThanOrEqual(500);
  });

  it('end for good when they cannot help, which is said once (M5)', () => {
    const it = led(refuseForGood, refuseForGood);
    it.clock.advance(600_000);
    expect(it.told).toEqual(['store.trial', 'store.unusable']);
    expect(it.context().lastError).toEqual({ code: 'full', text: 'the disk is full' });
  });
});
