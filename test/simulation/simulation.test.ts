import { describe, expect, it } from 'vitest';
import { catalogue } from '../../machines/catalogue.js';
import { Counters } from './coverage.js';
import { planOf } from './planning.js';
import { REGRESSIONS } from './regressions.js';
import { play } from './run.js';

describe('the simulation', () => {
  it('keeps every promise in the first seeds, in which much really goes wrong', async () => {
    const met = new Counters();
    for (let seed = 1; seed <= 20; seed += 1) {
      const { broken, counts } = await play(planOf(seed));
      expect(broken, `npm run simulate -- --seed ${seed}`).toBeUndefined();
      met.add(counts);
    }
    const seen = Object.keys(met.all());
    for (const kind of ['discord', 'database', 'kick', 'disk', 'sockets', 'process', 'hand']) {
      expect(
        seen.filter((what) => what.startsWith(`fault ${kind}`)),
        kind,
      ).not.toEqual([]);
    }
    for (const machine of Object.keys(catalogue)) {
      expect(
        seen.filter((what) => what.startsWith(`state ${machine} `)),
        machine,
      ).not.toEqual([]);
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
