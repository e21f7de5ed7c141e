import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { type HostEvent, type HostInput, hostMachine } from '../../machines/host.js';
import { FakeClock } from '../support/fake-clock.js';

const INPUT: HostInput = {
  perSecondMax: 3,
  banMs: 60_000,
  banMaxMs: 300_000,
  trialMs: 30_000,
  invalidMax: 4,
  seed: 7,
  at: 0,
};

function host(input: Partial<HostInput> = {}) {
  const clock = new FakeClock();
  const actor = createActor(hostMachine, { input: { ...INPUT, ...input }, clock });
  let opened = 0;
  actor.on('host.opened', () => {
    opened += 1;
  });
  actor.start();
  const at = () => clock.now();
  return {
    clock,
    opened: () => opened,
    sent: () => actor.send({ type: 'request.sent', at: at() }),
    welcome: () => actor.send({ type: 'request.answered', at: at(), invalid: false }),
    refused: () => actor.send({ type: 'request.answered', at: at(), invalid: true }),
    lost: () => actor.send({ type: 'request.lost', at: at() }),
    held: (forMs: number) => actor.send({ type: 'host.held', at: at(), forMs }),
    banned: () => actor.send({ type: 'host.banned', at: at() }),
    state: () => actor.getSnapshot().value,
    admits: () => actor.getSnapshot().hasTag('admits'),
    leftMs: () => actor.getSnapshot().context.dueAt - clock.now(),
    waitOut: () => clock.advance(actor.getSnapshot().context.dueAt - clock.now()),
  };
}
type Host = ReturnType<typeof host>;

function led(from: () => Host, ...steps: ((it: Host) => void)[]): () => Host {
  return () => {
    const it = from();
    for (const step of steps) step(it);
    return it;
  };
}

const open = () => host();
const banned = led(open, (it) => it.banned());
const trying = led(banned, (it) => it.waitOut());
/** `starting` is passed through at once. */
const STATES = {
  open,
  paced: led(
    open,
    (it) => it.sent(),
    (it) => it.sent(),
    (it) => it.sent(),
  ),
  held: led(open, (it) => it.held(5_000)),
  banned,
  trying,
  tried: led(trying, (it) => it.sent()),
  wary: led(
    open,
    (it) => it.refused(),
    (it) => it.refused(),
    (it) => it.refused(),
    (it) => it.refused(),
  ),
};
type State = keyof typeof STATES;

const EVENTS: Record<HostEvent['type'], (it: Host) => void> = {
  'request.sent': (it) => it.sent(),
  'request.answered': (it) => it.welcome(),
  'request.lost': (it) => it.lost(),
  'host.held': (it) => it.held(5_000),
  'host.banned': (it) => it.banned(),
};

/** What each event makes of each state; '-' leaves it. Numbers cite the machine's invariants. */
const VERDICTS: Record<State, Record<HostEvent['type'], string>> = {
  open: row('-', '-', '-', 'held', 'banned'),
  paced: row('-', '-', '-', 'held', 'banned'),
  held: row('-', '-', '-', 'held', 'banned'),
  // H6
  banned: row('-', '-', '-', '-', '-'),
  // H3
  trying: row('tried', '-', '-', 'held', 'banned'),
  tried: row('-', 'open', 'trying', 'held', 'banned'),
  // H5
  wary: row('-', '-', '-', 'held', 'banned'),
};

function row(sent: string, answered: string, lost: string, held: string, banned: string) {
  return {
    'request.sent': sent,
    'request.answered': answered,
    'request.lost': lost,
    'host.held': held,
    'host.banned': banned,
  };
}

describe('every event in every state', () => {
  for (const [state, make] of Object.entries(STATES) as [State, () => Host][]) {
    it(state, () => {
      expect(make().state()).toBe(state);
      for (const [event, send] of Object.entries(EVENTS) as [HostEvent['type'], (it: Host) => void][]) {
        const it = make();
        send(it);
        const verdict = VERDICTS[state][event];
        expect(`${event} → ${it.state()}`).toBe(`${event} → ${verdict === '-' ? state : verdict}`);
      }
    });
  }
});

describe('time', () => {
  it('H1: the fourth request of a second waits until the first is a second old', () => {
    const it = host();
    it.sent();
    it.clock.advance(300);
    it.sent();
    it.sent();
    expect(it.admits()).toBe(false);
    it.clock.advance(699);
    expect(it.admits()).toBe(false);
    it.clock.advance(1);
    expect(it.admits()).toBe(true);
    // The two others are still within the second.
    it.sent();
    expect(it.state()).toBe('paced');
  });

  it('H2: a ban lasts 60 s at least, twice as long each time it comes again, up to the cap', () => {
    const it = host();
    const waits: number[] = [];
    for (let ban = 0; ban < 6; ban += 1) {
      it.banned();
      waits.push(it.leftMs());
      it.waitOut();
      it.sent();
    }
    const least = [60_000, 120_000, 240_000, 300_000, 300_000, 300_000];
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(least[index] ?? 0);
      expect(wait).toBeLessThanOrEqual((least[index] ?? 0) * 1.1);
    }
    it.welcome();
    it.banned();
    expect(it.leftMs()).toBeLessThan(66_001);
  });

  it('H2: not a millisecond earlier', () => {
    const it = banned();
    it.clock.advance(it.leftMs() - 1);
    expect(it.admits()).toBe(false);
    it.clock.advance(1);
    expect(it.state()).toBe('trying');
  });

  it('H3: one alone goes out after a ban; lost or silent, it gives its place to the next', () => {
    const it = STATES.tried();
    expect(it.admits()).toBe(false);
    it.lost();
    expect(it.admits()).toBe(true);
    it.sent();
    it.clock.advance(29_999);
    expect(it.admits()).toBe(false);
    it.clock.advance(1);
    expect(it.admits()).toBe(true);
  });

  it('H4: of two holds the later end counts, and a trial does not make one longer', () => {
    const it = host();
    it.held(5_000);
    it.held(1_000);
    expect(it.leftMs()).toBe(5_000);
    it.held(9_000);
    it.clock.advance(8_999);
    expect(it.state()).toBe('held');
    it.clock.advance(1);
    expect(it.state()).toBe('open');
    const tried = STATES.tried();
    tried.held(700);
    expect(tried.leftMs()).toBe(700);
  });

  it('H5: past the count nothing goes out until the first of them is ten minutes old', () => {
    const it = host();
    it.refused();
    it.clock.advance(120_000);
    it.refused();
    it.refused();
    expect(it.state()).toBe('open');
    it.refused();
    expect(it.state()).toBe('wary');
    it.clock.advance(600_000 - 120_000);
    expect(it.state()).toBe('wary');
    it.clock.advance(60_000);
    expect(it.state()).toBe('open');
    it.refused();
    expect(it.state()).toBe('wary');
  });

  it('H5: answers that hold the host count as well, and are remembered when the hold is over', () => {
    const it = host();
    for (let hold = 0; hold < 4; hold += 1) it.held(1_000);
    it.clock.advance(1_000);
    expect(it.state()).toBe('wary');
  });

  it('H6: a ban heard twice, for requests that were out together, is one ban', () => {
    const it = banned();
    const before = it.leftMs();
    it.banned();
    it.welcome();
    expect(it.leftMs()).toBe(before);
    expect(it.state()).toBe('banned');
  });

  it('H7: every state that admits nothing ends by itself', () => {
    for (const make of Object.values(STATES)) {
      const it = make();
      if (it.admits()) continue;
      it.waitOut();
      expect(it.admits()).toBe(true);
    }
  });

  it('goes on with a ban it was in before it was started anew', () => {
    const it = host({ restored: { dueAt: 40_000, bans: 2 } });
    expect(it.state()).toBe('banned');
    it.clock.advance(40_000);
    expect(it.state()).toBe('trying');
    it.banned();
    expect(it.leftMs()).toBeGreaterThanOrEqual(240_000);
  });
});
