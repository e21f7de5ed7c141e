import { describe, expect, it } from 'vitest';
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

describe('from chat to Discord', () => {
  it.each(['centrifugo', 'pusher'] as const)(
    'over %s: 1,000 messages, 100 of them for bob, exactly those, each once, in order',
    async (transport) => {
      const watched = channels(20);
      const kick = await kickStandin({ channels: watched, offers: [transport] });
      const discord = await discordStandin(NO_LIMITS);
      const running = await runDaemon(
        configText({ kick, channels: watched, sinks: discordSink(discord.webhook()), transport }),
      );
      await running.untilLive();
      const said = new Map<string, string[]>();
      for (let count = 0; count < 1_000; count += 1) {
        const slug = `channel${(count % 20) + 1}`;
        const isForBob = count % 10 === Math.floor(count / 100);
        const text = isForBob
          ? `@Bob number ${count}`
          : count % 3 === 0
            ? `@bobby number ${count}`
            : `number ${count}, mail x@bob.example`;
        if (isForBob) said.set(slug, [...(said.get(slug) ?? []), text.toLowerCase()]);
        kick.say(slug, { username: 'alice', text });
      }
      await running.until(({ account }) => account.heard === 1_000);
      await discord.until(() => discord.embeds.length >= 100, 10_000);
      await running.until(({ sinks }) => sinks[0]?.delivered === 100);
      const shown = new Map<string, string[]>();
      for (const { title, description } of discord.embeds) {
        const text = String(description).replace('\u2060', '').toLowerCase();
        shown.set(String(title), [...(shown.get(String(title)) ?? []), text]);
      }
      expect(shown).toEqual(said);
      expect(discord.embeds).toHaveLength(100);
      expect(running.status().account).toMatchObject({
        heard: 1_000,
        accepted: 100,
        unmatched: 900,
        dropped: 0,
      });
    },
  );

  it('opens the breaker after five answers of 500, asks nothing meanwhile, probes once, and delivers all that waited', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const running = await runDaemon(
      configText({ kick, sinks: discordSink(discord.webhook(), 'breaker: { failures: 5, recovery: 2s }') }),
    );
    await running.untilLive();
    discord.fail({ kind: 'status', status: 500 }, 5);
    for (let count = 0; count < 30; count += 1)
      kick.say('channel1', { username: 'alice', text: `@bob ${count}` });
    await running.until(({ sinks }) => sinks[0]?.breaker.state === 'open', 15_000);
    const opened = performance.now();
    expect(discord.requests).toHaveLength(5);
    expect(running.status().sinks[0]?.breaker).toMatchObject({ failures: 5, threshold: 5, trips: 1 });
    await running.until(({ health }) => health === 'degraded');
    expect(running.status().reasons).toContainEqual(
      expect.objectContaining({ code: 'circuitOpen', severity: 'degraded' }),
    );
    await discord.until(() => discord.requests.length > 5);
    expect(performance.now() - opened).toBeGreaterThanOrEqual(1_900);
    await running.until(({ sinks }) => sinks[0]?.delivered === 30);
    expect(running.status().sinks[0]?.breaker.state).toBe('closed');
    const texts = discord.embeds.map(({ description }) => String(description).replace('\u2060', ''));
    expect(texts).toEqual(Array.from({ length: 30 }, (_, count) => `@bob ${count}`));
    await running.until(({ health }) => health === 'healthy');
  });

  it('ends a hanging request at its timeout, counts it, and delivers to the database undisturbed', async () => {
    const kick = await kickStandin();
    const hanging = await discordStandin(NO_LIMITS);
    const postgrest = await postgrestStandin();
    const sinks = `${discordSink(hanging.webhook(), 'timeout: 300ms')}  database:
    type: postgrest
    url: ${postgrest.url}
    dedupeColumn: dedupe_key
`;
    const running = await runDaemon(configText({ kick, sinks }));
    await running.untilLive();
    hanging.fail({ kind: 'hang' });
    for (let count = 0; count < 20; count += 1)
      kick.say('channel1', { username: 'alice', text: `@bob ${count}` });
    await running.until(({ sinks: [, database] }) => database?.delivered === 20);
    await running.until(({ timeouts }) => (timeouts['discord send']?.timedOut ?? 0) >= 1);
    expect(postgrest.rows().map(({ message }) => message)).toEqual(
      Array.from({ length: 20 }, (_, count) => `@bob ${count}`),
    );
    expect(postgrest.rows()[0]).toMatchObject({
      platform: 'kick',
      type: 'mention',
      channel: 'channel1',
      username: 'alice',
      url: 'https://kick.com/channel1',
      original_message: null,
    });
    const { longestMs = 0 } = running.status().timeouts['discord send'] ?? {};
    expect(longestMs).toBeLessThan(1_000);
    expect(running.lines.some(({ msg }) => msg.startsWith('timeout: discord send, 0.3 s'))).toBe(true);
    expect(running.status().sinks[0]).toMatchObject({ delivered: 0, pending: 20 });
  });

  it.each([
    ['unknown webhook', { kind: 'unknownWebhook' }],
    ['invalid token', { kind: 'invalidToken' }],
  ] as const)(
    'makes zero further requests after %s, says why and what to type, and goes on when resumed',
    async (_, fault) => {
      const kick = await kickStandin();
      const discord = await discordStandin(NO_LIMITS);
      const running = await runDaemon(configText({ kick, sinks: discordSink(discord.webhook()) }));
      await running.untilLive();
      discord.fail(fault);
      kick.say('channel1', { username: 'alice', text: '@bob one' });
      await running.until(({ sinks }) => sinks[0]?.state === 'refused');
      for (let count = 0; count < 10; count += 1)
        kick.say('channel1', { username: 'alice', text: `@bob ${count}` });
      await running.until(({ sinks }) => sinks[0]?.pending === 11);
      expect(discord.requests).toHaveLength(1);
      const reason = running.status().reasons.find(({ code }) => code === 'sinkRefused');
      expect(reason?.do).toContain('earshot resume discord');
      discord.recover();
      const { socket = '' } = running.daemon.address ?? {};
      const { askDaemon } = await import('../support/ask-daemon.js');
      expect(await askDaemon(socket, 'POST', '/sinks/discord/resume')).toMatchObject({ status: 200 });
      await running.until(({ sinks }) => sinks[0]?.delivered === 11);
    },
  );

  it('keeps to the tenth of a second what a 429 asked for, and sends nothing meanwhile', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const running = await runDaemon(configText({ kick, sinks: discordSink(discord.webhook()) }));
    await running.untilLive();
    discord.fail({ kind: 'limited', retryAfter: 1.3, header: 2 }, 1);
    kick.say('channel1', { username: 'alice', text: '@bob one' });
    await discord.until(() => discord.requests.length === 2);
    const [first, second] = discord.requests;
    const waited = (second?.at ?? 0) - (first?.at ?? 0);
    expect(waited).toBeGreaterThanOrEqual(1_300);
    expect(waited).toBeLessThan(1_450);
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    expect(running.status().sinks[0]?.breaker.failures).toBe(0);
  });

  it('takes a 429 without a time for a ban: one request, then nothing for a minute, for every sink of the host', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const sinks =
      discordSink(discord.webhook('1111111111111111111')) +
      discordSink(discord.webhook('2222222222222222222'), 'batch: 1', 'second');
    const more = `
rules:
  - { name: one, match: { keywords: [one] }, sinks: [discord] }
  - { name: two, match: { keywords: [two] }, sinks: [second] }`;
    const running = await runDaemon(configText({ kick, sinks, more }));
    await running.untilLive();
    discord.fail({ kind: 'edge', code: 1015 }, 1);
    kick.say('channel1', { username: 'alice', text: 'one' });
    await running.until(({ sinks: [it] }) => it?.waitUntil);
    const { waitUntil } = running.status().sinks[0] ?? {};
    expect((waitUntil ?? 0) - Date.now()).toBeGreaterThan(58_000);
    kick.say('channel1', { username: 'alice', text: 'two' });
    await running.until(({ sinks: [, it] }) => it?.waitUntil);
    expect((running.status().sinks[1]?.waitUntil ?? 0) - Date.now()).toBeGreaterThan(58_000);
    expect(discord.requests).toHaveLength(1);
  });

  it('delivers hostile texts harmless', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const running = await runDaemon(configText({ kick, sinks: discordSink(discord.webhook()) }));
    await running.untilLive();
    const texts = [
      `@bob ${'\u{1f600}'.repeat(10_000)}`,
      '@bob **bold** __x__ `code` ||spoiler|| > quote\n# heading\n[click](https://evil.example)',
      '@bob @everyone @here <@123456789012345678> <@&1> <#2> <t:1:R>',
      '@bob \0zero\0 \ud800 lone',
      '@bob \u001b[2J\u001b]0;title\u0007 \u202eright to left',
    ];
    for (const text of texts) kick.say('channel1', { username: 'mallory', text });
    await running.until(({ sinks }) => sinks[0]?.delivered === texts.length);
    expect(running.status().sinks[0]?.dead).toBe(0);
    for (const { message } of discord.delivered) {
      expect(message.allowed_mentions).toEqual({ parse: [], users: [], roles: [] });
      const text = JSON.stringify(message);
      expect(text).not.toMatch(/@everyone|@here|\\u001b|\\u202e|[^\\]<@|\\u0000/);
    }
  });
});
