import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../src/store.js';
import {
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  postgrestStandin,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';
import { hurried } from '../support/hurried.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));
const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };

/** What `earshot dead` shows to whoever asks it beside the running daemon. */
async function dead(folder: string): Promise<{ readonly end: string; readonly text: string }[]> {
  const config = join(folder, 'earshot.yaml');
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'dead', '--json', '-c', config]);
  const { letters }: { letters: DeadLetter[] } = JSON.parse(stdout);
  return letters.map(({ end, notification }) => ({ end, text: notification.message.text }));
}

async function standins() {
  return { kick: await kickStandin(), discord: await discordStandin(NO_LIMITS) };
}

describe('what was accepted', () => {
  it('reaches every sink of its rule at least once, through outages of each', async () => {
    const { kick, discord } = await standins();
    const database = await postgrestStandin();
    const sinks = `${discordSink(discord.webhook())}  database:
    type: postgrest
    url: ${database.url}
    breaker: { failures: 5, recovery: 400ms }
`;
    const more = `
rules:
  - { name: me, match: [mention] }
  - { name: words, match: { keywords: [giveaway] }, sinks: [database] }`;
    const running = await runDaemon(configText({ kick, sinks, more }));
    await running.untilLive();
    discord.fail({ kind: 'status', status: 503 }, 6);
    discord.fail({ kind: 'takenThenCut' }, 1);
    database.fail({ kind: 'cut' }, 2);
    database.fail({ kind: 'databaseDown' }, 1);
    database.fail({ kind: 'takenThenCut' }, 1);
    for (let count = 0; count < 20; count += 1)
      kick.say('channel1', {
        username: 'alice',
        text: count % 4 === 3 ? `giveaway ${count}` : `@bob ${count}`,
      });
    await running.until(
      ({ account, sinks: all }) => account.accepted === 20 && all.every(({ pending }) => pending === 0),
      20_000,
    );
    const shown = discord.embeds.map(({ description }) => String(description).replace('\u2060', ''));
    const rows = database.rows().map(({ message }) => String(message));
    const said = Array.from({ length: 20 }, (_, count) =>
      count % 4 === 3 ? `giveaway ${count}` : `@bob ${count}`,
    );
    expect(new Set(shown)).toEqual(new Set(said.filter((text) => text.startsWith('@bob'))));
    expect(new Set(rows)).toEqual(new Set(said));
    expect(running.status().sinks).toMatchObject([
      { delivered: 15, dead: 0, expired: 0 },
      { delivered: 20, dead: 0, expired: 0 },
    ]);
  });

  it('is a dead letter when it is refused for good, and earshot dead shows it', async () => {
    const { kick, discord } = await standins();
    const folder = temporaryFolder();
    const running = await runDaemon(configText({ kick, sinks: discordSink(discord.webhook()) }), folder);
    await running.untilLive();
    discord.fail({ kind: 'error', status: 400, code: 50035, message: 'Invalid Form Body' }, 1);
    kick.say('channel1', { username: 'alice', text: '@bob refused' });
    await running.until(({ sinks }) => sinks[0]?.dead === 1);
    kick.say('channel1', { username: 'alice', text: '@bob taken' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    expect(await dead(folder)).toEqual([{ end: 'dead', text: '@bob refused' }]);
    expect(running.status().sinks[0]).toMatchObject({ dead: 1, expired: 0, pending: 0 });
  });

  it('expires when it is older than maxAge, and earshot dead shows it', async () => {
    const { kick, discord } = await standins();
    const folder = temporaryFolder();
    const sinks = discordSink(discord.webhook(), 'maxAge: 1m');
    const running = await runDaemon(configText({ kick, sinks }), folder, 'info', undefined, (world) =>
      hurried(world, 20),
    );
    await running.untilLive();
    await discord.goOffline();
    kick.say('channel1', { username: 'alice', text: '@bob too late' });
    await running.until(({ sinks: [it] }) => it?.pending === 1);
    await running.until(({ sinks: [it] }) => it?.expired === 1, 15_000);
    expect(await dead(folder)).toEqual([{ end: 'expired', text: '@bob too late' }]);
    expect(running.lines.map(({ msg }) => msg)).toContain('expired: 1 for discord, not delivered in time');
    expect(running.status().sinks[0]).toMatchObject({ delivered: 0, dead: 0, pending: 0 });
  });

  it.each([
    ['is away', { kind: 'status', status: 503 }],
    ['refuses', { kind: 'unknownWebhook' }],
  ] as const)('of a sink that %s: more than maxPending, and the oldest expire, counted', async (_, fault) => {
    const { kick, discord } = await standins();
    const folder = temporaryFolder();
    const sinks = discordSink(discord.webhook(), 'maxPending: 100');
    const running = await runDaemon(configText({ kick, sinks }), folder, 'info', undefined, (world) =>
      hurried(world, 10),
    );
    await running.untilLive();
    discord.fail(fault);
    for (let count = 0; count < 130; count += 1)
      kick.say('channel1', { username: 'alice', text: `@bob ${count}` });
    await running.until(({ sinks: [it] }) => it?.pending === 130);
    await running.until(({ sinks: [it] }) => (it?.expired ?? 0) > 0, 15_000);
    const [sink] = running.status().sinks;
    expect(sink).toMatchObject({ expired: 30, pending: 100, delivered: 0, dead: 0 });
    // What was out in a request just then stays; all others that went are the oldest.
    const gone = (await dead(folder)).map(({ text }) => Number(text.replace('@bob ', '')));
    expect(gone).toHaveLength(30);
    expect(Math.max(...gone)).toBeLessThan(40);
  });
});
