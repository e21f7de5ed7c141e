import { describe, expect, it } from 'vitest';
import { killOften, repeatsAllowed } from '../endurance/kills.js';
import { configText, discordSink, discordStandin, kickStandin, temporaryFolder } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';

const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };
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

  it('repeats the request in flight and nothing else, whenever it comes', async () => {
    const folder = temporaryFolder();
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const yaml = configText({ kick, sinks: discordSink(discord.webhook(), 'batch: 1') });
    const asked = () => discord.requests.map(({ body }) => /@\u2060?bob (\d+)/.exec(body)?.[1] ?? body);
    const PER_LIFE = 30;
    /** What was answered before a kill, the request that may have been in flight left out. */
    const done = new Set<string>();
    for (let life = 0; life < 6; life += 1) {
      const before = discord.requests.length;
      const earshot = startProcess(yaml, folder);
      await earshot.until(isLive);
      for (let count = 0; count < PER_LIFE; count += 1)
        kick.say('channel1', { username: 'alice', text: `@bob ${life * PER_LIFE + count}` });
      await discord.until(() => discord.requests.length >= before + 4 * (life + 1));
      earshot.child.kill('SIGKILL');
      await earshot.exited;
      expect(
        asked()
          .slice(before)
          .filter((text) => done.has(text)),
      ).toEqual([]);
      for (const text of asked().slice(0, -1)) done.add(text);
    }
    const before = discord.requests.length;
    const last = startProcess(yaml, folder);
    await last.until((status) => isLive(status) && status.sinks[0]?.pending === 0, 20_000);
    expect(
      asked()
        .slice(before)
        .filter((text) => done.has(text)),
    ).toEqual([]);
  }, 60_000);

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
  }, 240_000);
});
