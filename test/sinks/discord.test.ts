// The first request loads it, and here has no time for that.
import 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type DiscordOptions, startDiscord } from '../../src/demo/discord-standin.js';
import { realWorld } from '../../src/real-world.js';
import { Secret } from '../../src/secret.js';
import { outcomeOf } from '../../src/sinks/discord-answers.js';
import { DiscordLimits } from '../../src/sinks/discord-limits.js';
import { discordWebhook } from '../../src/sinks/discord-url.js';
import { discord, runSinks, until } from './harness.js';

/** The real world against the stand-in, over sockets, with short times. */
async function against(options: DiscordOptions = { bucket: null, channelPerMinute: null }) {
  const standin = await startDiscord(options);
  onTestFinished(() => standin.close());
  const world = realWorld({ connectionsPerHost: 50 });
  onTestFinished(() => world.close());
  const sink = discord({
    url: new Secret(standin.webhook()),
    timeout: 300,
    breaker: { failures: 1, recovery: 200 },
  });
  return { standin, ...(await runSinks([sink], { world })) };
}

describe('over sockets, against the stand-in', () => {
  it('delivers', async () => {
    const it = await against({});
    it.notify(3);
    await until(() => it.status().delivered === 3);
    expect(it.standin.requests).toMatchObject([{ method: 'POST', status: 200 }]);
    expect(it.standin.requests[0]?.path).toContain('/api/v10/webhooks/');
    expect(it.standin.embeds.map(({ description }) => description)).toEqual([
      'message 1',
      'message 2',
      'message 3',
    ]);
  });

  it('opens on a 500, probes once with one message, and delivers everything once', async () => {
    const it = await against();
    it.standin.fail({ kind: 'status', status: 500 }, 2);
    it.notify(5);
    await until(() => it.status().breaker.trips === 2);
    await until(() => it.status().delivered === 5);
    const [first, probe, again] = it.standin.requests;
    expect((probe?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(195);
    expect([first?.status, probe?.status, again?.status]).toEqual([500, 500, 200]);
    expect(it.standin.embeds).toHaveLength(5);
    expect(it.status().breaker.state).toBe('closed');
  });

  it('ends a hanging request at its limit', async () => {
    const it = await against();
    it.standin.fail({ kind: 'hang' }, 1);
    it.notify(1);
    await until(() => it.status().delivered === 1);
    expect(it.deadlines.figures()['discord send']).toMatchObject({ started: 2, timedOut: 1 });
  });

  it('sends again what may or may not have arrived', async () => {
    const it = await against();
    it.standin.fail({ kind: 'takenThenCut' }, 1);
    it.notify(1);
    await until(() => it.status().delivered === 1);
    expect(it.standin.embeds).toHaveLength(2);
  });

  it('waits for a server that is not there', async () => {
    const it = await against();
    await it.standin.goOffline();
    it.notify(1);
    await until(() => it.status().breaker.state === 'open');
    expect(it.status().lastError?.code).toBe('ECONNREFUSED');
    await it.standin.comeBack();
    await until(() => it.status().delivered === 1);
    expect(it.standin.embeds).toHaveLength(1);
  });

  it('keeps a 429 to the tenth of a second', async () => {
    const it = await against();
    it.standin.fail({ kind: 'limited', retryAfter: 0.4, header: 1 }, 1);
    it.notify(1);
    await until(() => it.status().delivered === 1);
    const [limited, next] = it.standin.requests;
    const waited = (next?.at ?? 0) - (limited?.at ?? 0);
    expect(waited).toBeGreaterThanOrEqual(400);
    expect(waited).toBeLessThan(500);
  });

  it('asks a webhook that is gone no more', async () => {
    const it = await against();
    it.standin.fail({ kind: 'unknownWebhook' });
    it.notify(1);
    await until(() => it.status().state === 'refused');
    it.notify(5);
    await new Promise((resolve) => setImmediate(resolve));
    expect(it.standin.requests).toHaveLength(1);
  });

  it('stays ahead of the limit: a backlog meets not a single 429', async () => {
    const it = await against({ bucket: { limit: 5, windowMs: 150 }, channelPerMinute: null });
    it.notify(300);
    await until(() => it.status().delivered === 300);
    expect(it.standin.requests.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200));
  });
});

describe('what an answer means', () => {
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    outcomeOf(
      {
        kind: 'answered',
        status,
        headers: new Headers(headers),
        text: typeof body === 'string' ? body : JSON.stringify(body),
      },
      'discord',
      0,
    );
  const HTML = '<!DOCTYPE html><html>error code: 1015</html>';

  it.each<[string, number, unknown, Record<string, string>, object]>([
    ['saved', 200, { id: '1' }, {}, { kind: 'delivered' }],
    ['unknown webhook', 404, { code: 10015 }, {}, { kind: 'refused', error: { code: '404/10015' } }],
    ['wrong token', 401, { code: 50027 }, {}, { kind: 'refused' }],
    ['unknown channel', 404, { code: 10003 }, {}, { kind: 'refused' }],
    ['thread wanted', 400, { code: 220001 }, {}, { kind: 'refused' }],
    ['invalid form', 400, { code: 50035 }, {}, { kind: 'rejected' }],
    ['empty message', 400, { code: 50006 }, {}, { kind: 'rejected' }],
    ['too large', 413, { code: 40005 }, {}, { kind: 'rejected' }],
    ['held by a filter', 400, { code: 200000 }, {}, { kind: 'rejected' }],
    ['ill', 500, {}, {}, { kind: 'failed', sent: 'maybe' }],
    ['overloaded, with a time', 503, '', { 'retry-after': '7' }, { kind: 'failed', retryAfterMs: 7_000 }],
    ['overloaded resource, whatever the status', 400, { code: 130000 }, {}, { kind: 'failed' }],
    ['overloaded resource', 429, { code: 130000, retry_after: 2 }, {}, { kind: 'later' }],
    [
      'edge refuses the client, not the webhook',
      403,
      HTML,
      {},
      { kind: 'later', noTime: true, hold: { scope: 'host' } },
    ],
    ['the same as JSON', 403, { code: 40333 }, {}, { kind: 'later', noTime: true }],
    [
      'body over header',
      429,
      { retry_after: 0.65 },
      { 'retry-after': '1' },
      { hold: { scope: 'bucket', forMs: 650 } },
    ],
    [
      'header alone',
      429,
      {},
      { 'retry-after': '3' },
      { kind: 'later', hold: { scope: 'bucket', forMs: 3_000 } },
    ],
    [
      'shared: does not count, and its Reset-After is wrong',
      429,
      {},
      { 'x-ratelimit-scope': 'shared', 'retry-after': '43', 'x-ratelimit-reset-after': '1' },
      { hold: { scope: 'bucket', forMs: 43_000 }, countsAsInvalid: false },
    ],
    [
      'global',
      429,
      { retry_after: 1, global: true },
      {},
      { hold: { scope: 'host', forMs: 1_000 }, countsAsInvalid: true },
    ],
    [
      'global by scope',
      429,
      { retry_after: 1 },
      { 'x-ratelimit-scope': 'global' },
      { hold: { scope: 'host' } },
    ],
    ['no time: a ban', 429, '', {}, { kind: 'later', noTime: true, hold: { scope: 'host' } }],
    ['1015 with a time', 429, HTML, { 'retry-after': '600' }, { hold: { scope: 'host', forMs: 600_000 } }],
    ['a time that would be a loop', 429, { retry_after: 0 }, {}, { hold: { forMs: 100 } }],
    ['a time without end', 429, { retry_after: 1e12 }, {}, { noTime: true }],
  ])('%s', (_, status, body, headers, outcome) => {
    expect(answer(status, body, headers)).toMatchObject(outcome);
  });

  it('names the command in its remedy', () => {
    expect(answer(404, { code: 10015 })).toMatchObject({
      remedy: expect.stringContaining('earshot resume discord'),
    });
  });
});

describe('the pace of one webhook', () => {
  const NONE = new Headers();
  const told = (remaining: number, resetAfter: number) =>
    new Headers({
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset-after': String(resetAfter),
    });

  it('obeys the headers, also when the bucket changes midway', () => {
    const limits = new DiscordLimits({ now: () => 0 });
    expect(limits.holdAfter(told(3, 1.9))).toBe(0);
    expect(limits.holdAfter(told(0, 1.2345))).toBe(1_235);
    expect(limits.holdAfter(told(29, 60))).toBe(0);
  });

  it('without headers, holds to 5 in 2 s', () => {
    let now = 0;
    const limits = new DiscordLimits({ now: () => now });
    const holds = [0, 100, 200, 300, 400].map((at) => {
      now = at;
      return limits.holdAfter(NONE);
    });
    expect(holds).toEqual([0, 0, 0, 0, 1_600]);
  });

  it('reckons with the hidden limit once it has met it', () => {
    let now = 0;
    const limits = new DiscordLimits({ now: () => now });
    limits.limited(43_000);
    const holds = Array.from({ length: 30 }, (_, index) => {
      now = index * 1_000;
      return limits.holdAfter(told(3, 2));
    });
    expect(holds.slice(0, 29)).toEqual(Array.from({ length: 29 }, () => 0));
    expect(holds[29]).toBe(31_000);
  });
});

describe('an address', () => {
  const ID = '1234567890123456789';
  it.each([
    [`https://discord.com/api/webhooks/${ID}/tok-en`, `https://discord.com/api/v10/webhooks/${ID}/tok-en`],
    [`https://discordapp.com/api/webhooks/${ID}/t`, `https://discord.com/api/v10/webhooks/${ID}/t`],
    [`https://ptb.discord.com/api/v9/webhooks/${ID}/t/`, `https://discord.com/api/v10/webhooks/${ID}/t`],
    [`https://canary.discord.com/webhooks/${ID}/t`, `https://discord.com/api/v10/webhooks/${ID}/t`],
    [`http://127.0.0.1:9/api/webhooks/${ID}/t`, `http://127.0.0.1:9/api/v10/webhooks/${ID}/t`],
    [`http://proxy.lan/d/api/v9/webhooks/${ID}/t`, `http://proxy.lan/d/api/v9/webhooks/${ID}/t`],
  ])('%s', (copied, asked) => {
    expect(discordWebhook(copied).url).toBe(asked);
  });

  it('keeps the thread', () => {
    expect(discordWebhook(`https://discord.com/api/webhooks/${ID}/t?thread_id=9`).threadId).toBe('9');
  });

  it('is refused without being quoted', () => {
    const wrong = 'https://discord.com/channels/1/canary-secret';
    expect(() => discordWebhook(wrong)).toThrow(/not that of a Discord webhook/);
    expect(() => discordWebhook(wrong)).not.toThrow(/canary-secret/);
  });
});
