import { describe, expect, it } from 'vitest';
import type { DiscordStandin } from '../../src/demo/discord-standin.js';
import type { KickChannel } from '../../src/demo/kick-standin.js';
import {
  channels,
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  postgrestStandin,
  runDaemon,
} from '../support/daemon.js';

const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };
/** Discord's requests may take 12 s: whoever waited for one of them would be later than this. */
const UNDISTURBED_MS = 6_000;
/** Nor is a request that hangs waited for at the end. */
const FEW = 'limits: { httpConnections: 6 }\nshutdown: { drain: 100ms, sinks: 500ms }';

const databaseSink = (url: string, more = '') => `  database:
    type: postgrest
    url: ${url}
    ${more}
`;

/** Of these channels, the first has its ids in the configuration; those of the others are looked up. */
function withLookups(yaml: string, [, ...others]: readonly KickChannel[]): string {
  return yaml.replace(
    /( {4}- \{ slug: channel1,.*\})/,
    ['$1', ...others.map(({ slug }) => `    - ${slug}`)].join('\n'),
  );
}

describe('a dead Discord', () => {
  const deaths: Record<string, (discord: DiscordStandin) => void | Promise<void>> = {
    'that hangs': (discord) => discord.fail({ kind: 'hang' }),
    'that answers 503': (discord) => discord.fail({ kind: 'status', status: 503 }),
    'that nobody can dial': (discord) => discord.goOffline(),
    'that has banned this address': (discord) => discord.fail({ kind: 'edge', code: 1015 }),
    'that knows no such webhook': (discord) => discord.fail({ kind: 'unknownWebhook' }),
  };

  it.each(Object.keys(deaths))('%s never delays the database, and does not stop the chat', async (death) => {
    const watched = channels(10);
    const kick = await kickStandin({ channels: watched });
    const discord = await discordStandin(NO_LIMITS);
    const database = await postgrestStandin();
    const sinks = discordSink(discord.webhook()) + databaseSink(database.url);
    // As few places for requests as may be, and lookups that hang in some of them.
    const yaml = configText({ kick, sinks, more: FEW });
    kick.play('lookup', 'hang');
    const running = await runDaemon(withLookups(yaml, watched));
    await running.until(({ sources }) => sources[0]?.channels[0]?.state === 'live');
    await deaths[death]?.(discord);
    const startedAt = performance.now();
    for (let count = 0; count < 50; count += 1) {
      kick.say('channel1', { username: 'alice', text: `@bob ${count}` });
      kick.say('channel1', { username: 'alice', text: `nothing ${count}` });
      await database.until(() => database.rows().length === count + 1, UNDISTURBED_MS);
    }
    expect(performance.now() - startedAt).toBeLessThan(UNDISTURBED_MS);
    await running.until(({ sinks: all }) => all[1]?.pending === 0);
    expect(running.status().account).toMatchObject({ heard: 100, accepted: 50, unmatched: 50, dropped: 0 });
    expect(running.status().sinks).toMatchObject([
      { delivered: 0, pending: 50 },
      { delivered: 50, pending: 0 },
    ]);
  });
});

describe('everything has a timeout', () => {
  it('when nobody answers any more, each wait ends at its limit, is counted, and the stop is clean', async () => {
    const watched = channels(2);
    const kick = await kickStandin({ channels: watched, centrifugo: { pingEveryMs: 300 } });
    const discord = await discordStandin(NO_LIMITS);
    const database = await postgrestStandin();
    const sinks =
      discordSink(discord.webhook(), 'timeout: 400ms') + databaseSink(database.url, 'timeout: 400ms');
    const more = 'timeouts: { connect: 500ms, pingEvery: 400ms, pong: 300ms, lookup: 400ms }';
    kick.play('lookup', 'hang');
    const running = await runDaemon(withLookups(configText({ kick, sinks, more }), watched));
    await running.until(({ sources }) => sources[0]?.channels[0]?.state === 'live');
    discord.fail({ kind: 'hang' });
    database.fail({ kind: 'hang' });
    kick.say('channel1', { username: 'alice', text: '@bob' });
    const timedOut = (name: string) => (running.status().timeouts[name]?.timedOut ?? 0) > 0;
    await running.until(
      () => timedOut('discord send') && timedOut('database send') && timedOut('kick lookup'),
    );

    // A link that says nothing more is left for another, and that one for the next.
    kick.play('negotiation', 'hang');
    kick.play('token', 'hang');
    kick.play('history', 'hang');
    kick.refuseConnections('hang');
    kick.silence(true);
    const troubles = new Set<string | undefined>();
    await running.until(({ sources }) => {
      troubles.add(sources[0]?.connections[0]?.lastError?.code);
      return troubles.has('silent') && timedOut('kick negotiation');
    }, 15_000);
    const dials = kick.dials;
    await kick.until(() => kick.dials > dials + 1, 15_000);
    // And one that opens, and says nothing at all.
    kick.refuseConnections(false);
    const { dials: refused } = kick;
    await kick.until(() => kick.dials > refused + 2, 15_000);

    const asked = performance.now();
    const { exitCode } = await running.stop();
    expect(exitCode).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000);
  });
});
