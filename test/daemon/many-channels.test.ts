import { describe, expect, it } from 'vitest';
import {
  channels,
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  runDaemon,
} from '../support/daemon.js';

const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };

describe('500 channels', () => {
  it('whose lookups all hang hold up neither the one that is live nor its deliveries', async () => {
    const watched = channels(501);
    const [known] = watched;
    const kick = await kickStandin({ channels: watched });
    kick.play('lookup', 'hang');
    const discord = await discordStandin(NO_LIMITS);
    const yaml = configText({ kick, sinks: discordSink(discord.webhook()) }).replace(
      /( {4}- \{ slug: channel1,.*\})/,
      ['$1', ...watched.slice(1).map(({ slug }) => `    - ${slug}`)].join('\n'),
    );
    const running = await runDaemon(yaml);
    await running.until(
      ({ sources }) => sources[0]?.channels.find(({ slug }) => slug === known?.slug)?.state === 'live',
    );
    await kick.until(() => kick.requests.some(({ path }) => path.includes('/api/v2/channels/')));
    for (let count = 0; count < 50; count += 1)
      kick.say('channel1', { username: 'alice', text: `@bob ${count}` });
    await running.until(({ sinks }) => sinks[0]?.delivered === 50);
    const { pool, sources } = running.status();
    expect(sources[0]?.channels).toHaveLength(501);
    expect(pool.leased).toBeLessThanOrEqual(4);
  });

  it('are all subscribed again after the server was restarted, one socket at a time for each connection', async () => {
    const watched = channels(500);
    const kick = await kickStandin({ channels: watched });
    const discord = await discordStandin(NO_LIMITS);
    const running = await runDaemon(
      configText({ kick, channels: watched, sinks: discordSink(discord.webhook()) }),
    );
    await running.untilLive();
    expect(kick.connections()).toHaveLength(7);
    await kick.restart();
    await kick.until(() => watched.every(({ slug }) => kick.subscribed(slug) === 1), 15_000);
    await running.untilLive();
    expect(kick.connections()).toHaveLength(7);
    expect(kick.peakConnections).toBeLessThanOrEqual(7);
    for (const { slug } of watched) kick.say(slug, { username: 'alice', text: '@bob' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 500, 15_000);
  }, 60_000);
});
