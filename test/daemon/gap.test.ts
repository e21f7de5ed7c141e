import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import {
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';
import { hurried } from '../support/hurried.js';
import { isLive, startProcess } from '../support/process.js';

const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };
/** The limit of a request must not end the wait for the history before its own. */
const PATIENT = 'timeouts: { lookup: 60s }';

async function standins() {
  const kick = await kickStandin();
  const discord = await discordStandin(NO_LIMITS);
  const yaml = configText({ kick, sinks: discordSink(discord.webhook()), more: PATIENT });
  const shown = () => discord.embeds.map(({ description }) => String(description).replace('\u2060', ''));
  return { kick, discord, yaml, shown };
}

describe('what was said while nobody listened', () => {
  it('is not reported at a first start: without a mark there is no gap to fill', async () => {
    const { kick, yaml, shown } = await standins();
    kick.say('channel1', { username: 'alice', text: '@bob long ago' });
    const running = await runDaemon(yaml);
    await running.untilLive();
    kick.say('channel1', { username: 'alice', text: '@bob now' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    expect(shown()).toEqual(['@bob now']);
    expect(kick.requests.filter(({ path }) => path.includes('/history'))).toEqual([]);
  });

  it('is read from where the chat was read to, which is stored every ten seconds', async () => {
    const times = 10;
    const { kick, yaml } = await standins();
    const folder = temporaryFolder();
    const running = await runDaemon(yaml, folder, 'info', undefined, (world) => hurried(world, times));
    await running.untilLive();
    const db = new Database(join(folder, 'earshot.db'), { readonly: true });
    const mark = db.prepare<[string], { id: string; createdAt: number }>(
      'SELECT id, created_at AS createdAt FROM mark WHERE channel = ?',
    );
    const createdAt = Date.UTC(2026, 10, 23, 12);
    /** Says something new until it is what is stored; resolves with when that was, in seconds of the hurried clock. */
    const storedNext = async (id: string) => {
      kick.say('channel1', { id, username: 'alice', text: 'nothing for anybody', createdAt });
      await running.until(() => mark.get('channel1')?.id === id, 10_000);
      return (performance.now() * times) / 1_000;
    };
    const first = await storedNext('one');
    expect(mark.get('channel1')).toEqual({ id: 'one', createdAt });
    const second = await storedNext('two');
    const third = await storedNext('three');
    db.close();
    for (const apart of [second - first, third - second]) {
      expect(apart).toBeGreaterThan(8);
      expect(apart).toBeLessThan(25);
    }
  });

  it('is read also by a daemon that is killed again and again, each time before ten seconds are over', async () => {
    const { kick, yaml, shown } = await standins();
    const folder = temporaryFolder();
    const said: string[] = [];
    const say = (text: string) => {
      kick.say('channel1', { username: 'alice', text: `@bob ${text}` });
      said.push(`@bob ${text}`);
    };
    for (const life of [1, 2, 3]) {
      const earshot = startProcess(yaml, folder);
      await earshot.until(isLive);
      say(`heard in life ${life}`);
      await earshot.until(({ sinks }) => sinks[0]?.pending === 0 && shown().length === said.length);
      await earshot.kill();
      say(`missed after life ${life}`);
    }
    const last = startProcess(yaml, folder);
    await last.until(({ sinks }) => sinks[0]?.pending === 0 && shown().length === said.length);
    expect(shown()).toEqual(said);
  });

  it('is waited for ten seconds at most: meanwhile the chat waits in its inbound queue, and is delivered then', async () => {
    const times = 5;
    const { kick, yaml, shown } = await standins();
    const folder = temporaryFolder();
    const first = await runDaemon(yaml, folder);
    await first.untilLive();
    kick.say('channel1', { username: 'alice', text: '@bob before' });
    await first.until(({ sinks }) => sinks[0]?.delivered === 1);
    await first.stop();
    kick.play('history', 'hang');
    const second = await runDaemon(yaml, folder, 'info', undefined, (world) => hurried(world, times));
    await second.until(({ sources }) => sources[0]?.channels[0]?.state === 'filling');
    const startedAt = performance.now();
    kick.say('channel1', { username: 'alice', text: '@bob held' });
    await second.until(({ account }) => account.waiting === 1);
    expect(second.status().sources[0]?.channels[0]?.queue.size).toBe(1);
    expect(shown()).toEqual(['@bob before']);
    await second.until(({ sinks }) => sinks[0]?.delivered === 1, 12_000);
    const seconds = ((performance.now() - startedAt) * times) / 1_000;
    expect(shown()).toEqual(['@bob before', '@bob held']);
    expect(seconds).toBeGreaterThan(8);
    expect(seconds).toBeLessThan(30);
    expect(second.status().sources[0]?.channels[0]?.state).toBe('live');
  });

  it('goes before what was said meanwhile, also when the link is cut while it is read', async () => {
    const { kick, yaml, shown } = await standins();
    const folder = temporaryFolder();
    const first = await runDaemon(yaml, folder);
    await first.untilLive();
    kick.say('channel1', { username: 'alice', text: '@bob before' });
    await first.until(({ sinks }) => sinks[0]?.delivered === 1);
    await first.stop();
    kick.say('channel1', { username: 'alice', text: '@bob missed' });
    kick.play('history', 'hang');
    const second = await runDaemon(yaml, folder);
    await second.until(({ sources }) => sources[0]?.channels[0]?.state === 'filling');
    kick.say('channel1', { username: 'alice', text: '@bob held', createdAt: Date.now() + 2_000 });
    await second.until(({ account }) => account.waiting === 1);
    kick.play('history', 'ok');
    kick.cut();
    await second.until(({ sinks }) => sinks[0]?.delivered === 2);
    expect(shown()).toEqual(['@bob before', '@bob missed', '@bob held']);
  });
});
