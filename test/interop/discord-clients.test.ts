/**
 * Discord's clients as judges of the stand-in, with Earshot on the same one: @discordjs/rest keeps every kind of
 * 429 and reads every error; discord-webhook-node, which takes seconds for milliseconds, must be seen to fail.
 */
import {
  DiscordAPIError,
  HTTPError,
  type RateLimitData,
  RateLimitError,
  REST,
  RESTEvents,
} from '@discordjs/rest';
import { Webhook } from 'discord-webhook-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DiscordOptions, DiscordStandin } from '../../src/demo/discord-standin.js';
import type { DiscordFault } from '../../src/demo/discord-webhooks.js';
import { configText, discordSink, discordStandin, kickStandin, runDaemon } from '../support/daemon.js';

const FREE: DiscordOptions = { bucket: null, channelPerMinute: null };
const WEBHOOK = '1234567890123456789';
const OTHER = '2234567890123456789';

interface RestOptions {
  readonly retries?: number;
  readonly timeout?: number;
  /** Rejects instead of waiting. */
  readonly impatient?: boolean;
}

/** The client as its users have it, but that it adds no time of its own to what it is told to wait. */
function rest(
  discord: DiscordStandin,
  { retries = 3, timeout = 5_000, impatient = false }: RestOptions = {},
) {
  const api = `${discord.url}/api`;
  const limited: RateLimitData[] = [];
  const client = new REST({
    api,
    version: '10',
    retries,
    timeout,
    offset: 0,
    ...(impatient && { rejectOnRateLimit: () => true }),
  });
  client.on(RESTEvents.RateLimited, (data) => void limited.push(data));
  onTestFinished(() => {
    client.clearHashSweeper();
    client.clearHandlerSweeper();
  });
  return {
    limited,
    post: (content: string, webhook = WEBHOOK) =>
      client.post(`/webhooks/${webhook}/standin-webhook-token`, {
        auth: false,
        body: { content },
        query: new URLSearchParams({ wait: 'true' }),
      }),
  };
}

const statuses = (discord: DiscordStandin) => discord.requests.map(({ status }) => status);
const contents = (discord: DiscordStandin) => discord.delivered.map(({ message }) => message.content);
/** Milliseconds between two requests. */
const gap = (discord: DiscordStandin, from: number, to: number) =>
  (discord.requests[to]?.at ?? 0) - (discord.requests[from]?.at ?? 0);
const numbered = (count: number) => Array.from({ length: count }, (_, index) => String(index));
const rejection = (promise: Promise<unknown>) => promise.catch((reason: unknown) => reason);

describe('@discordjs/rest keeps', () => {
  it.each(['user', 'shared'] as const)(
    'a 429 of scope %s: waits as long as it says, then delivers',
    async (scope) => {
      const discord = await discordStandin();
      discord.fail({ kind: 'limited', retryAfter: 0.9, scope }, 1);
      await rest(discord).post('one');
      expect(statuses(discord)).toEqual([429, 200]);
      // It goes by the header, in whole seconds.
      expect(gap(discord, 0, 1)).toBeGreaterThanOrEqual(990);
    },
  );

  it('a global 429: every webhook waits', async () => {
    const discord = await discordStandin();
    discord.fail({ kind: 'limited', retryAfter: 1, scope: 'global' }, 1);
    const client = rest(discord);
    const first = client.post('one');
    await discord.until(() => discord.requests.length === 1);
    // Its answer has to arrive before the other may be held.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all([first, client.post('two', OTHER)]);
    expect(statuses(discord)).toEqual([429, 200, 200]);
    expect(gap(discord, 0, 1)).toBeGreaterThanOrEqual(990);
    expect(client.limited).toContainEqual(expect.objectContaining({ global: true }));
  });

  it('the bucket by its headers: a backlog meets not a single 429', async () => {
    const discord = await discordStandin({ bucket: { limit: 5, windowMs: 400 }, channelPerMinute: null });
    const client = rest(discord);
    await Promise.all(numbered(14).map((content) => client.post(content)));
    expect(statuses(discord)).toEqual(numbered(14).map(() => 200));
    expect(contents(discord)).toEqual(numbered(14));
    expect(discord.requests.at(-1)?.at ?? 0).toBeGreaterThanOrEqual((discord.requests[0]?.at ?? 0) + 790);
  });

  it('the bucket by its new name, when that changes midway', async () => {
    const discord = await discordStandin({ bucket: { limit: 2, windowMs: 400 }, channelPerMinute: null });
    const client = rest(discord);
    for (const content of numbered(6)) {
      if (content === '3') discord.bucketHash = 'another';
      await client.post(content);
    }
    expect(contents(discord)).toEqual(numbered(6));
    // The change costs it no more than the one request that finds out.
    expect(statuses(discord).filter((status) => status === 429).length).toBeLessThanOrEqual(1);
  });

  it('the hidden limit of the channel: there is room in the bucket, and yet it is told to wait', async () => {
    const discord = await discordStandin({ bucket: { limit: 5, windowMs: 2_000 }, channelPerMinute: 3 });
    const client = rest(discord, { impatient: true });
    for (const content of numbered(3)) await client.post(content);
    const error = await rejection(client.post('3'));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ scope: 'shared', global: false, limit: 5 });
    expect(error instanceof RateLimitError && error.retryAfter).toBeGreaterThan(50_000);
    expect(error instanceof RateLimitError && error.sublimitTimeout).toBeGreaterThan(50_000);
  });

  it('a ban of the edge (1015) with its time; without one it asks again at once, which Earshot must not', async () => {
    const discord = await discordStandin(FREE);
    discord.fail({ kind: 'edge', code: 1015, retryAfter: 1 }, 1);
    await rest(discord).post('one');
    expect(statuses(discord)).toEqual([429, 200]);
    expect(gap(discord, 0, 1)).toBeGreaterThanOrEqual(990);
    discord.fail({ kind: 'limited' }, 3);
    await rest(discord).post('two');
    expect(statuses(discord).slice(2)).toEqual([429, 429, 429, 200]);
    expect(gap(discord, 2, 5)).toBeLessThan(500);
  });
});

describe('@discordjs/rest reads', () => {
  it.each<[string, DiscordFault, number, number]>([
    ['an unknown webhook', { kind: 'unknownWebhook' }, 404, 10015],
    ['an invalid token', { kind: 'invalidToken' }, 401, 50027],
    ['an unknown channel', error(404, 10003, 'Unknown Channel'), 404, 10003],
    [
      'a filter of the server',
      error(400, 200000, 'Message was blocked by automatic moderation'),
      400,
      200000,
    ],
    ['a request that is too large', error(413, 40005, 'Request entity too large'), 413, 40005],
    ['a thread that is wanted', error(400, 220001, 'Webhooks posted to forum channels …'), 400, 220001],
    ['the edge, in JSON', error(403, 40333, 'internal network error'), 403, 40333],
  ])('%s', async (_, fault, status, code) => {
    const discord = await discordStandin(FREE);
    discord.fail(fault);
    const reason = await rejection(rest(discord).post('one'));
    expect(reason).toBeInstanceOf(DiscordAPIError);
    expect(reason).toMatchObject({ status, code });
    // Told so once, it asks no more.
    expect(discord.requests).toHaveLength(1);
    expect(discord.delivered).toEqual([]);
  });

  it('what the stand-in itself refuses: an empty message, one that is too long', async () => {
    const discord = await discordStandin(FREE);
    expect(await rejection(rest(discord).post(''))).toMatchObject({ status: 400, code: 50006 });
    const long = await rejection(rest(discord).post('x'.repeat(2_001)));
    expect(long).toMatchObject({ status: 400, code: 50035 });
    expect(String(long)).toContain('content[BASE_TYPE_MAX_LENGTH]');
    await rest(discord).post('\u{1f600}'.repeat(2_000));
    expect(discord.delivered).toHaveLength(1);
  });

  it('a page of the edge (1010) as a refusal without a code', async () => {
    const discord = await discordStandin(FREE);
    discord.fail({ kind: 'edge', code: 1010 });
    expect(await rejection(rest(discord).post('one'))).toMatchObject({ status: 403, code: undefined });
  });

  it('5xx: tries again, as often as it is told', async () => {
    const discord = await discordStandin(FREE);
    discord.fail({ kind: 'status', status: 502 }, 2);
    await rest(discord).post('one');
    expect(statuses(discord)).toEqual([502, 502, 200]);
    discord.fail({ kind: 'status', status: 500 });
    expect(await rejection(rest(discord, { retries: 1 }).post('two'))).toBeInstanceOf(HTTPError);
    expect(statuses(discord).slice(3)).toEqual([500, 500]);
  });

  it('a hang ends at its own limit; a message taken and torn off is sent twice by it as well', async () => {
    const discord = await discordStandin(FREE);
    discord.fail({ kind: 'hang' }, 1);
    const reason = await rejection(rest(discord, { timeout: 200, retries: 0 }).post('one'));
    expect(reason).toMatchObject({ name: 'AbortError' });
    discord.fail({ kind: 'takenThenCut' }, 1);
    await rejection(rest(discord).post('two'));
    expect(contents(discord)[0]).toBe('two');
  });
});

function error(status: number, code: number, message: string): DiscordFault {
  return { kind: 'error', status, code, message };
}

describe('one bucket, three clients', () => {
  const BUCKET: DiscordOptions = { bucket: { limit: 5, windowMs: 1_000 }, channelPerMinute: null };

  it('discord-webhook-node takes seconds for milliseconds: asks again at once, and loses the message', async () => {
    const discord = await discordStandin(BUCKET);
    const webhook = new Webhook(discord.webhook());
    for (const content of numbered(6)) await webhook.send(content);
    await discord.until(() => discord.requests.length === 7);
    expect(statuses(discord)).toEqual([204, 204, 204, 204, 204, 429, 429]);
    expect(gap(discord, 5, 6)).toBeLessThan(200);
    expect(contents(discord)).toEqual(numbered(5));
  });

  it('@discordjs/rest keeps it, and loses nothing', async () => {
    const discord = await discordStandin(BUCKET);
    const client = rest(discord);
    for (const content of numbered(6)) await client.post(content);
    expect(statuses(discord)).toEqual(numbered(6).map(() => 200));
    expect(contents(discord)).toEqual(numbered(6));
  });

  it('Earshot keeps it, and loses nothing', async () => {
    const discord = await discordStandin(BUCKET);
    const kick = await kickStandin();
    const sinks = discordSink(discord.webhook(), 'batch: 1');
    const running = await runDaemon(configText({ kick, sinks }));
    await running.untilLive();
    for (const text of numbered(12)) kick.say('channel1', { username: 'alice', text: `@bob ${text}` });
    await running.until(({ sinks: [sink] }) => sink?.delivered === 12);
    expect(statuses(discord)).toEqual(numbered(12).map(() => 200));
    const texts = discord.embeds.map(({ description }) => String(description).replace('\u2060', ''));
    expect(texts).toEqual(numbered(12).map((text) => `@bob ${text}`));
  });
});
