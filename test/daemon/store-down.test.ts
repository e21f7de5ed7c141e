import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { imbalance } from '../../src/account.js';
import {
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  postgrestStandin,
  type Running,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';
import { canMount, smallDisk } from '../support/small-disk.js';

const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };

/** Chat goes on while the store is down: what it must do meanwhile and afterwards is the same whatever the reason. */
async function livesThrough(running: Running, down: () => void, up: () => void) {
  const { kick, discord } = standins;
  const mention = (count: number) => kick.say('channel1', { username: 'alice', text: `@bob ${count}` });
  for (let count = 0; count < 5; count += 1) mention(count);
  await running.until(({ sinks }) => sinks[0]?.delivered === 5);
  down();
  for (let count = 5; count < 10; count += 1) mention(count);
  await running.until(({ health }) => health === 'degraded');
  expect(running.status().reasons).toContainEqual(
    expect.objectContaining({ code: 'storeDown', severity: 'degraded' }),
  );
  expect(running.status().reasons.find(({ code }) => code === 'storeDown')?.do).not.toBe('');
  for (let count = 10; count < 20; count += 1) mention(count);
  await discord.until(() => discord.embeds.length === 20);
  expect(running.status().account.accepted).toBeLessThan(20);
  expect(imbalance(running.status().account)).toBeUndefined();
  up();
  await running.until(({ account }) => account.accepted === 20 && account.waiting === 0, 30_000);
  await running.until(({ health, store }) => health === 'healthy' && store.pending === 0);
  mention(20);
  await running.until(({ sinks }) => sinks[0]?.delivered === 21);
  const texts = discord.embeds.map(({ description }) => String(description).replace('\u2060', ''));
  expect(texts).toEqual(Array.from({ length: 21 }, (_, count) => `@bob ${count}`));
  expect(imbalance(running.status().account)).toBeUndefined();
}

let standins: {
  kick: Awaited<ReturnType<typeof kickStandin>>;
  discord: Awaited<ReturnType<typeof discordStandin>>;
};

async function started(folder: string, more = ''): Promise<Running> {
  standins = { kick: await kickStandin(), discord: await discordStandin(NO_LIMITS) };
  const yaml = configText({ kick: standins.kick, sinks: discordSink(standins.discord.webhook()), more });
  const running = await runDaemon(yaml, folder);
  await running.untilLive();
  return running;
}

/** Another program writes to the store until it is let go. */
function occupied(folder: string): { leave(): void } {
  const other = new Database(join(folder, 'earshot.db'));
  onTestFinished(() => void other.close());
  other.exec('BEGIN IMMEDIATE');
  return { leave: () => void other.exec('COMMIT') };
}

describe('the store is down', () => {
  it('and status says degraded: store, with what to do, until it is back', async () => {
    const folder = temporaryFolder();
    const running = await started(folder);
    const other = occupied(folder);
    standins.kick.say('channel1', { username: 'alice', text: '@bob' });
    await running.until(({ health }) => health === 'degraded');
    expect(running.status().reasons).toEqual([
      {
        code: 'storeDown',
        severity: 'degraded',
        actor: 'store',
        sinceAt: expect.any(Number),
        text: expect.stringMatching(/earshot\.db is locked by another program/),
        do: 'close the program that writes to it',
      },
    ]);
    expect(running.status()).toMatchObject({
      account: { waiting: 1, accepted: 0 },
      store: { state: 'down' },
    });
    await running.until(() => running.lines.some(({ msg }) => /^degraded: .*locked/.test(msg)));
    other.leave();
    await running.until(({ health }) => health === 'healthy');
    expect(running.status()).toMatchObject({ reasons: [], account: { waiting: 0, accepted: 1 } });
  });

  it('and an inbound queue is full: it drops its oldest, counted and said, and nothing else drops any', async () => {
    const folder = temporaryFolder();
    const running = await started(folder, 'limits: { messagesPerChannel: 10 }');
    const { kick, discord } = standins;
    const mention = (count: number) => kick.say('channel1', { username: 'alice', text: `@bob ${count}` });
    // Nothing may have been delivered before it was dropped: then it would not be heard again.
    await discord.goOffline();
    mention(0);
    await running.until(({ account }) => account.accepted === 1);
    const other = occupied(folder);
    for (let count = 1; count <= 30; count += 1) mention(count);
    await running.until(({ account }) => account.heard === 31);
    expect(running.status()).toMatchObject({
      account: { heard: 31, accepted: 1, waiting: 10, dropped: 20 },
      sources: [{ channels: [{ dropped: 20, queue: { size: 10, limit: 10 } }] }],
    });
    expect(running.lines.map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(/^queue full \(channel1\): dropping the oldest/),
    );
    other.leave();
    await running.until(({ account }) => account.accepted === 11);
    await discord.comeBack();
    await running.until(({ sinks }) => sinks[0]?.pending === 0);
    const texts = discord.embeds.map(({ description }) => String(description).replace('\u2060', ''));
    expect(texts).toEqual(['@bob 0', ...Array.from({ length: 10 }, (_, count) => `@bob ${count + 21}`)]);
  });

  it('and it is killed: nothing accepted before is lost, nothing acknowledged before is repeated', async () => {
    const folder = temporaryFolder();
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const database = await postgrestStandin();
    const sinks = `${discordSink(discord.webhook())}  database: { type: postgrest, url: "${database.url}" }\n`;
    const yaml = configText({ kick, sinks, moreKick: '  gapFill: false' });
    const first = startProcess(yaml, folder);
    await first.until(isLive);
    await database.goOffline();
    const mention = (text: string) => kick.say('channel1', { username: 'alice', text: `@bob ${text}` });
    for (const text of ['one', 'two']) mention(text);
    await first.until(({ sinks: [it] }) => it?.delivered === 2);
    const other = occupied(folder);
    mention('heard');
    await first.until(({ account }) => account.waiting === 1);
    first.child.kill('SIGKILL');
    await first.exited;
    other.leave();
    const shownBefore = discord.embeds.length;
    await database.comeBack();
    const second = startProcess(yaml, folder);
    await second.until((status) => isLive(status) && status.sinks.every(({ pending }) => pending === 0));
    mention('new');
    await second.until(
      (status) => status.sinks.every(({ pending }) => pending === 0) && status.account.accepted === 1,
    );
    const texts = discord.embeds.map(({ description }) => String(description).replace('\u2060', ''));
    expect(texts.slice(0, 2)).toEqual(['@bob one', '@bob two']);
    expect(texts.slice(shownBefore)).toEqual(['@bob new']);
    expect(database.rows().map(({ message }) => message)).toEqual(['@bob one', '@bob two', '@bob new']);
  });

  it('because another program locks it: deliveries go on, nothing is lost, and it is whole again afterwards', async () => {
    const folder = temporaryFolder();
    const running = await started(folder);
    const other = new Database(join(folder, 'earshot.db'));
    onTestFinished(() => void other.close());
    await livesThrough(
      running,
      () => other.exec('BEGIN IMMEDIATE'),
      () => other.exec('COMMIT'),
    );
  }, 60_000);

  it.skipIf(!canMount())(
    'because the disk is full: the same (needs the right to mount a tmpfs)',
    async () => {
      const disk = smallDisk(2);
      const running = await started(disk.folder);
      await livesThrough(running, disk.fill, disk.makeRoom);
      await running.stop();
    },
    60_000,
  );
});
