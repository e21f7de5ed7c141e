import { expect, it } from 'vitest';
import { Lookups } from '../../src/sources/lookups.js';
import { type Asking, type Subscriber, Subscriptions } from '../../src/sources/subscriptions.js';
import { Turnstile } from '../../src/sources/turnstile.js';
import type { Clock } from '../../src/world.js';
import { FakeClock } from '../support/fake-clock.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));
const SIGNAL = new AbortController().signal;
const FOUND = { kind: 'ok', value: { channelId: 1, chatroomId: 2 } } as const;

/** Lookups whose answers come when the test says so. */
function lookups(clock: Clock) {
  const asked: string[] = [];
  const answers = new Map<string, () => void>();
  const api = {
    lookup: (slug: string) => {
      asked.push(slug);
      return new Promise<typeof FOUND>((resolve) => answers.set(slug, () => resolve(FOUND)));
    },
  };
  return { asked, answers, line: new Lookups({ api, clock, background: new Turnstile(3) }) };
}

it('lookups go out one a second, two at once, first come first served', async () => {
  const clock = new FakeClock();
  const { asked, answers, line } = lookups(clock);
  for (const slug of ['a', 'b', 'c']) void line.find(slug, SIGNAL);
  const askedAfter = async (ms: number) => {
    clock.advance(ms);
    await settled();
    return asked;
  };
  expect(await askedAfter(0)).toEqual(['a']);
  expect(await askedAfter(999)).toEqual(['a']);
  expect(await askedAfter(1)).toEqual(['a', 'b']);
  expect(await askedAfter(60_000)).toEqual(['a', 'b']);
  answers.get('a')?.();
  await settled();
  expect(asked).toEqual(['a', 'b', 'c']);
});

it('who gives up leaves the line, and gets an answer', async () => {
  const clock = new FakeClock();
  const { asked, line } = lookups(clock);
  const leaving = new AbortController();
  void line.find('a', SIGNAL);
  const given = line.find('b', leaving.signal);
  leaving.abort();
  expect(await given).toMatchObject({ kind: 'failed', code: 'cancelled' });
  // When the daemon stops, nothing may be left that fires after it.
  expect(clock.timers).toBe(0);
  clock.advance(10_000);
  expect(asked).toEqual(['a']);
  expect(line.waiting).toBe(0);
});

it('a turnstile lets so many in, and hands a place on', async () => {
  const turnstile = new Turnstile(1);
  const done: string[] = [];
  let leave = () => {};
  const inside = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const first = turnstile.pass(SIGNAL, () => inside);
  const gone = new AbortController();
  const second = turnstile.pass(gone.signal, async () => done.push('second'));
  const third = turnstile.pass(SIGNAL, async () => done.push('third'));
  gone.abort();
  expect(await second).toBeUndefined();
  expect(done).toEqual([]);
  leave();
  await Promise.all([first, third]);
  expect(done).toEqual(['third']);
  expect(await turnstile.pass(SIGNAL, async () => 'free again')).toBe('free again');
});

it('a turnstile is left by work that fails', async () => {
  const turnstile = new Turnstile(1);
  await expect(turnstile.pass(SIGNAL, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await turnstile.pass(SIGNAL, async () => 'free again')).toBe('free again');
});

it('subscriptions go out in bursts of twenty; one asked for again is given up first', () => {
  const clock = new FakeClock();
  const asked: string[] = [];
  const link: Asking = {
    subscribe: (topic) => void asked.push(`+${topic}`),
    unsubscribe: (topic) => void asked.push(`-${topic}`),
  };
  const subscriptions = new Subscriptions(clock, () => link);
  const subscriber: Subscriber = { published: () => {}, subscribed: () => {}, unsubscribed: () => {} };
  for (let index = 0; index < 80; index += 1) subscriptions.subscribe(`t${index}`, subscriber);
  expect(asked.length).toBe(20);
  clock.advance(299);
  expect(asked.length).toBe(60);
  clock.advance(1);
  expect(asked.length).toBe(80);
  clock.advance(1_000);
  subscriptions.subscribe('t0', subscriber);
  subscriptions.unsubscribe('nobody asked');
  expect(asked.slice(80)).toEqual(['-t0', '+t0']);
  subscriptions.forget();
  expect(subscriptions.of('t0')).toBeUndefined();
});
