import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { imbalance } from '../../src/account.js';
import {
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  type Running,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';
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

async function started(folder: string): Promise<Running> {
  standins = { kick: await kickStandin(), discord: await discordStandin(NO_LIMITS) };
  const yaml = configText({ kick: standins.kick, sinks: discordSink(standins.discord.webhook()) });
  const running = await runDaemon(yaml, folder);
  await running.untilLive();
  return running;
}

describe('the store is down', () => {
  it('because another program locks it: deliveries go on, nothing is lost, and it is whole again afterwards', async () => {
    const folder = temporaryFolder();
    const running = await started(folder);
    const other = new Database(join(folder, 'earshot.db'));
    onTestFinished(() => {
      other.close();
    });
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
