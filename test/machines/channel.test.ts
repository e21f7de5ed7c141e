import { describe, expect, it } from 'vitest';
import { createActor, fromPromise } from 'xstate';
import {
  type ChannelEvent,
  type ChannelInput,
  channelMachine,
  type LookupEnd,
  silenceMs,
} from '../../machines/channel.js';
import { FakeClock } from '../support/fake-clock.js';

const INPUT: ChannelInput = {
  known: true,
  doubts: 0,
  subscribeMs: 10_000,
  fillMs: 10_000,
  leaveMs: 1_000,
  lookupInitialMs: 30_000,
  lookupMaxMs: 3_600_000,
  initialMs: 1_000,
  maxMs: 60_000,
  refusedMs: 600_000,
  silentMs: 600_000,
  silentMaxMs: 21_600_000,
  seed: 7,
};

/** A channel whose lookups and fills end when the test says so, and whose clock stands still until told. */
function channel(input: Partial<ChannelInput> = {}) {
  const clock = new FakeClock();
  const done: string[] = [];
  let isHeld = false;
  let endLookup: (end: LookupEnd) => void = () => {};
  let endFill: () => void = () => {};
  let lookups = 0;
  const machine = channelMachine.provide({
    actors: {
      lookup: fromPromise<LookupEnd, { name: string }>(() => {
        lookups += 1;
        return new Promise((resolve) => {
          endLookup = resolve;
        });
      }),
      fill: fromPromise<{ at: number }, { name: string }>(
        () =>
          new Promise((resolve) => {
            endFill = () => resolve({ at: clock.now() });
          }),
      ),
    },
    actions: {
      askForLink: () => done.push('ask'),
      subscribe: () => done.push('subscribe'),
      unsubscribe: () => done.push('unsubscribe'),
      hold: () => {
        isHeld = true;
      },
      release: () => {
        isHeld = false;
      },
    },
  });
  const actor = createActor(machine, { input: { ...INPUT, ...input }, clock });
  actor.on('channel.moving', ({ doubts }) => done.push(`moving ${doubts}`));
  actor.start();
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    done,
    tell: (type: Exclude<ChannelEvent['type'], 'subscription.confirmed'>) =>
      actor.send({ type, at: clock.now() }),
    confirm: (gap = false) => actor.send({ type: 'subscription.confirmed', at: clock.now(), gap }),
    endLookup: async (end: { kind: 'found' } | { kind: 'failed'; floorMs: number }) => {
      endLookup({ ...end, at: clock.now() });
      await settled();
    },
    endFill: async () => {
      endFill();
      await settled();
    },
    value: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    isHeld: () => isHeld,
    lookups: () => lookups,
    waitOut: () => clock.advance(actor.getSnapshot().context.dueAt - clock.now()),
    state: () => {
      const { value } = actor.getSnapshot();
      return typeof value === 'string' ? value : Object.entries(value).flat().join('.');
    },
  };
}
type Channel = ReturnType<typeof channel>;

function led(before: Channel, ...steps: ((it: Channel) => void)[]): Channel {
  for (const step of steps) step(before);
  return before;
}
const up = (it: Channel) => it.tell('link.up');
const confirm = (it: Channel) => it.confirm();
const silent = (it: Channel) => it.tell('channel.silent');

const STATES = {
  'resolving.looking': () => channel({ known: false }),
  'resolving.resting': async () => {
    const it = channel({ known: false });
    await it.endLookup({ kind: 'failed', floorMs: 0 });
    return it;
  },
  waiting: () => channel(),
  'subscribing.asked': () => led(channel(), up),
  'subscribing.resting': () => led(channel(), up, (it) => it.tell('subscription.lost')),
  filling: () => led(channel(), up, (it) => it.confirm(true)),
  live: () => led(channel(), up, confirm),
  silent: () => led(channel(), up, confirm, silent, confirm),
  moving: () => led(channel(), up, confirm, silent, confirm, silent),
  refused: () => led(channel(), up, (it) => it.tell('subscription.refused')),
  leaving: () => led(channel(), up, confirm, (it) => it.tell('channel.leave')),
  left: () => led(channel(), (it) => it.tell('channel.leave')),
};
type State = keyof typeof STATES;

const EVENTS = {
  'ids.found': (it: Channel) => it.tell('ids.found'),
  'link.up': up,
  'link.down': (it: Channel) => it.tell('link.down'),
  'subscription.confirmed': confirm,
  'subscription.refused': (it: Channel) => it.tell('subscription.refused'),
  'subscription.lost': (it: Channel) => it.tell('subscription.lost'),
  'subscription.ended': (it: Channel) => it.tell('subscription.ended'),
  'channel.silent': silent,
  'hold.over': (it: Channel) => it.tell('hold.over'),
  'channel.heard': (it: Channel) => it.tell('channel.heard'),
  'channel.leave': (it: Channel) => it.tell('channel.leave'),
} satisfies Record<ChannelEvent['type'], (it: Channel) => void>;
type Event = keyof typeof EVENTS;

/** What each event makes of each state; '-' leaves it where it is. Numbers cite the invariants of the machine. */
const VERDICTS: Record<State, Record<Event, State | '-'>> = {
  // N3
  'resolving.looking': row('waiting', '-', '-', '-', '-', '-', '-', '-', '-', 'left'),
  'resolving.resting': row('waiting', '-', '-', '-', '-', '-', '-', '-', '-', 'left'),
  // N1
  waiting: row('waiting', 'subscribing.asked', '-', '-', '-', '-', '-', '-', '-', 'left'),
  // N7, N8
  'subscribing.asked': row(
    'waiting',
    '-',
    'waiting',
    'live',
    'refused',
    'subscribing.resting',
    '-',
    '-',
    '-',
    'leaving',
  ),
  'subscribing.resting': row('waiting', '-', 'waiting', 'live', 'refused', '-', '-', '-', '-', 'leaving'),
  // N9
  filling: row('waiting', '-', 'waiting', '-', 'refused', 'subscribing.resting', '-', '-', '-', 'leaving'),
  // N5
  live: row(
    'waiting',
    '-',
    'waiting',
    '-',
    'refused',
    'subscribing.resting',
    '-',
    'subscribing.asked',
    '-',
    'leaving',
  ),
  silent: row(
    'waiting',
    '-',
    'waiting',
    '-',
    'refused',
    'subscribing.resting',
    '-',
    'moving',
    'live',
    'leaving',
  ),
  moving: row('waiting', '-', 'waiting', '-', 'refused', 'subscribing.resting', '-', '-', 'live', 'leaving'),
  refused: row('waiting', '-', '-', '-', '-', '-', '-', '-', '-', 'left'),
  leaving: row('-', '-', 'left', '-', '-', '-', 'left', '-', '-', '-'),
  left: row('-', '-', '-', '-', '-', '-', '-', '-', '-', '-'),
};

type Verdict = State | '-';
function row(
  ...verdicts: [Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict]
): Record<Event, Verdict> {
  const [found, linkUp, linkDown, confirmed, refused, lost, ended, quiet, heard, leave] = verdicts;
  return {
    'ids.found': found,
    'link.up': linkUp,
    'link.down': linkDown,
    'subscription.confirmed': confirmed,
    'subscription.refused': refused,
    'subscription.lost': lost,
    'subscription.ended': ended,
    'channel.silent': quiet,
    'hold.over': '-',
    'channel.heard': heard,
    'channel.leave': leave,
  };
}

describe('every event in every state', () => {
  for (const [state, verdicts] of Object.entries(VERDICTS) as [State, Record<Event, Verdict>][]) {
    for (const [event, verdict] of Object.entries(verdicts) as [Event, Verdict][]) {
      it(`${state} + ${event} → ${verdict}`, async () => {
        const subject = await STATES[state]();
        expect(subject.state()).toBe(state);
        EVENTS[event](subject);
        expect(subject.state()).toBe(verdict === '-' ? state : verdict);
        // N4: held while it is being filled, and when that was broken off.
        const isBrokenOff =
          state === 'filling' && !['live', 'silent', 'leaving', 'left'].includes(subject.state());
        expect(subject.isHeld()).toBe(subject.state() === 'filling' || isBrokenOff);
        expect(subject.context().heldSince !== null).toBe(subject.isHeld());
      });
    }
  }
});

describe('waits', () => {
  it.each([
    ['subscribing.asked', 10_000, 'subscribing.resting'],
    ['filling', 10_000, 'live'],
    ['moving', 10_000, 'subscribing.asked'],
    ['refused', 600_000, 'waiting'],
    ['leaving', 1_000, 'left'],
  ] as const)('%s ends after %i ms', async (state, ms, next) => {
    const subject = STATES[state]();
    subject.clock.advance(ms - 1);
    expect(subject.state()).toBe(state);
    subject.clock.advance(1);
    expect(subject.state()).toBe(next);
    expect(subject.isHeld()).toBe(false);
  });

  it('N2: lookups back off up to an hour, and never sooner than the answer allows', async () => {
    const subject = channel({ known: false });
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      await subject.endLookup({ kind: 'failed', floorMs: 300_000 });
      const ms = subject.context().dueAt - subject.clock.now();
      expect(ms).toBeGreaterThanOrEqual(300_000);
      expect(ms).toBeLessThanOrEqual(Math.max(300_000, Math.min(3_600_000, 30_000 * 2 ** (attempt - 1))));
      expect(subject.lookups()).toBe(attempt);
      subject.waitOut();
    }
    await subject.endLookup({ kind: 'found' });
    expect(subject.state()).toBe('waiting');
  });

  it('N2: a subscription that is never confirmed is asked for again, and again', () => {
    const subject = STATES['subscribing.asked']();
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      expect(subject.done.filter((it) => it === 'subscribe').length).toBe(attempt);
      subject.clock.advance(10_000);
      expect(subject.state()).toBe('subscribing.resting');
      subject.waitOut();
    }
  });
});

describe('silence', () => {
  it('N5: subscribes anew, then moves, and waits twice as long each time, up to six hours', () => {
    const subject = STATES.live();
    const waits: number[] = [];
    for (let doubt = 0; doubt < 8; doubt += 1) {
      waits.push(silenceMs(subject.context()) / 60_000);
      subject.tell('channel.silent');
      if (subject.state() === 'moving') subject.clock.advance(10_000);
      subject.confirm();
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 360, 360]);
    expect(subject.done.slice(2, 7)).toEqual([
      'unsubscribe',
      'subscribe',
      'moving 2',
      'unsubscribe',
      'subscribe',
    ]);
  });

  it('N6: a message ends the doubt, also one that comes before the answer', () => {
    const subject = led(STATES.live(), silent, (it) => it.tell('channel.heard'), confirm);
    expect(subject.state()).toBe('live');
    expect(silenceMs(subject.context())).toBe(600_000);
  });

  it('keeps its doubts when its link goes down, and when it is born on another connection', () => {
    const subject = led(STATES.silent(), (it) => it.tell('link.down'), up, confirm);
    expect(subject.state()).toBe('silent');
    expect(led(channel({ doubts: 2 }), up, confirm).state()).toBe('silent');
  });
});

describe('N4: the chat that came while it fills', () => {
  const down = (it: Channel) => it.tell('link.down');
  const over = (it: Channel) => it.tell('hold.over');
  const confirmWithGap = (it: Channel) => it.confirm(true);

  it('goes on when that ends', async () => {
    const filled = STATES.filling();
    expect(filled.isHeld()).toBe(true);
    await filled.endFill();
    expect(filled.state()).toBe('live');
    expect(filled.isHeld()).toBe(false);
  });

  it.each([
    ['the link is cut', [down, up]],
    [
      'the subscription is lost',
      [(it: Channel) => it.tell('subscription.lost'), (it: Channel) => it.waitOut()],
    ],
  ] as const)('waits for the next attempt when %s', async (_, steps) => {
    const subject = led(STATES.filling(), ...steps);
    expect(subject.state()).toBe('subscribing.asked');
    expect(subject.isHeld()).toBe(true);
    led(subject, confirmWithGap, over);
    expect(subject.isHeld()).toBe(true);
    await subject.endFill();
    expect(subject.isHeld()).toBe(false);
  });

  it('goes on without one when it has been held for long enough, and is held anew by the next', () => {
    const subject = led(STATES.filling(), down, over);
    expect(subject.isHeld()).toBe(false);
    led(subject, up, confirmWithGap);
    expect(subject.isHeld()).toBe(true);
  });

  it('counts from the first attempt on', () => {
    const subject = STATES.filling();
    const { heldSince } = subject.context();
    subject.clock.advance(4_000);
    led(subject, down, up, confirmWithGap);
    expect(subject.context()).toMatchObject({ heldSince, dueAt: subject.clock.now() + INPUT.fillMs });
  });

  it('goes on when nothing is left to ask for, and when it leaves', () => {
    expect(led(STATES.filling(), down, up, confirm).isHeld()).toBe(false);
    expect(led(STATES.filling(), down, (it) => it.tell('channel.leave')).isHeld()).toBe(false);
  });
});

it('N3: ids given by hand replace those in use', () => {
  const subject = led(STATES.live(), (it) => it.tell('ids.found'));
  expect(subject.done.slice(-2)).toEqual(['unsubscribe', 'ask']);
});
