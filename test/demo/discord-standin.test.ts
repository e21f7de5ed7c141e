/** The Discord stand-in, judged by discord.js; its limits, and every fault it can play. */
import { DiscordAPIError, HTTPError, RateLimitError, WebhookClient } from 'discord.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type DiscordOptions, type DiscordStandin, startDiscord } from '../../src/demo/discord-standin.js';

const FREE: DiscordOptions = { bucket: null, channelPerMinute: null };

async function start(options: DiscordOptions = {}): Promise<DiscordStandin> {
  const discord = await startDiscord(options);
  onTestFinished(() => discord.close());
  return discord;
}

function client(discord: DiscordStandin, token = 'standin-webhook-token'): WebhookClient {
  const rest = { api: `${discord.url}/api`, retries: 0, offset: 0, rejectOnRateLimit: () => true };
  const webhook = new WebhookClient({ id: '1234567890123456789', token }, { rest });
  onTestFinished(() => webhook.destroy());
  return webhook;
}

function post(discord: DiscordStandin, message: unknown, query = '?wait=true') {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  return fetch(discord.webhook() + query, { method: 'POST', body });
}

describe('discord.js', () => {
  it('sends, and is told the message', async () => {
    const discord = await start();
    const sent = await client(discord).send({ content: 'hello', embeds: [{ description: 'an embed' }] });
    expect(sent.id).toMatch(/^\d{19}$/);
    expect(discord.delivered).toMatchObject([{ message: { content: 'hello' } }]);
    expect(discord.embeds).toEqual([{ description: 'an embed' }]);
  });

  it.each([
    ['unknownWebhook', 10015, 404],
    ['invalidToken', 50027, 401],
  ] as const)('reads %s as %i', async (kind, code, status) => {
    const discord = await start();
    discord.fail({ kind });
    const error = await client(discord)
      .send('hello')
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DiscordAPIError);
    expect(error).toMatchObject({ code, status });
    expect(discord.delivered).toEqual([]);
  });

  it('reads a 429, and for how long', async () => {
    const discord = await start();
    discord.fail({ kind: 'limited', retryAfter: 1.5, scope: 'shared' }, 1);
    const error = await client(discord)
      .send('hello')
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RateLimitError);
    // It goes by the header, in whole seconds.
    expect(error).toMatchObject({ scope: 'shared', retryAfter: 2000 });
  });

  it('reads what was wrong, and where', async () => {
    const discord = await start();
    const error = await client(discord)
      .send({ embeds: [{ description: 'fine' }, { title: 'x'.repeat(257) }] })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 50035, status: 400 });
    expect(String(error)).toContain('embeds[1].title[BASE_TYPE_MAX_LENGTH]');
  });

  it('sees a 500 as a failure of the server', async () => {
    const discord = await start();
    discord.fail({ kind: 'status', status: 502 });
    await expect(client(discord).send('hello')).rejects.toBeInstanceOf(HTTPError);
  });

  it('goes by the headers once it knows the bucket by its name', async () => {
    const discord = await start({ bucket: { limit: 1, windowMs: 300 } });
    const rest = { api: `${discord.url}/api`, offset: 10 };
    const webhook = new WebhookClient({ id: '1234567890123456789', token: 't' }, { rest });
    onTestFinished(() => webhook.destroy());
    for (const text of ['one', 'two', 'three']) await webhook.send(text);
    // The first answer teaches it the name, the 429 that there is a limit; the third then waits unasked.
    expect(discord.requests.map(({ status }) => status)).toEqual([200, 429, 200, 200]);
  });
});

describe('the limits of a message, by code point after trimming', () => {
  const long = (count: number) => '😀'.repeat(count);
  const embed = (over: object) => ({ embeds: [{ description: 'x', ...over }] });
  const fields = (count: number) =>
    embed({ fields: Array.from({ length: count }, () => ({ name: 'n', value: 'v' })) });
  const field = (name: string, value: string) => embed({ fields: [{ name, value }] });
  const embeds = (count: number, length = 1) => ({
    embeds: Array.from({ length: count }, () => ({ description: long(length) })),
  });
  const url = (length: number) => `https://x.example/${'a'.repeat(length - 18)}`;

  it.each([
    ['content', { content: ` ${long(2000)} ` }, { content: long(2001) }],
    ['embeds', embeds(10), embeds(11)],
    ['all texts of all embeds', embeds(2, 3000), embeds(2, 3001)],
    ['title', embed({ title: long(256) }), embed({ title: long(257) })],
    ['description', embeds(1, 4096), embeds(1, 4097)],
    ['fields', fields(25), fields(26)],
    ['name of a field', field(long(256), 'v'), field(long(257), 'v')],
    ['value of a field', field('n', long(1024)), field('n', long(1025))],
    ['empty value of a field', field('n', 'v'), field('n', ' ')],
    ['footer', embed({ footer: { text: long(2048) } }), embed({ footer: { text: long(2049) } })],
    ['author', embed({ author: { name: long(256) } }), embed({ author: { name: long(257) } })],
    ['username', { content: 'x', username: long(80) }, { content: 'x', username: long(81) }],
    [
      'words in a username',
      { content: 'x', username: 'earshot' },
      { content: 'x', username: 'A Discord bot' },
    ],
    ['URL', embed({ url: url(2048) }), embed({ url: url(2049) })],
    ['scheme', embed({ url: 'https://x.example' }), embed({ url: 'javascript:x' })],
    ['timestamp', embed({ timestamp: '2026-11-03T12:00:00Z' }), embed({ timestamp: 'noon' })],
    ['nothing in an embed', embed({}), { embeds: [{}] }],
    [
      'whom it pings',
      { content: 'x', allowed_mentions: { parse: [], users: ['1'] } },
      { content: 'x', allowed_mentions: { parse: ['users'], users: ['1'] } },
    ],
  ])('%s', async (_, taken, refused) => {
    const discord = await start(FREE);
    expect((await post(discord, taken)).status).toBe(200);
    const answer = await post(discord, refused);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 50035, errors: expect.anything() });
    expect(discord.delivered).toHaveLength(1);
  });

  it('nothing at all is 50006, no JSON 50109, and what is too large 413', async () => {
    const discord = await start(FREE);
    expect(await (await post(discord, { content: ' ' })).json()).toMatchObject({ code: 50006 });
    expect(await (await post(discord, '{"no json')).json()).toMatchObject({ code: 50109 });
    expect((await post(discord, { content: 'x'.repeat(9 * 1024 * 1024) })).status).toBe(413);
  });

  it('a message nobody waits for is 204; a probe shows the webhook and delivers nothing', async () => {
    const discord = await start(FREE);
    expect((await post(discord, { content: 'x' }, '')).status).toBe(204);
    const probe = await fetch(discord.webhook());
    expect(await probe.json()).toMatchObject({ type: 1, id: '1234567890123456789' });
    expect(discord.delivered).toHaveLength(1);
  });
});

describe('rate limits', () => {
  it('5 in 2 s: counts down, refuses the sixth, and says for how long', async () => {
    const discord = await start();
    const left = [];
    for (let count = 0; count < 5; count += 1) {
      left.push((await post(discord, { content: 'x' })).headers.get('x-ratelimit-remaining'));
    }
    expect(left).toEqual(['4', '3', '2', '1', '0']);
    const refused = await post(discord, { content: 'x' });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('x-ratelimit-scope')).toBe('user');
    const { retry_after } = (await refused.json()) as { retry_after: number };
    expect(retry_after).toBeGreaterThan(1);
    expect(retry_after).toBeLessThanOrEqual(2);
    expect(discord.delivered).toHaveLength(5);
  });

  it('the hidden limit of the channel: there is room in the bucket, and yet a 429', async () => {
    const discord = await start({ bucket: { limit: 5, windowMs: 2_000 }, channelPerMinute: 3 });
    for (let count = 0; count < 3; count += 1) await post(discord, { content: 'x' });
    const refused = await post(discord, { content: 'x' });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('2');
    expect(refused.headers.get('x-ratelimit-scope')).toBe('shared');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
  });

  it('webhooks have a bucket each, and its name may change', async () => {
    const discord = await start({ bucket: { limit: 1, windowMs: 60_000 } });
    const first = await post(discord, { content: 'x' });
    discord.bucketHash = 'another';
    const url = `${discord.webhook('2234567890123456789')}?wait=true`;
    const second = await fetch(url, { method: 'POST', body: '{"content":"x"}' });
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.headers.get('x-ratelimit-bucket')).toBe('another');
    expect(first.headers.get('x-ratelimit-bucket')).not.toBe('another');
  });
});

describe('what goes wrong', () => {
  const content = { content: 'x' };

  it('a burst of 5xx, and then all is well', async () => {
    const discord = await start(FREE);
    discord.fail({ kind: 'status', status: 500 }, 2);
    discord.fail({ kind: 'status', status: 503 }, 1);
    const statuses = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await post(discord, content)).status);
    expect(statuses).toEqual([500, 500, 503, 200]);
  });

  it('a hang: read, recorded, never answered', async () => {
    const discord = await start(FREE);
    discord.fail({ kind: 'hang' });
    const hanging = post(discord, content);
    await discord.until(() => discord.requests.length === 1);
    expect(discord.requests).toMatchObject([{ status: 0, body: '{"content":"x"}' }]);
    await discord.close();
    await expect(hanging).rejects.toThrow();
    expect(discord.delivered).toEqual([]);
  });

  it('429 with and without a time, and with two that disagree', async () => {
    const discord = await start();
    await post(discord, content);
    discord.fail({ kind: 'limited', retryAfter: 43, scope: 'shared' }, 1);
    const shared = await post(discord, content);
    // The bucket's own figures promise room: they are wrong for a limit that is shared.
    expect(shared.headers.get('x-ratelimit-remaining')).toBe('4');
    expect(shared.headers.get('retry-after')).toBe('43');
    discord.fail({ kind: 'limited', retryAfter: 0.25, header: 9 }, 1);
    const disagreeing = await post(discord, content);
    expect(disagreeing.headers.get('retry-after')).toBe('9');
    expect(await disagreeing.json()).toMatchObject({ retry_after: 0.25 });
    discord.fail({ kind: 'limited' }, 1);
    const bare = await post(discord, content);
    expect([bare.status, bare.headers.get('retry-after'), await bare.text()]).toEqual([429, null, '']);
    discord.fail({ kind: 'limited', retryAfter: 1, scope: 'global' }, 1);
    expect((await post(discord, content)).headers.get('x-ratelimit-global')).toBe('true');
  });

  it('pages of the edge, no JSON', async () => {
    const discord = await start(FREE);
    discord.fail({ kind: 'edge', code: 1015, retryAfter: 120 }, 1);
    const banned = await post(discord, content);
    expect([banned.status, banned.headers.get('retry-after')]).toEqual([429, '120']);
    expect(await banned.text()).toContain('1015');
    discord.fail({ kind: 'edge', code: 1010 }, 1);
    const refused = await post(discord, content);
    expect(refused.status).toBe(403);
    expect(refused.headers.get('content-type')).toContain('text/html');
  });

  it('any other error', async () => {
    const discord = await start(FREE);
    discord.fail({ kind: 'error', status: 400, code: 200000, message: 'blocked by AutoMod' });
    const answer = await post(discord, content);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { message: 'blocked by AutoMod', code: 200000 },
    ]);
    discord.recover();
    expect((await post(discord, content)).status).toBe(200);
  });

  it('taken, and the connection torn before the answer, or in its middle', async () => {
    const discord = await start(FREE);
    discord.fail({ kind: 'takenThenCut' }, 1);
    await expect(post(discord, content)).rejects.toThrow();
    discord.fail({ kind: 'tornAnswer' }, 1);
    const answer = await post(discord, content);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    expect(discord.delivered).toHaveLength(2);
  });

  it('away: dials are refused until it is back', async () => {
    const discord = await start(FREE);
    await discord.goOffline();
    await expect(post(discord, content)).rejects.toThrow();
    await discord.comeBack();
    expect((await post(discord, content)).status).toBe(200);
  });
});
