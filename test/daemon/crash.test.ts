import { describe, expect, it } from 'vitest';
import { killOften, repeatsAllowed } from '../endurance/kills.js';
import { configText, discordSink, discordStandin, kickStandin, temporaryFolder } from '../support/daemon.js';
import { startProcess } from '../support/process.js';

/** Ten times as many: npm run endurance. */
const KILLS = 20;

describe('kill -9', () => {
  it(`loses nothing accepted over ${KILLS} kills under load, with sinks that fail; repeats one request a kill and sink at most`, async () => {
    const { accepted, sinks, exitCode } = await killOften(KILLS, 4_711);
    expect(accepted).toBeGreaterThan(KILLS * 5);
    for (const name of ['discord', 'database'] as const) {
      expect(sinks[name].lost).toEqual([]);
      expect(sinks[name].repeats).toBeLessThanOrEqual(repeatsAllowed(name, KILLS));
    }
    expect(exitCode).toBe(0);
  }, 150_000);

  it('refuses the second of two daemons that start at once on one store, fifty times, with the pid of the first', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin();
    const yaml = configText({ kick, sinks: discordSink(discord.webhook()) });
    for (let round = 0; round < 50; round += 1) {
      const folder = temporaryFolder();
      const two = [startProcess(yaml, folder), startProcess(yaml, folder)];
      const refused = await Promise.race(two.map(async (it) => ({ it, code: await it.exited })));
      expect(refused.code).toBe(1);
      const [holder] = two.filter((it) => it !== refused.it);
      expect(refused.it.output()).toContain(`pid ${holder?.child.pid}`);
      await holder?.until(({ state }) => state === 'running');
      holder?.child.kill('SIGTERM');
      expect(await holder?.exited).toBe(0);
    }
  }, 120_000);
});
