import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config.js';
import { ask } from '../../src/control/client.js';
import { listen } from '../../src/control/listening.js';
import { type ControlCommands, createControl } from '../../src/control/server.js';
import { socketPathOf } from '../../src/control/socket-path.js';
import { controlToken } from '../../src/control/token.js';
import { EarshotError, StoreError } from '../../src/errors.js';
import { realClock } from '../../src/real-world.js';
import { Secret } from '../../src/secret.js';
import { daemonLike, silent } from './daemon-like.js';
import { sampleStatus } from './sample-status.js';

const TOKEN = 'caNary-control-token-0123456789';

let folder: string;
let ends: (() => void | Promise<void>)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'earshot-control-'));
  ends = [() => rmSync(folder, { recursive: true, force: true })];
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
});

async function bound(
  over: Partial<ControlCommands> = {},
  control: Partial<Exclude<Config['control'], false>> = {},
) {
  const { commands, asked } = daemonLike();
  const server = createControl({
    control: { host: '127.0.0.1', port: 0, token: new Secret(TOKEN), allowedHosts: [], ...control },
    socketPath: socketPathOf(join(folder, 'earshot.db')),
    commands: { ...commands, ...over },
    log: silent,
    clock: realClock,
    listen,
  });
  const { url = '', socket } = await server.bind();
  ends.push(() => server.close());
  return { server, url, socket, asked, port: Number(new URL(url).port) };
}

interface Reply {
  status: number;
  text: string;
  headers: NodeJS.Dict<string | string[]>;
}

function call(
  url: string,
  method = 'GET',
  headers: Record<string, string> = {},
  body?: string,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
      );
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

const bearer = { authorization: `Bearer ${TOKEN}` };

describe('a page in a browser', () => {
  it('acts with a session of its own, opened once by a code that only whoever may act can get', async () => {
    const { url, socket, asked } = await bound();
    const { code, url: page } = (await ask(socket, 'POST', '/viewer/code', {})) as {
      code: string;
      url: string;
    };
    expect(page).toBe(url);
    expect((await call(`${url}/viewer/code`, 'POST')).status).toBe(401);
    const open = (guess: string) =>
      call(`${url}/viewer/session`, 'POST', {}, JSON.stringify({ code: guess }));
    expect((await open(`${code}x`)).status).toBe(401);
    const { status, text } = await open(code);
    expect(status).toBe(200);
    expect(await open(code)).toMatchObject({ status: 401, text: expect.stringContaining('earshot open') });
    const { token } = JSON.parse(text) as { token: string };
    expect(token).not.toBe(TOKEN);
    const stop = (bearer: string) => call(`${url}/stop`, 'POST', { authorization: `Bearer ${bearer}` }, '{}');
    expect((await stop(code)).status).toBe(401);
    expect(asked).toEqual([]);
    expect((await stop(token)).status).toBe(202);
    expect(asked).toEqual([['stop', 'asked through the control']]);
  });

  it('of another origin opens nothing, whatever it knows', async () => {
    const { url, socket } = await bound();
    const { code } = (await ask(socket, 'POST', '/viewer/code', {})) as { code: string };
    const headers = { origin: 'https://evil.example' };
    const reply = await call(`${url}/viewer/session`, 'POST', headers, JSON.stringify({ code }));
    expect(reply.status).toBe(403);
  });
});

describe('reading', () => {
  it('gives the status document, over HTTP and over the socket', async () => {
    const { url, socket } = await bound();
    const { status, text, headers } = await call(`${url}/status?pretty`);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual(sampleStatus());
    expect(headers['cache-control']).toBe('no-store');
    expect(await ask(socket, 'GET', '/status')).toEqual(sampleStatus());
  });

  it('tells health and readiness apart', async () => {
    const { url } = await bound({ isReady: () => false });
    expect((await call(`${url}/healthz`)).status).toBe(200);
    expect((await call(`${url}/readyz`)).status).toBe(503);
    expect((await call(`${url}/readyz`, 'HEAD')).text).toBe('');
  });

  it('shows every figure of the document as a metric', async () => {
    const { url } = await bound();
    const { text, headers } = await call(`${url}/metrics`);
    expect(headers['content-type']).toContain('text/plain; version=0.0.4');
    for (const line of [
      'earshot_info{version="1.0.0"} 1',
      'earshot_healthy{state="running",health="healthy"} 1',
      'earshot_heard_total 100',
      'earshot_messages_total{end="unmatched"} 80',
      'earshot_messages_total{end="accepted"} 10',
      'earshot_connection_state{platform="kick",connection="connection-1",state="connected"} 1',
      'earshot_connection_breaker_trips_total{platform="kick",connection="connection-1"} 1',
      'earshot_channel_heard_total{platform="kick",channel="somechannel"} 100',
      'earshot_channel_queue_high_water{platform="kick",channel="somechannel"} 7',
      'earshot_sink_delivered_total{sink="database"} 1204',
      'earshot_sink_breaker_state{sink="database",state="closed"} 1',
      'earshot_sink_rate_limited_seconds_total{sink="database"} 2.5',
      'earshot_timeouts_total{name="discord send"} 2',
      'earshot_pool_limit 50',
      'earshot_tasks_active 2',
      'earshot_store_pending 3',
      'earshot_resident_memory_bytes 61000000',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    // A second scrape counts nothing twice.
    expect((await call(`${url}/metrics`)).text).toBe(text);
  });

  it('answers what is not there', async () => {
    const { url } = await bound();
    expect((await call(`${url}/nothing`)).status).toBe(404);
    expect((await call(`${url}/status`, 'POST', bearer)).status).toBe(405);
  });
});

describe('commands', () => {
  it('reach the daemon over the socket, where permissions suffice', async () => {
    const { socket, asked } = await bound();
    expect(await ask(socket, 'POST', '/dead/retry', { ids: 'all' })).toEqual({ retried: 7 });
    expect(await ask(socket, 'POST', '/dead/discard', { ids: [3, 4] })).toEqual({ discarded: 1 });
    expect(await ask(socket, 'POST', '/sinks/discord/resume')).toEqual({ result: 'resumed' });
    expect(await ask(socket, 'POST', '/breakers/discord', { action: 'isolate', for: '30m' })).toEqual({
      result: 'done',
    });
    expect(await ask(socket, 'POST', '/channels/some%2Fchannel', { chatroomId: 9 })).toEqual({
      result: 'added',
    });
    expect(asked).toEqual([
      ['retry', 'all'],
      ['discard', [3, 4]],
      ['breaker', 'discord', 'isolate', 1_800_000],
      ['addChannel', 'some/channel', { chatroomId: 9 }],
    ]);
  });

  it('reach it over HTTP with the token alone', async () => {
    const { url, asked } = await bound();
    const body = '{"ids":"all"}';
    expect((await call(`${url}/dead/retry`, 'POST', {}, body)).status).toBe(401);
    expect((await call(`${url}/dead/retry`, 'POST', { authorization: 'Bearer wrong' }, body)).status).toBe(
      401,
    );
    expect(asked).toEqual([]);
    expect((await call(`${url}/dead/retry`, 'POST', bearer, body)).status).toBe(200);
    expect(asked).toEqual([['retry', 'all']]);
  });

  it('that make no sense are refused in words', async () => {
    const { socket } = await bound({
      addChannel() {
        throw new EarshotError('notConfigured', 'x is not among the channels', 'add it');
      },
      retry() {
        throw new StoreError('busy', 'the store is down');
      },
    });
    const said = (path: string, body?: object) =>
      ask(socket, 'POST', path, body).catch((error: unknown) => String(error));
    expect(await said('/sinks/nobody/resume')).toContain('there is no sink nobody');
    expect(await said('/breakers/nobody', { action: 'reset' })).toContain('there is no breaker nobody');
    expect(await said('/breakers/discord', { action: 'explode' })).toContain('action');
    expect(await said('/breakers/discord', { action: 'isolate', for: 'ever' })).toContain('30m');
    expect(await said('/dead/discard', { ids: [] })).toContain('ids');
    expect(await said('/channels/x', { chatroomId: 1 })).toContain('not among the channels');
    expect(await said('/dead/retry', { ids: 'all' })).toContain('the store is down');
  });
});

describe('who may ask', () => {
  it('refuses a name that only leads here, and other origins', async () => {
    const { url, port } = await bound();
    expect((await call(`${url}/status`, 'GET', { host: 'evil.example' })).status).toBe(421);
    expect((await call(`${url}/status`, 'GET', { host: `127.0.0.1.evil.example:${port}` })).status).toBe(421);
    expect((await call(`${url}/status`, 'GET', { host: 'localhost:1' })).status).toBe(200);
    expect((await call(`${url}/status`, 'GET', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await call(`${url}/status`, 'GET', { origin: 'null' })).status).toBe(403);
    expect((await call(`${url}/status`, 'GET', { origin: url })).status).toBe(200);
    expect((await call(`${url}/status`, 'GET', { origin: 'http://127.0.0.1:1' })).status).toBe(403);
  });

  it('asks the token for everything that comes by another name', async () => {
    const { url } = await bound({}, { allowedHosts: ['earshot.example'] });
    const host = { host: 'earshot.example' };
    expect((await call(`${url}/status`, 'GET', host)).status).toBe(401);
    expect((await call(`${url}/status`, 'GET', { ...host, ...bearer })).status).toBe(200);
  });

  it('lets nobody change anything over HTTP when there is no token', async () => {
    const { url } = await bound({}, { token: undefined });
    expect((await call(`${url}/sinks/discord/resume`, 'POST', { authorization: 'Bearer ' })).status).toBe(
      401,
    );
    expect(
      (await call(`${url}/sinks/discord/resume`, 'POST', { authorization: 'Bearer undefined' })).status,
    ).toBe(401);
  });

  it('never says the token', async () => {
    const { url } = await bound();
    const replies = await Promise.all([
      call(`${url}/status`),
      call(`${url}/metrics`),
      call(`${url}/x`, 'POST', bearer),
      call(`${url}/dead/retry`, 'POST', bearer, 'no JSON'),
    ]);
    for (const { text, headers } of replies) expect(text + JSON.stringify(headers)).not.toContain('caNary');
  });
});

describe('its bounds', () => {
  const opened = (port: number) =>
    new Promise<Socket>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket));
      socket.on('error', () => {});
    });
  const ended = (socket: Socket) => new Promise<void>((resolve) => socket.on('close', () => resolve()));

  it('reads 64 KiB of a body at most', async () => {
    const { url } = await bound();
    const { status } = await call(`${url}/dead/retry`, 'POST', bearer, 'x'.repeat(64 * 1024 + 1));
    expect(status).toBe(413);
  });

  it('takes 32 clients at a time; the next is turned away, and a place comes free again', async () => {
    const { url, port } = await bound();
    const clients = await Promise.all(Array.from({ length: 32 }, () => opened(port)));
    await expect(call(`${url}/healthz`)).rejects.toThrow();
    const [first] = clients;
    if (first === undefined) throw new Error('no client');
    // Asks to be closed, so that the server has surely seen it go.
    first.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    first.resume();
    await ended(first);
    expect((await call(`${url}/healthz`)).status).toBe(200);
    for (const client of clients) client.destroy();
  });

  it('is closed at once, whoever still holds a connection or half a request', async () => {
    const { server, port } = await bound();
    const idle = await opened(port);
    const half = await opened(port);
    half.write('POST /dead/retry HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
    const kept = await opened(port);
    kept.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const all = Promise.all([idle, half, kept].map(ended));
    await new Promise((resolve) => kept.once('data', resolve));
    for (const client of [idle, half, kept]) client.resume();
    await server.close();
    await all;
  });
});

describe('the socket', () => {
  it('is for its user alone, takes the place of a dead one, and goes with the daemon', async () => {
    const path = socketPathOf(join(folder, 'earshot.db'));
    writeFileSync(path, 'left behind');
    const { server, socket } = await bound();
    expect(socket).toBe(path);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    await server.close();
    expect(() => statSync(socket)).toThrow('ENOENT');
  });

  it('gets a hashed name in a private folder where its own would be cut', async () => {
    const deep = join(folder, 'x'.repeat(100), 'earshot.db');
    const path = socketPathOf(deep);
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100);
    expect(socketPathOf(`${deep}2`)).not.toBe(path);
    const server = createControl({
      control: false,
      socketPath: path,
      commands: daemonLike().commands,
      log: silent,
      clock: realClock,
      listen,
    });
    expect(await server.bind()).toEqual({ socket: path });
    ends.push(async () => {
      await server.close();
      rmSync(join(path, '..'), { recursive: true, force: true });
    });
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    expect(await ask(path, 'GET', '/status')).toEqual(sampleStatus());
  });

  it('refuses a private folder that others may enter', async () => {
    const path = socketPathOf(join(folder, 'y'.repeat(100), 'earshot.db'));
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(path, '..'));
    chmodSync(join(path, '..'), 0o755);
    ends.push(() => rmSync(join(path, '..'), { recursive: true, force: true }));
    const server = createControl({
      control: false,
      socketPath: path,
      commands: daemonLike().commands,
      log: silent,
      clock: realClock,
      listen,
    });
    await expect(server.bind()).rejects.toThrow('belongs to somebody else');
  });

  it('says so when nobody listens', async () => {
    await expect(ask(join(folder, 'earshot.db.sock'), 'GET', '/status')).rejects.toMatchObject({
      code: 'unreachable',
      message: `no daemon is running on ${folder}/earshot.db`,
    });
  });

  it('says which address is taken', async () => {
    const { port } = await bound();
    const second = createControl({
      control: { host: '127.0.0.1', port, token: undefined, allowedHosts: [] },
      socketPath: join(folder, 'second.sock'),
      commands: daemonLike().commands,
      log: silent,
      clock: realClock,
      listen,
    });
    ends.push(() => second.close());
    await expect(second.bind()).rejects.toMatchObject({
      code: 'address',
      message: `the address 127.0.0.1:${port} is taken by another program`,
    });
  });
});

describe('the token file', () => {
  it('is made once, for its user alone', () => {
    const store = join(folder, 'earshot.db');
    const token = controlToken(store);
    expect(token.reveal()).toMatch(/^[\w-]{43}$/);
    expect(controlToken(store).reveal()).toBe(token.reveal());
    expect(statSync(`${store}.token`).mode & 0o777).toBe(0o600);
    chmodSync(`${store}.token`, 0o644);
    controlToken(store);
    expect(statSync(`${store}.token`).mode & 0o777).toBe(0o600);
  });

  it('is said when it cannot be', () => {
    expect(() => controlToken(join(folder, 'nowhere/earshot.db'))).toThrow('can be neither read nor written');
  });
});
