import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conditionOf } from '../../visualizations/viewer/conditions.js';
import { Lane } from '../../visualizations/viewer/lane.js';
import { Window } from '../../visualizations/viewer/window.js';

function lane(states: Readonly<Record<number, string>>): Lane {
  const made = new Lane('sinks/discord/breaker', 'breaker');
  for (const [index, state] of Object.entries(states)) made.note(Number(index), state);
  return made;
}

describe('a lane', () => {
  it('runs in the colours of its states', () => {
    const breaker = lane({ 0: 'closed', 10: 'open', 20: 'halfOpen', 21: 'closed', 30: '' });
    expect(breaker.runs((index) => index, 40, 40)).toEqual([
      { from: 0, to: 10, condition: 'well' },
      { from: 10, to: 20, condition: 'trouble' },
      { from: 20, to: 21, condition: 'waiting' },
      { from: 21, to: 30, condition: 'well' },
    ]);
    expect([0, 9, 10, 29, 30].map((index) => breaker.stateAt(index))).toEqual([
      'closed',
      'closed',
      'open',
      'closed',
      '',
    ]);
  });

  it('shows a moment of trouble among any number of good ones', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999 }), fc.integer({ min: 5, max: 300 }), (at, columns) => {
        const breaker = lane({ 0: 'closed', [at]: 'open', [at + 1]: 'closed' });
        const runs = breaker.runs((index) => (index / 10_001) * columns, columns, 10_001);
        expect(runs.filter(({ condition }) => condition === 'trouble')).toHaveLength(1);
      }),
    );
  });

  it('shows of any part what it shows of the whole', () => {
    const states = fc.array(fc.tuple(fc.nat(20), fc.constantFrom('closed', 'open', 'probing', '')), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(states, fc.nat(300), fc.integer({ min: 1, max: 50 }), (steps, from, width) => {
        const breaker = new Lane('a', 'breaker');
        let at = 0;
        for (const [step, state] of steps) {
          at += step + 1;
          breaker.note(at, state);
        }
        const runs = breaker.runs((index) => index - from, width, at + 1);
        for (let column = 0; column < width; column += 1) {
          const state = from + column <= at ? breaker.stateAt(from + column) : '';
          const run = runs.find((it) => it.from <= column && column < it.to);
          expect(run?.condition).toBe(state === '' ? undefined : conditionOf('breaker', state));
        }
      }),
    );
  });
});

describe('the part of a recording that is seen', () => {
  const times = Array.from({ length: 1_000 }, (_, index) => index * index);
  const recording = { times, end: times.length };

  it.each([true, false])(
    'finds the entry at a place, and the place of an entry (by events: %s)',
    (isByEvents) => {
      const window = new Window(recording, isByEvents);
      fc.assert(
        fc.property(fc.nat(999), (index) => {
          expect(window.indexAt(window.shareOf(index))).toBe(index);
        }),
      );
    },
  );

  it.each([true, false])('comes nearer without moving what is looked at (by events: %s)', (isByEvents) => {
    const window = new Window(recording, isByEvents);
    const before = window.shareOf(500);
    window.zoom(0.5, 500);
    expect(window.shareOf(500)).toBeCloseTo(before, 6);
    expect(window.shareOf(501) - window.shareOf(500)).toBeGreaterThan(0);
    for (let times = 0; times < 60; times += 1) window.zoom(0.5, 500);
    expect(window.shareOf(500)).toBeGreaterThanOrEqual(0);
    for (let times = 0; times < 60; times += 1) window.zoom(2, 500);
    expect([window.shareOf(0), window.shareOf(1_000)]).toEqual([0, 1]);
  });

  it('follows what is looked at', () => {
    const window = new Window(recording, true);
    for (let times = 0; times < 4; times += 1) window.zoom(0.5, 0);
    expect(window.shareOf(900)).toBeGreaterThan(1);
    window.follow(900);
    expect(window.shareOf(900)).toBeCloseTo(0.25);
  });

  it('is marked at round times, as finely as there is room', () => {
    const hour = new Window({ times: [0, 3_600_000], end: 2 }, false);
    expect(hour.marks(7).map(({ text }) => text)).toEqual([
      '0',
      '10:00',
      '20:00',
      '30:00',
      '40:00',
      '50:00',
      '1:00:00',
    ]);
    const blink = new Window({ times: [0, 30], end: 2 }, false);
    expect(blink.marks(4).map(({ text }) => text)).toEqual(['0.000 s', '0.010 s', '0.020 s', '0.030 s']);
    const single = new Window({ times: [0], end: 1 }, false);
    expect(single.shareOf(0)).toBe(0);
    expect(single.indexAt(1)).toBe(0);
  });
});
