import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffCeiling, backoffDelay, draw } from '../../machines/backoff.js';

const settings = fc.record({
  initialMs: fc.integer({ min: 1, max: 10_000 }),
  maxMs: fc.integer({ min: 10_000, max: 3_600_000 }),
});
const seeds = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe('backoff', () => {
  it('has a ceiling that doubles, never shrinks, and never passes its cap (K1)', () => {
    expect(
      [1, 2, 3, 4, 7, 8].map((attempt) => backoffCeiling({ attempt, initialMs: 1_000, maxMs: 60_000 })),
    ).toEqual([1_000, 2_000, 4_000, 8_000, 60_000, 60_000]);
    fc.assert(
      fc.property(settings, fc.integer({ min: 1, max: 10_000 }), (it, attempt) => {
        const ceiling = backoffCeiling({ ...it, attempt });
        return ceiling <= it.maxMs && backoffCeiling({ ...it, attempt: attempt + 1 }) >= ceiling;
      }),
    );
  });

  it('waits a whole number of milliseconds between nothing and the ceiling (K2)', () => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 1, max: 200 }), seeds, (it, attempt, seed) => {
        const { ms } = backoffDelay({ ...it, attempt, seed });
        return Number.isInteger(ms) && ms >= 0 && ms <= backoffCeiling({ ...it, attempt });
      }),
    );
  });

  it('draws from the seed alone, evenly, and walks on (K3)', () => {
    let seed = 42;
    const buckets = new Array<number>(10).fill(0);
    for (let count = 0; count < 10_000; count += 1) {
      const drawn = draw(seed);
      expect(draw(seed)).toEqual(drawn);
      expect(drawn.seed).not.toBe(seed);
      seed = drawn.seed;
      const bucket = Math.floor(drawn.value * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
