import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { Host } from '../../src/sinks/host.js';
import type { Outcome } from '../../src/sinks/sink.js';
import type { Clock } from '../../src/world.js';
import { FakeClock, keptLog } from '../support/fake-clock.js';

const BANNED: Outcome = {
  kind: 'later',
  hold: { scope: 'host', forMs: 0 },
  noTime: true,
  error: { code: '429', text: 'the network in front of Discord answered 429' },
  countsAsInvalid: true,
};

describe('a host that banned us', () => {
  it('is tried by one sink alone, also when others look in the moment in which the ban ends (H3)', () => {
    const timers = new FakeClock();
    // As when their timers fire before the host's own: it is later than the machine knows.
    let late = 0;
    const clock: Clock = {
      now: () => timers.now() + late,
      wall: () => timers.wall() + late,
      setTimeout: (callback, ms) => timers.setTimeout(callback, ms),
      clearTimeout: (timer) => timers.clearTimeout(timer),
      soon: (callback) => timers.soon(callback),
    };
    const host = new Host({
      origin: 'https://discord.example',
      world: { clock, random: () => 0.5 },
      log: keptLog().log,
    });
    const woken: string[] = [];
    host.onOpen(() => woken.push('somebody who waits'));
    createActor(host.logic, { clock }).start();
    timers.turn();
    woken.splice(0);
    host.answered(BANNED);
    const banMs = host.heldUntil - clock.now();
    expect(banMs).toBeGreaterThan(60_000);

    late = banMs + 5;
    expect(host.heldUntil).toBeGreaterThan(clock.now());
    late = 0;

    timers.advance(banMs);
    expect(woken).toEqual(['somebody who waits']);
    expect(host.heldUntil).toBe(0);
    host.sent();
    expect(host.heldUntil).toBeGreaterThan(clock.now());
  });
});
