import { describe, expect, it } from 'vitest';
import type { DiscordStandin } from '../../src/demo/discord-standin.js';
import type { KickChannel } from '../../src/demo/kick-standin.js';
import type { Socket } from '../../src/world.js';
import {
  channels,
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  postgrestStandin,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';

const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };
/** Discord's requests may take 12 s: whoever waited for one of them would be later than this. */
const UNDISTURBED_MS = 6_000;
/** So long chat is held at most while a gap is filled. */
const HELD_MS = 10_000;
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

describe('the connections for requests', () => {
  it('are never all taken by lookups and negotiations, which have four: each sink has its own, whoever hangs', async () => {
    const watched = channels(241);
    const kick = await kickStandin({ channels: watched });
    const discord = await discordStandin(NO_LIMITS);
    const database = await postgrestStandin();
    const sinks = discordSink(discord.webhook()) + databaseSink(database.url);
    const folder = temporaryFolder();
    discord.fail({ kind: 'status', status: 503 });
    database.fail({ kind: 'status', status: 503 });
    const first = await runDaemon(configText({ kick, sinks, transport: 'pusher', more: FEW }), folder);
    await first.untilLive();
    kick.say('channel1', { username: 'alice', text: '@bob' });
    await first.until(({ account }) => account.accepted === 1);
    await first.stop();
    const before = kick.requests.length;

    // Four connections want to negotiate, and the ids of all channels but four are looked up: nobody answers.
    kick.play('lookup', 'hang');
    kick.play('negotiation', 'hang');
    discord.recover();
    database.recover();
    const more = 'limits: { httpConnections: 8 }\nshutdown: { sources: 200ms, sinks: 500ms }';
    const known = configText({ kick, sinks, channels: watched.slice(0, 4), more });
    const others = watched.slice(4).map(({ slug }) => `    - ${slug}`);
    const second = await runDaemon(known.replace('\nsinks:', `\n${others.join('\n')}\nsinks:`), folder);
    await second.until(({ pool }) => pool.waiting >= 2);
    expect(kick.requests.length - before).toBe(4);
    await second.until(({ sinks: all }) => all.every(({ pending }) => pending === 0), UNDISTURBED_MS);
    expect(second.status()).toMatchObject({
      pool: { leased: 4, limit: 8 },
      sinks: [{ delivered: 1 }, { delivered: 1 }],
    });
    expect(kick.requests.length - before).toBe(4);
  });
});

describe('a machine that throws', () => {
  it('takes its connection along, which is started anew: what its channel held goes on, and one socket is there', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const yaml = configText({ kick, sinks: discordSink(discord.webhook()), transport: 'centrifugo' });
    const folder = temporaryFolder();
    const first = await runDaemon(yaml, folder);
    await first.untilLive();
    kick.say('channel1', { username: 'alice', text: '@bob before' });
    await first.until(({ sinks }) => sinks[0]?.delivered === 1);
    await first.stop();

    kick.play('history', 'hang');
    let isFaulty = false;
    const faulty = (socket: Socket): Socket => ({
      ...socket,
      send(text) {
        if (isFaulty) throw new Error('a fault of the socket');
        socket.send(text);
      },
    });
    const second = await runDaemon(yaml, folder, 'info', undefined, (world) => ({
      ...world,
      dial: (...call) => faulty(world.dial(...call)),
    }));
    await second.until(({ sources }) => sources[0]?.channels[0]?.state === 'filling');
    kick.say('channel1', { username: 'alice', text: '@bob held' });
    await second.until(({ account }) => account.waiting === 1);
    // The subscription is asked for again in the midst of the channel's own transition.
    isFaulty = true;
    const { dials } = kick;
    kick.endSubscription('channel1', 2500);
    await kick.until(() => kick.connections().length === 0);
    await second.until(({ sinks }) => sinks[0]?.delivered === 1, HELD_MS / 2);
    isFaulty = false;
    kick.play('history', 'ok');
    await second.untilLive();
    expect(kick.dials).toBeGreaterThan(dials);
    expect(kick.peakConnections).toBe(1);
  });
});
