import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/secret.js';
import { answers, discord, folder, hangs, ok, postgrest, runSinks, textsOf, WEBHOOK } from './harness.js';

describe('what waits is delivered', () => {
  it('sends one alone at once, and several in one request', async () => {
    const it = await runSinks([discord()]);
    it.notify(1);
    await it.clock.advance(0);
    it.notify(7);
    await it.clock.advance(0);
    expect(it.asked.map(({ body }) => (body as { embeds: unknown[] }).embeds.length)).toEqual([1, 7]);
    expect(it.status()).toMatchObject({ state: 'idle', delivered: 8, pending: 0, requests: 2 });
  });

  it('posts to the one form of the address, and says who asks', async () => {
    const url = new Secret(`${WEBHOOK.replace('discord.com', 'canary.discordapp.com')}?thread_id=42`);
    const it = await runSinks([discord({ url })]);
    it.notify(1);
    await it.clock.advance(0);
    expect(it.asked[0]).toMatchObject({
      method: 'POST',
      url: 'https://discord.com/api/v10/webhooks/1234567890123456789/token-of-the-first?wait=true&thread_id=42',
      headers: { 'user-agent': expect.stringMatching(/^DiscordBot \(https:.*, 1\.0\.0\)$/) },
    });
  });

  it('prints one line a notification on the console, harmless whatever the chat says', async () => {
    const sink = { type: 'console', name: 'console', maxAge: 86_400_000, maxPending: 1_000 } as const;
    const it = await runSinks([sink]);
    it.notify('hi\u001b[2J\nbob');
    await it.clock.advance(0);
    expect(it.printed).toHaveLength(1);
    expect(it.printed[0]).toMatch(/somechannel alice \(mention\): hi\ufffd\[2J bob$/);
    expect(it.status('console')).toMatchObject({ delivered: 1, pending: 0 });
  });

  it('never drops: a backlog beyond its window stays in the store, and is read from there in order, each row once', async () => {
    const it = await runSinks([postgrest()], { script: () => new Response('', { status: 201 }) });
    it.notify(1_700);
    await it.clock.advance(5_000);
    const rows = it.asked.flatMap(({ body }) => body as { message: string }[]);
    expect(rows.map(({ message }) => message)).toEqual(
      Array.from({ length: 1_700 }, (_, index) => `message ${index + 1}`),
    );
    expect(it.status().pending).toBe(0);
  });
});

describe('a service that is ill', () => {
  it('opens the breaker at the fifth failure, asks nothing meanwhile, probes once, and delivers everything once', async () => {
    const it = await runSinks([discord()], { script: () => answers(500, {}) });
    it.notify(1);
    await it.clock.advance(40_000);
    expect(it.asked).toHaveLength(5);
    expect(it.status()).toMatchObject({ state: 'blocked', breaker: { state: 'open', trips: 1 } });
    expect(it.plane.reasons()).toMatchObject([{ code: 'circuitOpen', severity: 'degraded' }]);
    it.notify(24);
    const openedAt = it.asked[4]?.at ?? 0;
    await it.clock.advance(openedAt + 60_000 - it.clock.now() - 1);
    expect(it.asked).toHaveLength(5);
    it.answer(() => ok());
    await it.clock.advance(6_001);
    expect(it.asked[5]?.body).toMatchObject({ embeds: { length: 1 } });
    expect(it.status()).toMatchObject({ breaker: { state: 'closed' }, pending: 0, delivered: 25 });
    expect(new Set(textsOf(it.asked.slice(5)))).toHaveProperty('size', 25);
    expect(textsOf(it.asked.slice(5))).toHaveLength(25);
    expect(it.plane.reasons()).toEqual([]);
  });

  it('ends a request that hangs at its limit, counts it, and leaves the database undisturbed', async () => {
    const it = await runSinks([discord(), postgrest()], {
      script: (asked, index) =>
        asked.url.includes('discord') ? hangs(asked, index) : new Response('', { status: 201 }),
    });
    it.notify(1);
    await it.clock.advance(11_999);
    expect(it.status('database')).toMatchObject({ delivered: 1 });
    expect(it.status('discord')).toMatchObject({ state: 'sending' });
    await it.clock.advance(1);
    expect(it.status('discord')).toMatchObject({ state: 'waiting', breaker: { failures: 1 } });
    expect(it.deadlines.figures()['discord send']).toMatchObject({ started: 1, timedOut: 1 });
    it.notify(3);
    await it.clock.advance(100);
    expect(it.status('database')).toMatchObject({ delivered: 4 });
  });

  it('tests a circuit that nobody waits for without a message', async () => {
    const it = await runSinks([discord()]);
    it.plane.gate('discord')?.isolate();
    await it.clock.advance(10);
    it.notify(0);
    it.plane.gate('discord')?.release();
    await it.clock.advance(10);
    expect(it.asked).toMatchObject([{ method: 'GET' }]);
    expect(it.status().breaker.state).toBe('closed');
  });

  it('and a console that nobody waits for without a line', async () => {
    const it = await runSinks([{ type: 'console', name: 'screen', maxAge: 1e9, maxPending: 1e5 }]);
    it.plane.gate('screen')?.isolate();
    await it.clock.settle();
    it.plane.gate('screen')?.release();
    await it.clock.advance(10);
    expect(it.plane.gate('screen')?.state).toBe('closed');
    expect(it.printed).toEqual([]);
  });

  it('says no secret that the answer to a test repeats', async () => {
    const it = await runSinks([discord()], { script: () => answers(500, { message: `no ${WEBHOOK} here` }) });
    it.plane.gate('discord')?.isolate();
    await it.clock.advance(10);
    it.plane.gate('discord')?.release();
    await it.clock.advance(10);
    expect(it.asked).toMatchObject([{ method: 'GET' }]);
    expect(it.status().lastError?.text).toBe('Discord answered 500: no [secret] here');
  });

  it('remembers an open circuit across a restart', async () => {
    const path = folder();
    const first = await runSinks([discord()], { path, script: () => answers(503, {}) });
    first.notify(1);
    await first.clock.advance(40_000);
    expect(first.status().breaker.state).toBe('open');
    first.end();
    const second = await runSinks([discord()], { path });
    await second.clock.advance(10_000);
    expect(second.asked).toEqual([]);
    expect(second.status()).toMatchObject({ state: 'blocked', breaker: { state: 'open' }, pending: 1 });
  });

  it('and what a person did to it before the store could be opened counts for more than what it remembers', async () => {
    const path = folder();
    const first = await runSinks([discord()], { path, script: () => answers(503, {}) });
    first.notify(1);
    await first.clock.advance(40_000);
    expect(first.status().breaker.state).toBe('open');
    first.end();

    const second = await runSinks([discord()], { path, openingsRefused: 3 });
    second.plane.gate('discord')?.reset();
    await second.clock.advance(10_000);
    expect(second.plane.gate('discord')?.state).toBe('closed');
    expect(second.status()).toMatchObject({ pending: 0, delivered: 1 });
  });

  it('remembers it also when the store can be opened only later', async () => {
    const path = folder();
    const first = await runSinks([discord()], { path, script: () => answers(503, {}) });
    first.notify(1);
    await first.clock.advance(40_000);
    first.end();
    const second = await runSinks([discord()], { path, openingsRefused: 2 });
    await second.clock.advance(10_000);
    expect(second.ledger.state).toBe('ready');
    expect(second.asked).toEqual([]);
    expect(second.status()).toMatchObject({ breaker: { state: 'open' }, pending: 1 });
    second.end();
    const third = await runSinks([discord()], { path });
    await third.clock.advance(10_000);
    expect(third.status()).toMatchObject({ breaker: { state: 'open' }, pending: 1 });
  });
});

describe('an endpoint that refuses', () => {
  it('is asked no more, says why and what to type, and goes on by hand', async () => {
    const it = await runSinks([discord()], {
      script: () => answers(404, { code: 10015, message: 'Unknown Webhook' }),
    });
    it.notify(1);
    await it.clock.advance(1_000);
    it.notify(5);
    await it.clock.advance(7 * 86_400_000);
    expect(it.asked).toHaveLength(1);
    expect(it.status()).toMatchObject({ state: 'refused', pending: 6, lastError: { code: '404/10015' } });
    const [reason] = it.plane.reasons();
    expect(reason).toMatchObject({ code: 'sinkRefused', text: expect.stringContaining('Unknown Webhook') });
    expect(reason?.do).toContain('earshot resume discord');
    expect(it.plane.resume('nobody')).toBe('unknown');
    it.answer(() => ok());
    expect(it.plane.resume('discord')).toBe('resumed');
    await it.clock.advance(10);
    expect(it.status()).toMatchObject({ state: 'idle', delivered: 6 });
    expect(it.plane.resume('discord')).toBe('notRefused');
  });

  it.each(['by hand', 'by another address'] as const)(
    'ages nothing that waits for a person: maxAge stands still until it goes on %s',
    async (how) => {
      const path = folder();
      const HOUR = 3_600_000;
      const first = await runSinks([discord()], {
        path,
        script: (_, index) => (index === 0 ? answers(503, {}) : answers(404, { code: 10015 })),
      });
      first.notify(1);
      await first.clock.advance(HOUR);
      expect(first.status()).toMatchObject({ state: 'refused', pending: 1 });
      await first.clock.advance(100 * HOUR);
      first.notify(1);
      await first.clock.advance(100 * HOUR);
      first.ledger.expire(first.plane.limits);
      expect(first.status()).toMatchObject({ pending: 2, expired: 0 });
      const isByHand = how === 'by hand';
      if (!isByHand) first.end();
      const anew = discord({ url: new Secret(`${WEBHOOK}-anew`) });
      const script = () => answers(503, {});
      const it = isByHand ? first : await runSinks([anew], { path, script, startAt: first.clock.now() });
      it.answer(script);
      if (isByHand) it.plane.resume('discord');
      const expiredAfter = async (hours: number) => {
        await it.clock.advance(hours * HOUR);
        it.ledger.expire(it.plane.limits);
        return it.status().expired;
      };
      // Both are about as old as they were when it refused: a second, and nothing.
      expect(await expiredAfter(23.9)).toBe(0);
      expect(await expiredAfter(0.2)).toBe(2);
    },
  );

  it('stays refused over a restart, until the configuration names another', async () => {
    const path = folder();
    const gone = () => answers(401, { code: 50027, message: 'Invalid Webhook Token' });
    const first = await runSinks([discord()], { path, script: gone });
    first.notify(1);
    await first.clock.advance(10);
    first.end();
    const second = await runSinks([discord()], { path });
    await second.clock.advance(60_000);
    expect(second.asked).toEqual([]);
    expect(second.status().state).toBe('refused');
    second.end();
    const late = await runSinks([discord()], { path, openingsRefused: 2 });
    await late.clock.advance(60_000);
    expect(late.ledger.state).toBe('ready');
    expect(late.asked).toEqual([]);
    expect(late.status().state).toBe('refused');
    late.end();
    const url = new Secret(WEBHOOK.replace('first', 'second'));
    const third = await runSinks([discord({ url })], { path });
    await third.clock.advance(10);
    expect(third.status()).toMatchObject({ state: 'idle', delivered: 1 });
  });
});

describe('limits', () => {
  it('keeps a 429 with a time to the millisecond, by the body rather than the header', async () => {
    const it = await runSinks([discord()], {
      script: (_, index) => (index === 0 ? answers(429, { retry_after: 1.3 }, { 'retry-after': '2' }) : ok()),
    });
    it.notify(1);
    await it.clock.advance(1_299);
    expect(it.asked).toHaveLength(1);
    expect(it.status()).toMatchObject({ state: 'waiting', breaker: { state: 'closed', failures: 0 } });
    await it.clock.advance(1);
    expect(it.asked).toHaveLength(2);
    expect(it.status()).toMatchObject({ delivered: 1, rateLimitedMs: 1_300 });
  });

  it('takes a 429 without a time for a ban: one request, then at least 60 s for all sinks of the host, and more', async () => {
    const second = discord({
      name: 'second',
      url: new Secret('https://ptb.discord.com/api/webhooks/2234567890123456789/other'),
    });
    const it = await runSinks([discord(), second, postgrest()], {
      script: ({ url }) =>
        url.includes('discord.com') ? new Response('', { status: 429 }) : new Response('', { status: 201 }),
    });
    const bans = () => it.asked.filter(({ url }) => url.includes('discord.com'));
    it.plane.gate('second')?.isolate();
    it.notify(1);
    await it.clock.advance(10);
    expect(bans()).toHaveLength(1);
    it.plane.gate('second')?.reset();
    await it.clock.advance(59_989);
    expect(bans()).toHaveLength(1);
    expect(it.status('database').delivered).toBe(1);
    await it.clock.advance(6_001);
    // One of the two tries; it is refused again, and both wait twice as long.
    expect(bans()).toHaveLength(2);
    await it.clock.advance(119_000 - 6_001);
    expect(bans()).toHaveLength(2);
    it.answer(() => ok());
    await it.clock.advance(40_000);
    expect(it.status('discord').delivered + it.status('second').delivered).toBe(2);
  });

  it('holds all sinks of the host when the limit is global', async () => {
    const second = discord({
      name: 'second',
      url: new Secret('https://discord.com/api/webhooks/2234567890123456789/other'),
    });
    const it = await runSinks([discord(), second], {
      script: (_, index) => (index === 0 ? answers(429, { retry_after: 5, global: true }) : ok()),
    });
    it.plane.gate('second')?.isolate();
    it.notify(1);
    await it.clock.advance(0);
    it.plane.gate('second')?.reset();
    await it.clock.advance(4_999);
    expect(it.asked).toHaveLength(1);
    await it.clock.advance(1);
    expect(it.asked).toHaveLength(3);
  });

  it('never sends while nothing remains, and batches then', async () => {
    const it = await runSinks([discord()], {
      script: () => ok({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset-after': '1.5' }),
    });
    it.notify(1);
    await it.clock.advance(0);
    for (let second = 0; second < 12; second += 1) {
      it.notify(1);
      await it.clock.advance(100);
    }
    expect(it.asked).toHaveLength(1);
    await it.clock.advance(300);
    expect(it.asked.map(({ at }) => at)).toEqual([0, 1_500]);
    expect(textsOf(it.asked)).toHaveLength(11);
  });

  it('delivers a backlog of 1,000 within 5 % of what 5 per 2 s and 30 per minute allow', async () => {
    const windows = new Map<number, { since: number; used: number }>();
    const use = (limit: number, windowMs: number, now: number) => {
      const known = windows.get(limit);
      const window = known && now - known.since < windowMs ? known : { since: now, used: 0 };
      windows.set(limit, window);
      if (window.used >= limit) return window.since + windowMs - now;
      window.used += 1;
      return 0;
    };
    const it = await runSinks([discord()], {
      script: ({ at }) => {
        const ms = use(30, 60_000, at) || use(5, 2_000, at);
        const bucket = windows.get(5);
        if (ms > 0) return answers(429, { retry_after: ms / 1_000 }, { 'x-ratelimit-scope': 'shared' });
        return ok({
          'x-ratelimit-limit': '5',
          'x-ratelimit-remaining': String(5 - (bucket?.used ?? 0)),
          'x-ratelimit-reset-after': String(((bucket?.since ?? at) + 2_000 - at) / 1_000),
        });
      },
    });
    it.notify(1_000);
    await it.clock.advance(300_000);
    const taken = it.asked.filter(({ at }) => at <= 300_000);
    const lastAt = taken.at(-1)?.at ?? 0;
    // 30 in each of the first three minutes, and ten more in two windows of the fourth.
    expect(it.status()).toMatchObject({ delivered: 1_000, pending: 0 });
    expect(lastAt).toBeLessThanOrEqual(182_000 * 1.05);
    // The hidden limit is met once, and known from then on.
    expect(it.asked.length).toBeLessThanOrEqual(101);
  });
});

describe('a message that is refused', () => {
  it('is found by bisecting its batch, and alone becomes a dead letter', async () => {
    const it = await runSinks([discord()], {
      script: ({ body }) =>
        JSON.stringify(body).includes('poison')
          ? answers(400, { code: 50035, message: 'Invalid Form Body' })
          : ok(),
    });
    it.plane.gate('discord')?.isolate();
    it.notify(6);
    it.notify('poison');
    it.notify(5);
    await it.clock.advance(0);
    it.plane.gate('discord')?.reset();
    await it.clock.advance(60_000);
    expect(it.status()).toMatchObject({ delivered: 11, dead: 1, pending: 0, breaker: { state: 'closed' } });
    expect(it.ledger.deadLetters(10)).toMatchObject([
      { sink: 'discord', code: '400/50035', notification: { message: { text: 'poison' } } },
    ]);
  });

  it('a duplicate in the database holds up nobody and counts as delivered', async () => {
    const it = await runSinks([postgrest()], {
      script: ({ body }) =>
        (body as { message: string }[]).some(({ message }) => message === 'known')
          ? answers(409, { code: '23505', message: 'duplicate key' })
          : new Response('', { status: 201 }),
    });
    it.notify(3);
    it.notify('known');
    it.notify(3);
    await it.clock.advance(1_000);
    expect(it.status()).toMatchObject({ delivered: 7, dead: 0, pending: 0 });
  });
});

describe('a crash in the middle of a request', () => {
  const poison = {
    type: 'queue.counted',
    get size(): number {
      throw new Error('thrown in a machine');
    },
  };

  it('aborts it, counts it against its row, and sends it once more: never two at a time', async () => {
    let open = 0;
    let openMax = 0;
    const it = await runSinks([discord()], {
      script: (asked, index) => {
        if (index > 0) return ok();
        open += 1;
        openMax = Math.max(openMax, open);
        return new Promise((_, reject) => {
          asked.signal.addEventListener('abort', () => {
            open -= 1;
            reject(asked.signal.reason);
          });
        });
      },
    });
    it.notify(1);
    await it.clock.advance(0);
    expect(it.status().state).toBe('sending');
    it.actor('sinks', 'discord', 'queue').send(poison);
    await it.clock.settle();
    expect(it.asked[0]?.signal.aborted).toBe(true);
    expect(it.asked).toHaveLength(1);
    expect(it.ledger.read('discord', 0, 10)).toMatchObject([{ crashes: 1 }]);
    await it.clock.advance(10_000);
    expect(it.asked).toHaveLength(2);
    expect(openMax).toBe(1);
    expect(it.status()).toMatchObject({ state: 'idle', delivered: 1, pending: 0 });
  });

  it('makes a dead letter of the row that was out three times, and of no other', async () => {
    const it = await runSinks([discord()], { script: hangs });
    it.plane.gate('discord')?.isolate();
    it.notify(3);
    await it.clock.advance(0);
    it.plane.gate('discord')?.reset();
    await it.clock.advance(0);
    for (let crash = 0; crash < 3; crash += 1) {
      expect(it.status().state).toBe('sending');
      it.actor('sinks', 'discord', 'queue').send(poison);
      await it.clock.advance(5_000);
    }
    expect(it.ledger.deadLetters(10)).toMatchObject([{ notification: { message: { text: 'message 1' } } }]);
    expect(it.ledger.read('discord', 0, 10)).toMatchObject([{ crashes: 1 }, { crashes: 1 }]);
  });
});

describe('a store that is down', () => {
  it('serves a sink with nothing spilled; one that spills waits, and nothing overtakes what is in the store', async () => {
    const taken = { discord: [] as string[], database: [] as string[] };
    const it = await runSinks([discord(), postgrest()], {
      script: ({ url, body }) => {
        if (url.includes('discord.com')) {
          const { embeds } = body as { embeds: { description: string }[] };
          taken.discord.push(...embeds.map(({ description }) => description));
          return ok();
        }
        taken.database.push(...(body as { message: string }[]).map(({ message }) => message));
        return new Response('', { status: 201 });
      },
    });
    it.plane.gate('database')?.isolate();
    it.notify(520);
    await it.clock.advance(600_000);
    expect(it.status('discord').pending).toBe(0);
    it.fillDisk(true);
    it.notify('while it is down');
    await it.clock.advance(1_000);
    expect(taken.discord.at(-1)).toBe('while it is down');
    it.plane.gate('database')?.reset();
    await it.clock.advance(60_000);
    expect(taken.database).toHaveLength(500);
    // Its window is empty, and twenty wait in a store that cannot be asked: what comes later must not go first.
    it.notify('last of all');
    await it.clock.advance(1_000);
    expect(taken.discord.at(-1)).toBe('last of all');
    expect(taken.database).toHaveLength(500);
    it.fillDisk(false);
    await it.clock.advance(60_000);
    const numbered = Array.from({ length: 520 }, (_, index) => `message ${index + 1}`);
    expect(taken.database).toEqual([...numbered, 'while it is down', 'last of all']);
    expect(it.status('database')).toMatchObject({ delivered: 522, pending: 0 });
  });

  it('serves what fits the window, keeps 500 acknowledgements, then waits; nothing twice, nothing lost', async () => {
    const it = await runSinks([postgrest({ batch: 10 })], {
      script: () => new Response('', { status: 201 }),
    });
    it.notify(1);
    await it.clock.advance(100);
    it.fillDisk(true);
    it.notify(300);
    await it.clock.advance(2_000);
    it.notify(300);
    await it.clock.advance(5_000);
    expect(it.status()).toMatchObject({ state: 'settling' });
    expect(it.asked).toHaveLength(1 + 51);
    it.fillDisk(false);
    await it.clock.advance(30_000);
    const texts = it.asked.flatMap(({ body }) => (body as { message: string }[]).map((row) => row.message));
    expect(texts).toHaveLength(601);
    expect(new Set(texts)).toHaveProperty('size', 601);
    expect(it.status()).toMatchObject({ state: 'idle', delivered: 601, pending: 0 });
    expect(it.ledger.read('database', 0, 10)).toEqual([]);
  });
});

describe('a crash while the store is down', () => {
  it('sends nothing again that was delivered and could not be acknowledged', async () => {
    const it = await runSinks([postgrest({ batch: 10 })], {
      script: () => new Response('', { status: 201 }),
    });
    it.fillDisk(true);
    it.notify(300);
    await it.clock.advance(2_000);
    it.notify(300);
    await it.clock.advance(5_000);
    expect(it.status()).toMatchObject({ state: 'settling' });
    const before = it.asked.length;
    it.actor('sinks', 'database', 'queue').send({
      type: 'queue.counted',
      get size(): number {
        throw new Error('thrown in a machine');
      },
    });
    await it.clock.advance(5_000);
    expect(it.asked).toHaveLength(before);
    it.fillDisk(false);
    await it.clock.advance(30_000);
    const texts = it.asked.flatMap(({ body }) => (body as { message: string }[]).map((row) => row.message));
    expect(texts).toHaveLength(600);
    expect(new Set(texts)).toHaveProperty('size', 600);
    expect(it.status()).toMatchObject({ delivered: 600, pending: 0 });
  });
});

describe('the end', () => {
  it('drains what is well, and waits for nobody who is not', async () => {
    const it = await runSinks([discord(), postgrest()], {
      script: ({ url }) =>
        url.includes('discord.com')
          ? answers(404, { code: 10015, message: 'Unknown Webhook' })
          : new Response('', { status: 201 }),
    });
    it.notify(200);
    await it.clock.settle();
    let isDrained = false;
    void it.plane.drain(10_000, new AbortController().signal).then(() => {
      isDrained = true;
    });
    await it.clock.advance(100);
    expect(isDrained).toBe(true);
    expect(it.status('database').pending).toBe(0);
    expect(it.status('discord').pending).toBe(200);
  });

  it('lets a request that is out end, begins no other, and leaves the rest in the outbox', async () => {
    let answer: (response: Response) => void = () => {};
    const it = await runSinks([discord()], {
      script: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    it.notify(1);
    await it.clock.advance(0);
    it.notify(5);
    const closed = it.plane.close(12_000);
    await it.clock.advance(1_000);
    expect(it.status().state).toBe('draining');
    answer(ok());
    await it.clock.advance(0);
    await closed;
    expect(it.asked).toHaveLength(1);
    expect(it.status()).toMatchObject({ state: 'closed', delivered: 1, pending: 5 });
  });

  it('aborts what hangs at the limit, and keeps its row', async () => {
    const it = await runSinks([discord({ timeout: 60_000 })], { script: hangs });
    it.notify(1);
    await it.clock.advance(0);
    const closed = it.plane.close(3_000);
    await it.clock.advance(2_999);
    expect(it.status().state).toBe('draining');
    await it.clock.advance(1);
    await closed;
    expect(it.asked[0]?.signal.aborted).toBe(true);
    expect(it.ledger.read('discord', 0, 10)).toMatchObject([{ crashes: 0 }]);
  });
});
