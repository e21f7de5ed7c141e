import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { World } from '../../src/world.js';
import {
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';

const MIB = 1024 ** 2;
const LONG_MS = 5 * 60_000;

/** The pauses of what is done every ten minutes pass at once; every other wait takes its time. */
function withoutLongWaits(world: World): World {
  const { clock } = world;
  return {
    ...world,
    clock: {
      ...clock,
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms > LONG_MS ? 500 : ms),
    },
  };
}

describe('the disk', () => {
  it('is bounded by store.maxBytes: the oldest archive goes first, what waits for a sink stays', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin();
    const folder = temporaryFolder();
    const path = join(folder, 'earshot.db');
    const more = 'store: { path: ./earshot.db, maxBytes: 1MiB, archive: all, durability: normal }';
    const yaml = configText({ kick, sinks: discordSink(discord.webhook()), more });
    const running = await runDaemon(yaml, folder, 'info', undefined, withoutLongWaits);
    await running.untilLive();
    await discord.goOffline();
    kick.say('channel1', { username: 'alice', text: '@bob oldest of all' });
    await running.until(({ sinks }) => sinks[0]?.pending === 1);
    const MESSAGES = 3_000;
    for (let count = 0; count < MESSAGES; count += 1) {
      kick.say('channel1', { username: 'alice', text: `${count} ${'x'.repeat(400)}` });
      // No faster than it is read: the inbound queue is bounded, too.
      if (count % 100 === 99) await running.until(({ account }) => account.unmatched === count + 1);
    }
    const sizeOf = () => [path, `${path}-wal`].reduce((sum, file) => sum + statSync(file).size, 0);
    await running.until(() => sizeOf() <= MIB, 20_000);
    expect(running.lines.map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(
        /^store full \(store\.maxBytes\): the oldest \d+ archived messages were forgotten/,
      ),
    );
    expect(running.status().sinks[0]).toMatchObject({ pending: 1, expired: 0 });
    await running.stop();
    const db = new Database(path, { readonly: true });
    const kept = db.prepare<[], { text: string }>('SELECT text FROM archive ORDER BY id').all();
    db.close();
    const [first, ...others] = kept.map(({ text }) => text);
    expect(first).toBe('@bob oldest of all');
    // What is left is the end of what was said, without a hole.
    const numbers = others.map((text) => Number(text.split(' ')[0]));
    expect(numbers.length).toBeGreaterThan(100);
    expect(numbers).toEqual(numbers.map((_, index) => MESSAGES - numbers.length + index));
  });
});
