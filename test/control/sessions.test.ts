import { describe, expect, it } from 'vitest';
import { ViewerSessions } from '../../src/control/sessions.js';
import { FakeClock } from '../support/fake-clock.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function sessions() {
  const clock = new FakeClock();
  return { clock, sessions: new ViewerSessions(clock) };
}

describe("a viewer's session", () => {
  it('is opened once by its code', () => {
    const { sessions: kept } = sessions();
    const code = kept.code();
    const session = kept.open(code);
    expect(session?.expiresInMs).toBe(12 * HOUR_MS);
    expect(kept.isOpen(session?.token ?? '')).toBe(true);
    expect(kept.open(code)).toBeUndefined();
    expect(kept.isOpen(code)).toBe(false);
    expect(kept.isOpen('')).toBe(false);
  });

  it('is opened within five minutes, or not at all', () => {
    const { clock, sessions: kept } = sessions();
    const [one, two] = [kept.code(), kept.code()];
    clock.advance(5 * MINUTE_MS - 1);
    expect(kept.open(one)).toBeDefined();
    clock.advance(1);
    expect(kept.open(two)).toBeUndefined();
  });

  it('ends after twelve hours', () => {
    const { clock, sessions: kept } = sessions();
    const { token = '' } = kept.open(kept.code()) ?? {};
    clock.advance(12 * HOUR_MS - 1);
    expect(kept.isOpen(token)).toBe(true);
    clock.advance(1);
    expect(kept.isOpen(token)).toBe(false);
  });

  it('is one of sixteen; the oldest ends for another, and so does the oldest code', () => {
    const { sessions: kept } = sessions();
    const open = () => kept.open(kept.code())?.token ?? '';
    const tokens = Array.from({ length: 17 }, open);
    expect(tokens.map((token) => kept.isOpen(token))).toEqual([false, ...Array(16).fill(true)]);
    const codes = Array.from({ length: 17 }, () => kept.code());
    expect(kept.open(codes[0] ?? '')).toBeUndefined();
    expect(kept.open(codes[1] ?? '')).toBeDefined();
  });
});
