import { describe, expect, it } from 'vitest';
import { createActor, fromCallback } from 'xstate';
import {
  type ConnectionEvent,
  type ConnectionInput,
  connectionCondition,
  connectionMachine,
  type Transport,
} from '../../machines/connection.js';
import { FakeClock } from '../support/fake-clock.js';

const INPUT: ConnectionInput = {
  transports: ['centrifugo', 'pusher'],
  negotiateMs: 20_000,
  connectMs: 30_000,
  pongMs: 10_000,
  closeMs: 5_000,
  initialMs: 1_000,
  maxMs: 60_000,
  stableMs: 30_000,
  anewMs: 900_000,
  attemptsMax: null,
  seed: 7,
};

/** A connection whose link says what the test says, and whose clock stands still until told. */
function connection(input: Partial<ConnectionInput> = {}) {
  const clock = new FakeClock();
  const links: { transports: readonly Transport[]; isOpen: boolean }[] = [];
  const said: string[] = [];
  const machine = connectionMachine.provide({
    actors: {
      link: fromCallback<ConnectionEvent, { transports: readonly Transport[] }>(
        ({ input: { transports } }) => {
          const link = { transports, isOpen: true };
          links.push(link);
          return () => {
            link.isOpen = false;
          };
        },
      ),
    },
    actions: { ping: () => said.push('ping'), sayGoodbye: () => said.push('goodbye') },
  });
  const actor = createActor(machine, { input: { ...INPUT, ...input }, clock });
  actor.on('connection.up', () => said.push('up'));
  actor.on('connection.down', () => said.push('down'));
  actor.start();
  type Plain = { [E in ConnectionEvent as E['type']]: Omit<E, 'type' | 'at'> };
  const tell = <T extends ConnectionEvent['type']>(
    type: T,
    ...[rest]: keyof Plain[T] extends never ? [] : [Plain[T]]
  ) => actor.send({ type, at: clock.now(), ...rest } as ConnectionEvent);
  const up = (transport: Transport = 'centrifugo', serverPings = false) => {
    tell('link.dialled', { transport });
    tell('link.opened');
    tell('link.established', { serverPings });
  };
  return {
    clock,
    links,
    said,
    tell,
    up,
    state: () => connectionCondition(actor.getSnapshot()),
    value: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    /** Lets the running backoff run out. */
    waitOut: () => clock.advance(actor.getSnapshot().context.dueAt - clock.now()),
    open: () => links.filter(({ isOpen }) => isOpen).length,
  };
}

const CUT = { verdict: 'later', floorMs: 0 } as const;

const STATES = {
  idle: () => connection(),
  negotiating: () => led('idle', (it) => it.tell('link.wanted')),
  connecting: () => led('negotiating', (it) => it.tell('link.dialled', { transport: 'centrifugo' })),
  handshaking: () => led('connecting', (it) => it.tell('link.opened')),
  quiet: () => led('handshaking', (it) => it.tell('link.established', { serverPings: false })),
  serversTurn: () => led('handshaking', (it) => it.tell('link.established', { serverPings: true })),
  awaitingPong: () => led('quiet', (it) => it.tell('link.quiet')),
  closing: () => led('quiet', (it) => it.tell('link.close')),
  backoff: () => led('connecting', (it) => it.tell('link.closed', CUT)),
  suspended: () => led('negotiating', (it) => it.tell('circuit.refused')),
  failed: () =>
    led('connecting', (it) => {
      it.tell('link.closed', { verdict: 'never', floorMs: 0 });
      it.waitOut();
      it.tell('link.dialled', { transport: 'pusher' });
      it.tell('link.closed', { verdict: 'never', floorMs: 0 });
    }),
  closed: () => led('idle', (it) => it.tell('link.close')),
};
type State = keyof typeof STATES;
type Connection = ReturnType<typeof connection>;

function led(state: State, step: (it: Connection) => void): Connection {
  const it = STATES[state]();
  step(it);
  return it;
}

const EVENTS = {
  'link.wanted': (it: Connection) => it.tell('link.wanted'),
  'link.close': (it: Connection) => it.tell('link.close'),
  'circuit.refused': (it: Connection) => it.tell('circuit.refused'),
  'circuit.admits': (it: Connection) => it.tell('circuit.admits'),
  'link.unavailable': (it: Connection) => it.tell('link.unavailable'),
  'link.dialled': (it: Connection) => it.tell('link.dialled', { transport: 'pusher' }),
  'link.opened': (it: Connection) => it.tell('link.opened'),
  'link.established': (it: Connection) => it.tell('link.established', { serverPings: false }),
  'link.quiet': (it: Connection) => it.tell('link.quiet'),
  'link.heard': (it: Connection) => it.tell('link.heard'),
  'link.stale': (it: Connection) => it.tell('link.stale'),
  'link.closed': (it: Connection) => it.tell('link.closed', CUT),
} satisfies Record<ConnectionEvent['type'], (it: Connection) => void>;
type Event = keyof typeof EVENTS;

/** What each event makes of each state; '-' leaves it as it is. Numbers cite the invariants of the machine. */
const VERDICTS: Record<State, Record<Event, string>> = {
  // C2: nothing but a channel's wish begins it.
  idle: row('negotiating', 'closed', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-'),
  negotiating: row(
    '-',
    'closed',
    'suspended',
    '-',
    'backoff',
    'connecting',
    '-',
    '-',
    '-',
    '-',
    '-',
    'backoff',
  ),
  connecting: row('-', 'closed', '-', '-', '-', '-', 'handshaking', 'connected', '-', '-', '-', 'backoff'),
  handshaking: row('-', 'closing', '-', '-', '-', '-', '-', 'connected', '-', '-', '-', 'backoff'),
  // C10: this side asks, or (the server's turn) gives up.
  quiet: row('-', 'closing', '-', '-', '-', '-', '-', '-', 'connected', '-', 'backoff', 'backoff'),
  serversTurn: row('-', 'closing', '-', '-', '-', '-', '-', '-', 'backoff', '-', 'backoff', 'backoff'),
  awaitingPong: row('-', 'closing', '-', '-', '-', '-', '-', '-', '-', 'connected', 'backoff', 'backoff'),
  closing: row('-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-', 'closed'),
  backoff: row('-', 'closed', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-'),
  // C9
  suspended: row('-', 'closed', '-', 'negotiating', '-', '-', '-', '-', '-', '-', '-', '-'),
  // C7
  failed: row('-', 'closed', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-'),
  closed: row('-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-'),
};

function row(
  ...verdicts: [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
) {
  const [
    wanted,
    close,
    refused,
    admits,
    unavailable,
    dialled,
    opened,
    established,
    quiet,
    heard,
    stale,
    closed,
  ] = verdicts;
  return {
    'link.wanted': wanted,
    'link.close': close,
    'circuit.refused': refused,
    'circuit.admits': admits,
    'link.unavailable': unavailable,
    'link.dialled': dialled,
    'link.opened': opened,
    'link.established': established,
    'link.quiet': quiet,
    'link.heard': heard,
    'link.stale': stale,
    'link.closed': closed,
  };
}

describe('every event in every state', () => {
  for (const [state, verdicts] of Object.entries(VERDICTS) as [State, Record<Event, string>][]) {
    for (const [event, verdict] of Object.entries(verdicts) as [Event, string][]) {
      it(`${state} + ${event} → ${verdict}`, () => {
        const subject = STATES[state]();
        const before = JSON.stringify([subject.value(), subject.context()]);
        EVENTS[event](subject);
        if (verdict === '-') expect(JSON.stringify([subject.value(), subject.context()])).toBe(before);
        else expect(subject.state()).toBe(verdict);
        // C1: at most one link, and none outside `attached`.
        expect(subject.open()).toBe(typeof subject.value() === 'object' ? 1 : 0);
      });
    }
  }
});

describe('waits', () => {
  it.each([
    ['negotiating', 20_000, 'backoff'],
    ['connecting', 30_000, 'backoff'],
    ['handshaking', 30_000, 'backoff'],
    ['awaitingPong', 10_000, 'backoff'],
    ['closing', 5_000, 'closed'],
  ] as const)('C3: %s ends after %i ms', (state, ms, next) => {
    const subject = STATES[state]();
    const before = subject.state();
    subject.clock.advance(ms - 1);
    expect(subject.state()).toBe(before);
    subject.clock.advance(1);
    expect(subject.state()).toBe(next);
    expect(subject.open()).toBe(0);
  });

  it('C4: grow under a ceiling that doubles, and start afresh only after a stable link', () => {
    const subject = STATES.negotiating();
    const waits = Array.from({ length: 12 }, () => {
      subject.tell('link.dialled', { transport: 'pusher' });
      subject.tell('link.closed', CUT);
      const ms = subject.context().dueAt - subject.clock.now();
      subject.waitOut();
      return ms;
    });
    for (const [index, ms] of waits.entries()) {
      expect(ms).toBeLessThanOrEqual(Math.min(60_000, 1_000 * 2 ** index));
    }
    expect(Math.max(...waits)).toBeGreaterThan(10_000);
    subject.up();
    subject.clock.advance(29_999);
    subject.tell('link.closed', CUT);
    expect(subject.context().attempt).toBe(13);
    subject.waitOut();
    subject.up();
    subject.clock.advance(30_000);
    subject.tell('link.closed', CUT);
    expect(subject.context().attempt).toBe(1);
  });

  it('C5: at once is at most a second after a stable link, and an ordinary end otherwise', () => {
    const atOnce = { verdict: 'atOnce', floorMs: 0 } as const;
    for (let seed = 0; seed < 50; seed += 1) {
      const subject = connection({ initialMs: 20_000, seed });
      subject.tell('link.wanted');
      subject.up();
      subject.clock.advance(30_000);
      subject.tell('link.closed', atOnce);
      expect(subject.context().dueAt - subject.clock.now()).toBeLessThanOrEqual(1_000);
    }
    const fresh = connection({ initialMs: 20_000, seed: 3 });
    fresh.tell('link.wanted');
    fresh.up();
    fresh.tell('link.closed', atOnce);
    expect(fresh.context().attempt).toBe(1);
    fresh.waitOut();
    fresh.up();
    fresh.tell('link.closed', atOnce);
    expect(fresh.context().attempt).toBe(2);
  });

  it('keeps to the least wait the server asks for', () => {
    const subject = STATES.connecting();
    subject.tell('link.closed', { verdict: 'later', floorMs: 5_000 });
    subject.clock.advance(4_999);
    expect(subject.state()).toBe('backoff');
    subject.clock.advance(1);
    expect(subject.state()).toBe('negotiating');
  });
});

describe('transports', () => {
  const never = { verdict: 'never', floorMs: 0 } as const;

  it('C6: one that said never is left out for anewMs', () => {
    const subject = STATES.connecting();
    subject.tell('link.closed', never);
    subject.waitOut();
    expect(subject.links.at(-1)?.transports).toEqual(['pusher']);
    subject.up('pusher');
    subject.clock.advance(900_000);
    subject.tell('link.closed', CUT);
    subject.waitOut();
    expect(subject.links.at(-1)?.transports).toEqual(['centrifugo', 'pusher']);
  });

  it('C7: when all said never it is failed, with no link, until the first may have changed', () => {
    const subject = STATES.failed();
    expect(subject.open()).toBe(0);
    const dialled = subject.links.length;
    // The first refusal was up to a second before the second.
    subject.clock.advance(898_999);
    expect(subject.links.length).toBe(dialled);
    subject.clock.advance(1_001);
    expect(subject.state()).toBe('negotiating');
    expect(subject.links.length).toBe(dialled + 1);
  });

  it('C7: what is left cannot be had and the other said never: failed, too', () => {
    const subject = STATES.connecting();
    subject.tell('link.closed', never);
    subject.waitOut();
    subject.tell('link.unavailable');
    expect(subject.state()).toBe('failed');
  });

  it('C7: attemptsMax in a row', () => {
    const subject = connection({ attemptsMax: 2 });
    subject.tell('link.wanted');
    subject.tell('link.dialled', { transport: 'pusher' });
    subject.tell('link.closed', CUT);
    subject.waitOut();
    subject.tell('link.unavailable');
    expect(subject.state()).toBe('failed');
    subject.clock.advance(900_000);
    expect(subject.state()).toBe('negotiating');
  });

  it('C8: the other comes first after an attempt that never came up and after a stale link, not after a cut', () => {
    const subject = STATES.connecting();
    subject.tell('link.closed', CUT);
    subject.waitOut();
    expect(subject.links.at(-1)?.transports).toEqual(['pusher', 'centrifugo']);
    subject.up('pusher');
    subject.tell('link.closed', CUT);
    subject.waitOut();
    expect(subject.links.at(-1)?.transports).toEqual(['pusher', 'centrifugo']);
    subject.up('pusher');
    subject.tell('link.stale');
    subject.waitOut();
    expect(subject.links.at(-1)?.transports).toEqual(['centrifugo', 'pusher']);
  });

  it('C8: an attempt that hung counts as one that never came up', () => {
    const subject = STATES.handshaking();
    subject.clock.advance(30_000);
    subject.waitOut();
    expect(subject.links.at(-1)?.transports).toEqual(['pusher', 'centrifugo']);
  });
});

it('tells when it is up and when it is down, and asks and says goodbye in between', () => {
  const subject = STATES.awaitingPong();
  subject.tell('link.heard');
  subject.tell('link.close');
  expect(subject.said).toEqual(['up', 'ping', 'goodbye', 'down']);
});

it('C2: after link.close no timer brings it back', () => {
  const subject = STATES.backoff();
  subject.tell('link.close');
  subject.clock.advance(10_000_000);
  expect(subject.state()).toBe('closed');
  expect(subject.open()).toBe(0);
});
