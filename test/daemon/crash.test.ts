import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { draw } from '../../machines/backoff.js';
import { configText, discordSink, discordStandin, kickStandin, temporaryFolder } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';

const KILLS = 20;

describe('kill -9', () => {
  it(`loses nothing accepted over ${KILLS} kills under load, and repeats one request at most for each`, async () => {
    const folder = temporaryFolder();
    const kick = await kickStandin();
    const discord = await discordStandin({
      bucket: { limit: 10_000, windowMs: 1_000 },
      channelPerMinute: null,
    });
    const yaml = configText({ kick, sinks: discordSink(discord.webhook()) });
    let said = 0;
    let seed = 4711;
    const talk = setInterval(() => {
      said += 1;
      kick.say('channel1', { username: 'alice', text: `@bob ${said}` });
    }, 3);
    const accepted = new Set<string>();
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const earshot = startProcess(yaml, folder);
        await earshot.until(isLive);
        const { value, seed: next } = draw(seed);
        seed = next;
        await new Promise((resolve) => setTimeout(resolve, value * 300));
        earshot.child.kill('SIGKILL');
        await earshot.exited;
        for (const text of archived(folder)) accepted.add(text);
      }
    } finally {
      clearInterval(talk);
    }
    const last = startProcess(yaml, folder);
    await last.until((status) => isLive(status) && status.sinks[0]?.pending === 0, 20_000);
    for (const text of archived(folder)) accepted.add(text);
    const shown = new Map<string, number>();
    for (const { description } of discord.embeds) {
      const text = String(description).replace('\u2060', '');
      shown.set(text, (shown.get(text) ?? 0) + 1);
    }
    expect(accepted.size).toBeGreaterThan(100);
    expect([...accepted].filter((text) => !shown.has(text))).toEqual([]);
    // One request a kill may have been out; a repeated one may be cut differently, its rows are the same.
    const repeated = [...shown.values()].filter((times) => times > 1).length;
    expect(repeated).toBeLessThanOrEqual(KILLS * 10);
    expect(Math.max(...shown.values())).toBeLessThanOrEqual(3);
    last.child.kill('SIGTERM');
    expect(await last.exited).toBe(0);
  }, 90_000);

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

/** What the store has accepted, read by somebody else while nobody has it open. */
function archived(folder: string): string[] {
  const db = new Database(join(folder, 'earshot.db'), { readonly: true });
  try {
    return db
      .prepare<[], { text: string }>('SELECT text FROM archive')
      .all()
      .map(({ text }) => text);
  } finally {
    db.close();
  }
}
