import { describe, expect, it } from 'vitest';
import { killOften, repeatsAllowed } from './kills.js';

const KILLS = 200;

describe('kill -9', () => {
  it(`loses nothing accepted over ${KILLS} kills under load, with sinks that fail; repeats one request a kill and sink at most`, async () => {
    const { said, accepted, sinks, early, exitCode } = await killOften(KILLS, 20_261_124);
    console.log(
      `${KILLS} kills (${early} before it was ready), ${said} said, ${accepted} accepted; ` +
        `lost: discord ${sinks.discord.lost.length}, database ${sinks.database.lost.length}; ` +
        `repeated: discord ${sinks.discord.repeats}, database ${sinks.database.repeats}`,
    );
    expect(accepted).toBeGreaterThan(KILLS * 5);
    expect(early).toBeGreaterThan(KILLS / 10);
    for (const name of ['discord', 'database'] as const) {
      expect(sinks[name].lost).toEqual([]);
      expect(sinks[name].repeats).toBeLessThanOrEqual(repeatsAllowed(name, KILLS));
    }
    expect(exitCode).toBe(0);
  });
});
