import { getEventListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createActor } from 'xstate';
import { createDeadlines } from '../../src/actors/deadline.js';
import { type HttpRequest, HttpSessions } from '../../src/actors/http.js';
import { LOOKUPS, Places } from '../../src/actors/places.js';
import { realClock, realWorld } from '../../src/real-world.js';
import { keptLog, settled } from '../support/fake-clock.js';

async function server(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const http = createServer(handle);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

function sessions({ limit = 50, leaseMaxMs = 60_000, waitersMax = 100 } = {}) {
  const world = realWorld({ connectionsPerHost: limit });
  const { log, lines } = keptLog();
  const deadlines = createDeadlines({ clock: realClock, log });
  const http = new HttpSessions({ world, deadlines, log, limit, lookupsMax: 4, waitersMax, leaseMaxMs });
  const actor = createActor(http.logic, { clock: realClock }).start();
  onTestFinished(async () => {
    http.close();
    await world.close();
  });
  const ask = (url: string, rest: Partial<HttpRequest> = {}): HttpRequest => ({
    url,
    method: 'GET',
    headers: {},
    timeout: { name: 'asking', ms: 5_000 },
    ...rest,
  });
  const send = async (request: HttpRequest, share = 'discord') => {
    const lease = await http.lease(share, { withinMs: 5_000 });
    try {
      return await lease?.send(request);
    } finally {
      lease?.release();
    }
  };
  return { http, actor, deadlines, lines, ask, send };
}

describe('HTTP', () => {
  it('sends what it is given and gives back what was answered', async () => {
    const seen: { method: string | undefined; body: string; key: unknown }[] = [];
    const url = await server(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      seen.push({ method: request.method, body, key: request.headers.apikey });
      response.writeHead(201, { 'x-answer': 'yes' }).end('done');
    });
    const { ask, send } = sessions();
    const result = await send(ask(url, { method: 'POST', headers: { apikey: 'k' }, body: '{"a":1}' }));
    expect(result).toMatchObject({ kind: 'answered', status: 201, text: 'done' });
    expect(result?.kind === 'answered' && result.headers.get('x-answer')).toBe('yes');
    expect(seen).toEqual([{ method: 'POST', body: '{"a":1}', key: 'k' }]);
  });

  it('ends a request at its limit also when the garbage collector has been there meanwhile', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    let arrived: () => void = () => {};
    let ended: () => void = () => {};
    const isThere = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const isGone = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const url = await server((request) => {
      request.on('close', ended);
      arrived();
    });
    const { ask, send } = sessions();
    const result = send(ask(url, { method: 'POST', body: '{}', timeout: { name: 'asking', ms: 300 } }));
    await isThere;
    await settled();
    collectGarbage();
    expect(await result).toMatchObject({ kind: 'unanswered', cause: 'timeout' });
    // The other side hears of it: a socket that nobody waits on would be one of fifty for good.
    await isGone;
  });

  it('takes errors for answers, follows no redirect, and tries nothing twice', async () => {
    let asked = 0;
    const url = await server((request, response) => {
      asked += 1;
      if (request.url === '/away')
        response.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end();
      else response.writeHead(503).end('ill');
    });
    const { ask, send } = sessions();
    expect(await send(ask(url))).toMatchObject({ kind: 'answered', status: 503 });
    expect(await send(ask(`${url}/away`))).toMatchObject({
      kind: 'unanswered',
      cause: 'network',
      code: 'redirect',
    });
    expect(asked).toBe(2);
  });

  it('reads no more of an answer than its bound, and frees the socket', async () => {
    const url = await server((_, response) => {
      response.writeHead(200).end('x'.repeat(3_000_000));
    });
    const { ask, send } = sessions({ limit: 5 });
    for (let count = 0; count < 12; count += 1) {
      const result = await send(ask(url));
      expect(result?.kind === 'answered' && result.text.length).toBe(64 * 1024);
    }
  });

  it('ends at its deadline, counted by name, also in the middle of the body', async () => {
    const url = await server((request, response) => {
      response.writeHead(200);
      response.write('the beginning');
      if (request.url !== '/hang') response.end();
    });
    const { ask, send, deadlines, lines, http } = sessions();
    const timeout = { name: 'discord send', ms: 150 };
    expect(await send(ask(`${url}/hang`, { timeout }))).toMatchObject({
      kind: 'unanswered',
      cause: 'timeout',
      sent: 'maybe',
    });
    expect(await send(ask(url, { timeout }))).toMatchObject({ kind: 'answered' });
    expect(deadlines.figures()['discord send']).toMatchObject({ started: 2, timedOut: 1, ratePercent: 50 });
    expect(lines.map(({ msg }) => msg)).toEqual(['timeout: discord send, 0.2 s']);
    expect(http.status().leased).toBe(0);
  });

  it('knows what was surely never sent, and never says the address', async () => {
    const { ask, send } = sessions();
    const nobody = createServer();
    await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    const refused = await send(ask(`http://127.0.0.1:${port}/api/webhooks/1/secret-token`));
    expect(refused).toMatchObject({ kind: 'unanswered', cause: 'network', sent: 'no', code: 'ECONNREFUSED' });
    expect(JSON.stringify(refused)).not.toContain('secret-token');
    const url = await server((request) => request.socket.destroy());
    expect(await send(ask(url))).toMatchObject({ kind: 'unanswered', cause: 'network', sent: 'maybe' });
  });

  it('is cancelled by its signal, by its lease and by the end of the pool', async () => {
    const url = await server(() => {});
    const { ask, http } = sessions();
    const abort = new AbortController();
    const lease = await http.lease('discord', { withinMs: 1_000 });
    const cancelled = lease?.send(ask(url, { signal: abort.signal }));
    abort.abort();
    expect(await cancelled).toMatchObject({ kind: 'unanswered', cause: 'cancelled' });
    lease?.release();
    expect(await lease?.send(ask(url))).toMatchObject({ cause: 'cancelled', sent: 'no' });
    const second = await http.lease('discord', { withinMs: 1_000 });
    const closed = second?.send(ask(url));
    http.close();
    expect(await closed).toMatchObject({ cause: 'cancelled' });
    const other = sessions({ limit: 1 });
    const held = await other.http.lease('discord', { withinMs: 1_000 });
    const next = other.http.lease('discord', { withinMs: 1_000 });
    held?.release();
    other.http.close();
    expect(await (await next)?.send(ask(url))).toMatchObject({ cause: 'cancelled' });
    expect(await http.lease('discord', { withinMs: 1_000 })).toBeUndefined();
  });

  it('leaves nothing on the signal of its sender, and gives no warning of many at once', async () => {
    const warned: string[] = [];
    const warn = ({ name }: Error) => warned.push(name);
    process.on('warning', warn);
    onTestFinished(() => {
      process.off('warning', warn);
    });
    const url = await server((_, response) => {
      response.end();
    });
    const { ask, send, http } = sessions({ limit: 15 });
    const { signal } = new AbortController();
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, index) => send(ask(url, index === 0 ? { signal } : {}))),
    );
    expect(results.every((result) => result?.kind === 'answered')).toBe(true);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(madeOf(signal)).toBe(0);
    const waits = Array.from({ length: 40 }, () => http.lease('discord', { withinMs: 5_000 }));
    http.close();
    expect((await Promise.all(waits)).filter((lease) => lease !== undefined)).toHaveLength(15);
    await settled();
    expect(warned).toEqual([]);
  });

  it('is closed when the last place is back, and not before, whatever its machine was told meanwhile (P4)', async () => {
    const quiet = sessions();
    (await quiet.http.lease('discord', { withinMs: 100 }))?.release();
    quiet.http.drain();
    expect(quiet.http.status()).toMatchObject({ state: 'closed', leased: 0 });

    const busy = sessions();
    const leases = [];
    for (let count = 0; count < 3; count += 1)
      leases.push(await busy.http.lease('discord', { withinMs: 100 }));
    busy.http.drain();
    for (const [index, lease] of leases.entries()) {
      expect(busy.http.status()).toMatchObject({ state: 'draining', leased: 3 - index });
      lease?.release();
    }
    expect(busy.http.status()).toMatchObject({ state: 'closed', leased: 0 });
  });

  it('takes back a lease that was forgotten, once', async () => {
    const { http, lines } = sessions({ leaseMaxMs: 30 });
    const lease = await http.lease('discord', { withinMs: 1_000 });
    expect(http.status().leased).toBe(1);
    await vi.waitFor(() => expect(http.status().leased).toBe(0));
    lease?.release();
    expect(http.status().leased).toBe(0);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'timeout: a lease of discord was never returned; taken back',
    ]);
  });

  it('lets waiters wait in turn, within their time and their number', async () => {
    const { http } = sessions({ limit: 5, waitersMax: 2 });
    const held = await Promise.all(Array.from({ length: 5 }, () => http.lease('a', { withinMs: 1_000 })));
    const order: string[] = [];
    const first = http.lease('a', { withinMs: 1_000 }).then((it) => order.push(it ? 'first' : 'no'));
    const second = http
      .lease('a', { withinMs: 20 })
      .then((it) => order.push(it ? 'second' : 'second gave up'));
    expect(await http.lease('a', { withinMs: 1_000 })).toBeUndefined();
    await second;
    expect(http.status()).toMatchObject({ leased: 5, waiting: 1, state: 'saturated' });
    held[0]?.release();
    await first;
    expect(order).toEqual(['second gave up', 'first']);
    for (const lease of held) lease?.release();
    await settled();
    expect(http.status()).toMatchObject({ leased: 1, waiting: 0, state: 'available' });
  });
});

/** How many signals Node has noted down as made of this one, as AbortSignal.any makes them: for good, in Node 20. */
function madeOf(signal: AbortSignal): number {
  const noted = Object.getOwnPropertySymbols(signal).find(
    ({ description }) => description === 'kDependantSignals',
  );
  const made: unknown = noted && Reflect.get(signal, noted);
  return typeof made === 'object' && made !== null && 'size' in made ? Number(made.size) : 0;
}

describe('places', () => {
  it('never exceed the limit, keep one for each sink, and give lookups four at most (P1)', () => {
    const step = fc.record({
      share: fc.constantFrom('a', 'b', LOOKUPS),
      take: fc.constantFrom(true, true, false),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 200 }), (steps) => {
        const places = new Places(7, 4);
        places.keepOneFor('a');
        places.keepOneFor('b');
        const held: Record<string, number> = { a: 0, b: 0, [LOOKUPS]: 0 };
        for (const { share, take } of steps) {
          const own = held[share] ?? 0;
          if (!take) {
            if (own === 0) continue;
            places.giveBack(share);
            held[share] = own - 1;
          } else if (places.take(share)) held[share] = own + 1;
          else if (share !== LOOKUPS) expect(own).toBeGreaterThan(0);
          expect(places.leased).toBe((held.a ?? 0) + (held.b ?? 0) + (held[LOOKUPS] ?? 0));
          expect(places.leased).toBeLessThanOrEqual(7);
          expect(held[LOOKUPS]).toBeLessThanOrEqual(4);
        }
      }),
    );
  });
});
