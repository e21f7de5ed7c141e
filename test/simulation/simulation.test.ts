import { describe, expect, it } from 'vitest';
import { planOf } from './planning.js';
import { REGRESSIONS } from './regressions.js';
import { play } from './run.js';

describe('the simulation', () => {
  it('keeps every promise in the first seeds', async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const { broken } = await play(planOf(seed));
      expect(broken, `npm run simulate -- --seed ${seed}`).toBeUndefined();
    }
  }, 120_000);

  it.each(REGRESSIONS)(
    'has not broken again: %s',
    async (_, plan) => {
      expect((await play(plan)).broken).toBeUndefined();
    },
    60_000,
  );

  it('plays the same seed the same way, to the last line', async () => {
    const [one, other, third] = [
      await play(planOf(6), { isTold: true }),
      await play(planOf(6), { isTold: true }),
      await play(planOf(7), { isTold: true }),
    ];
    expect(one.fingerprint).toBe(other.fingerprint);
    expect(one.story.length).toBeGreaterThan(100);
    expect(third.fingerprint).not.toBe(one.fingerprint);
  }, 60_000);
});
