import { describe, expect, it } from 'vitest';
import { createActor, fromPromise } from 'xstate';
import {
  type AttemptEnd,
  type DeliveryCondition,
  type DeliveryEvent,
  type DeliveryInput,
  deliveryCondition,
  deliveryMachine,
} from '../../machines/delivery.js';
import { FakeClock } from '../support/fake-clock.js';

const INPUT: DeliveryInput = { initialMs: 1_000, maxMs: 60_000, seed: 7, at: 0, isRefused: false };

type Kind = AttemptEnd['kind'];
type Told = Exclude<DeliveryEvent['type'], `xstate.${string}`>;

/** A delivery whose attempts end when the test says so. */
function delivery(input: Partial<DeliveryInput> = {}) {
  const clock = new FakeClock();
  const attempts: { end: (end: AttemptEnd) => void; signal: AbortSignal }[] = [];
  const machine = deliveryMachine.provide({
    actors: {
      attempt: fromPromise<AttemptEnd>(
        ({ signal }) => new Promise((end) => void attempts.push({ end, signal })),
      ),
    },
  });
  const actor = createActor(machine, { input: { ...INPUT, ...input }, clock });
  actor.start();
  const tell = (type: Told) =>
    actor.send(
      type === 'limit.reached'
        ? { type, at: clock.now(), untilAt: clock.now() + 2_500 }
        : { type, at: clock.now() },
    );
  return {
    clock,
    attempts,
    tell,
    async ends(kind: Kind, retryAfterMs = 0) {
      const at = clock.now();
      attempts.at(-1)?.end(kind === 'failed' ? { kind, at, retryAfterMs } : { kind, at });
      await new Promise((resolve) => setImmediate(resolve));
    },
    state: () => deliveryCondition(actor.getSnapshot()),
    value: () => actor.getSnapshot().value,
    leftMs: () => actor.getSnapshot().context.dueAt - clock.now(),
    waitOut: () => clock.advance(actor.getSnapshot().context.dueAt - clock.now()),
    hasTag: (tag: 'looks' | 'unwell') => actor.getSnapshot().hasTag(tag),
  };
}
type Delivery = ReturnType<typeof delivery>;

async function sending(): Promise<Delivery> {
  const it = delivery();
  it.tell('work.found');
  it.tell('request.started');
  return it;
}

async function afterEnd(kind: Kind): Promise<Delivery> {
  const it = await sending();
  await it.ends(kind);
  return it;
}

function told(...events: Told[]): () => Promise<Delivery> {
  return async () => {
    const it = delivery();
    for (const event of events) it.tell(event);
    return it;
  };
}

/** `starting` is passed through at once; `waiting` is walked in both its kinds. */
const STATES = {
  idle: told(),
  leasing: told('work.found'),
  sending,
  draining: told('work.found', 'request.started', 'sink.close'),
  limited: told('limit.reached'),
  backingOff: () => afterEnd('failed'),
  blocked: told('circuit.refused'),
  settling: () => afterEnd('unsettled'),
  refused: () => afterEnd('refused'),
  closed: told('sink.close'),
};
type State = keyof typeof STATES;

const conditionOf = (state: State): DeliveryCondition =>
  state === 'limited' || state === 'backingOff' ? 'waiting' : state;

/** What each event makes of each state; '-' leaves it. Numbers cite the machine's invariants. */
const VERDICTS: Record<State, Record<Told, DeliveryCondition | '-'>> = {
  // D1
  idle: row('leasing', 'waiting', '-', 'blocked', '-', '-', 'settling', '-', '-', 'closed'),
  leasing: row('-', '-', '-', '-', '-', 'sending', '-', '-', '-', 'closed'),
  // D8: what is out may end.
  sending: row('-', '-', '-', '-', '-', '-', '-', '-', '-', 'draining'),
  draining: row('-', '-', '-', '-', '-', '-', '-', '-', '-', '-'),
  // D7
  limited: row('-', '-', 'idle', '-', '-', '-', '-', '-', '-', 'closed'),
  backingOff: row('-', '-', '-', '-', '-', '-', '-', '-', '-', 'closed'),
  // D4
  blocked: row('-', '-', '-', '-', 'idle', '-', '-', '-', '-', 'closed'),
  // D6
  settling: row('-', '-', '-', '-', '-', '-', '-', 'idle', '-', 'closed'),
  // D5
  refused: row('-', '-', '-', '-', '-', '-', '-', '-', 'idle', 'closed'),
  closed: row('-', '-', '-', '-', '-', '-', '-', '-', '-', '-'),
};

type Verdict = DeliveryCondition | '-';
function row(
  ...verdicts: [Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict]
): Record<Told, Verdict> {
  const [found, reached, lifted, refused, admits, started, left, taken, resumed, close] = verdicts;
  return {
    'work.found': found,
    'limit.reached': reached,
    'limit.lifted': lifted,
    'circuit.refused': refused,
    'circuit.admits': admits,
    'request.started': started,
    'settlement.left': left,
    'settlement.taken': taken,
    'sink.resumed': resumed,
    'sink.close': close,
  };
}

/** How an attempt's end turns out, by whether its request was out and whether the sink is closing. */
const ENDS: Record<Kind, Record<'leasing' | 'sending' | 'draining', DeliveryCondition>> = {
  done: { leasing: 'idle', sending: 'idle', draining: 'closed' },
  passed: { leasing: 'idle', sending: 'idle', draining: 'closed' },
  unsettled: { leasing: 'settling', sending: 'settling', draining: 'closed' },
  shutOut: { leasing: 'blocked', sending: 'blocked', draining: 'closed' },
  failed: { leasing: 'waiting', sending: 'waiting', draining: 'closed' },
  refused: { leasing: 'refused', sending: 'refused', draining: 'closed' },
};

describe('every event in every state', () => {
  for (const [state, make] of Object.entries(STATES) as [State, () => Promise<Delivery>][]) {
    it(state, async () => {
      expect((await make()).state()).toBe(conditionOf(state));
      for (const [event, verdict] of Object.entries(VERDICTS[state]) as [Told, Verdict][]) {
        const it = await make();
        it.tell(event);
        expect(`${event} → ${it.state()}`).toBe(
          `${event} → ${verdict === '-' ? conditionOf(state) : verdict}`,
        );
      }
    });
  }
});

describe('every end of an attempt', () => {
  for (const [kind, verdicts] of Object.entries(ENDS) as [Kind, (typeof ENDS)[Kind]][]) {
    it(kind, async () => {
      for (const [state, verdict] of Object.entries(verdicts) as ['leasing', DeliveryCondition][]) {
        const it = await STATES[state]();
        await it.ends(kind);
        expect(`${state} → ${it.state()}`).toBe(`${state} → ${verdict}`);
      }
    });
  }
});

describe('laws', () => {
  it('D1: only `idle` looks, and one attempt runs at a time', async () => {
    for (const [state, make] of Object.entries(STATES)) {
      const it = await make();
      expect(`${state}: ${it.hasTag('looks')}`).toBe(`${state}: ${state === 'idle'}`);
      it.tell('work.found');
      expect(it.attempts.filter(({ signal }) => !signal.aborted).length).toBeLessThanOrEqual(1);
    }
  });

  it('D3: backs off within a ceiling that doubles, never before the time the server named', async () => {
    const it = await sending();
    for (const ceiling of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      await it.ends('failed');
      expect(it.leftMs()).toBeLessThanOrEqual(ceiling);
      it.waitOut();
      it.tell('work.found');
    }
    await it.ends('failed', 90_000);
    expect(it.leftMs()).toBe(90_000);
    it.waitOut();
    it.tell('work.found');
    await it.ends('done');
    it.tell('work.found');
    await it.ends('failed');
    expect(it.leftMs()).toBeLessThanOrEqual(1_000);
  });

  it('D3: what passed without progress leaves the backoff where it was', async () => {
    const it = await sending();
    for (let failure = 0; failure < 8; failure += 1) {
      await it.ends('failed');
      it.waitOut();
      it.tell('work.found');
      await it.ends('passed');
      it.tell('work.found');
    }
    const waits: number[] = [];
    for (let failure = 0; failure < 5; failure += 1) {
      await it.ends('failed');
      waits.push(it.leftMs());
      it.waitOut();
      it.tell('work.found');
    }
    expect(Math.max(...waits)).toBeGreaterThan(2_000);
  });

  it('D5: time alone never ends a refusal, nor a restart', async () => {
    for (const it of [await STATES.refused(), delivery({ isRefused: true })]) {
      it.clock.advance(365 * 86_400_000);
      expect(it.state()).toBe('refused');
      expect(it.hasTag('unwell')).toBe(true);
    }
  });

  it('D7: a wait ends at its time, and not a millisecond before', async () => {
    const it = await STATES.limited();
    it.clock.advance(2_499);
    expect(it.value()).toEqual({ waiting: 'limited' });
    it.clock.advance(1);
    expect(it.state()).toBe('idle');
  });

  it('D8: closing while a place is waited for drops the attempt; a request that is out may end', async () => {
    const leasing = await STATES.leasing();
    leasing.tell('sink.close');
    expect(leasing.attempts[0]?.signal.aborted).toBe(true);
    const out = await STATES.draining();
    expect(out.attempts[0]?.signal.aborted).toBe(false);
  });
});
