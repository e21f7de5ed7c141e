/**
 * The official clients of both protocols, pusher-js and centrifuge, as judges: beside Earshot on the same
 * stand-in of Kick. Where Earshot does otherwise than they do, the table says why.
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Centrifuge } from 'centrifuge';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { CentrifugoOptions } from '../../src/demo/centrifugo-standin.js';
import { type KickOptions, type KickStandin, startKick } from '../../src/demo/kick-standin.js';
import type { PusherOptions } from '../../src/demo/pusher-standin.js';
import { channelsOf, runKick, until } from '../sources/harness.js';

// Its types promise a default export, its module is the class itself.
const Pusher: typeof import('pusher-js').default = createRequire(import.meta.url)('pusher-js');

type Transport = 'pusher' | 'centrifugo';

/** What becomes of a client whose server did something to it. */
type End = 'returns' | 'ends';

/** A client that is connected, and subscribed to the one channel's chat. */
interface Client {
  readonly kick: KickStandin;
  /** It has given up for good. */
  hasEnded(): boolean;
  end(): Promise<void> | void;
}

type Options = Partial<Pick<KickOptions, 'pusher' | 'centrifugo'>>;

const [ROOM] = channelsOf(1);
const CHAT = `chatrooms.${ROOM?.chatroomId}.v2`;
const SLUG = ROOM?.slug ?? '';

const CLIENTS = {
  'pusher-js': { transport: 'pusher', start: startPusherJs },
  centrifuge: { transport: 'centrifugo', start: startCentrifuge },
  'earshot on pusher': { transport: 'pusher', start: (options: Options) => startEarshot('pusher', options) },
  'earshot on centrifugo': {
    transport: 'centrifugo',
    start: (options: Options) => startEarshot('centrifugo', options),
  },
} as const;
type Name = keyof typeof CLIENTS;

/** The client, subscribed, until the test ends. */
async function subscribed(name: Name, options: Options = {}): Promise<Client> {
  const client = await CLIENTS[name].start(options);
  onTestFinished(() => client.end());
  await client.kick.until(() => client.kick.subscribed(SLUG) === 1);
  return client;
}

async function standin(options: Options): Promise<KickStandin> {
  const kick = await startKick({ channels: channelsOf(1), ...options });
  return kick;
}

async function startPusherJs(options: Options): Promise<Client> {
  const kick = await standin(options);
  const client = new Pusher(kick.pusherKey, {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: kick.port,
    forceTLS: false,
    enabledTransports: ['ws'],
  });
  client.subscribe(CHAT);
  return {
    kick,
    hasEnded: () => client.connection.state === 'disconnected' || client.connection.state === 'failed',
    end: () => {
      client.disconnect();
      return kick.close();
    },
  };
}

async function startCentrifuge(options: Options): Promise<Client> {
  const kick = await standin(options);
  const getToken = async () => {
    const answer = await fetch(`${kick.url}/api/v1/realtime/auth/connection`, {
      method: 'POST',
      body: '{"client_id":"some-uuid"}',
    });
    const { data } = (await answer.json()) as { data: { token: string } };
    return data.token;
  };
  const client = new Centrifuge(`${kick.wsUrl}/connection/websocket`, {
    getToken,
    websocket: WebSocket,
    minReconnectDelay: 10,
    maxReconnectDelay: 20,
    maxServerPingDelay: 300,
  });
  // Without anybody who listens it throws what went wrong.
  client.on('error', () => {});
  const subscription = client.newSubscription(CHAT, { minResubscribeDelay: 10, maxResubscribeDelay: 20 });
  subscription.subscribe();
  client.connect();
  return {
    kick,
    hasEnded: () => client.state === 'disconnected' || subscription.state === 'unsubscribed',
    end: () => {
      client.disconnect();
      return kick.close();
    },
  };
}

async function startEarshot(transport: Transport, options: Options): Promise<Client> {
  const run = await runKick(1, {
    standin: options,
    configure: (config) => ({
      ...config,
      kick: { ...config.kick, transport },
      reconnect: { ...config.reconnect, breaker: { failures: 50, recovery: 100 } },
    }),
  });
  return {
    kick: run.standin,
    hasEnded: () => run.connection()?.state === 'failed' || run.channel(SLUG)?.state === 'refused',
    end: () => run.end(),
  };
}

/** What becomes of it after `what` was done to it. */
async function fate({ kick, hasEnded }: Client, what: () => void): Promise<End> {
  const { dials } = kick;
  what();
  await until(() => hasEnded() || (kick.dials > dials && kick.subscribed(SLUG) === 1));
  return hasEnded() ? 'ends' : 'returns';
}

/** Each client's fate for every close code, all at once: one stand-in each. */
async function fates(names: readonly Name[], codes: readonly number[]) {
  const rows = codes.map(async (code) => {
    const cells = names.map(async (name) => {
      const client = await subscribed(name);
      // 1006 never travels: it stands for a socket that was torn.
      const cut = () => client.kick.cut(code === 1006 ? undefined : code, 'a reason');
      return [name, await fate(client, cut)] as const;
    });
    return [code, Object.fromEntries(await Promise.all(cells))] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}

const both = (end: End, names: readonly Name[]) => Object.fromEntries(names.map((name) => [name, end]));
const all = (codes: readonly number[], cells: object) =>
  Object.fromEntries(codes.map((code) => [code, cells]));

describe('close codes: who comes back', () => {
  it('Pusher: Earshot as pusher-js does', async () => {
    const names = ['pusher-js', 'earshot on pusher'] as const;
    const ending = [4001, 4003, 4004, 4005, 4006, 4007, 4008, 4009, 4099];
    const returning = [1000, 1001, 1006, 1011, 4100, 4199, 4200, 4201, 4202, 4299];
    // Of no meaning in the protocol as a close: pusher-js stays away for good, which a monitor must not.
    const unknown = [4300, 4301];
    expect(await fates(names, [...ending, ...returning, ...unknown])).toEqual({
      ...all(ending, both('ends', names)),
      ...all(returning, both('returns', names)),
      ...all(unknown, { 'pusher-js': 'ends', 'earshot on pusher': 'returns' }),
    });
  });

  it('Centrifugo: Earshot as centrifuge does', async () => {
    const names = ['centrifuge', 'earshot on centrifugo'] as const;
    const ending = [3500, 3501, 3502, 3503, 3507, 3999, 4500, 4501, 4999];
    const returning = [1000, 1001, 1006, 1011, 3000, 3001, 3004, 3005, 3008, 3012, 3499, 4000, 4499];
    expect(await fates(names, [...ending, ...returning])).toEqual({
      ...all(ending, both('ends', names)),
      ...all(returning, both('returns', names)),
    });
  });
});

it.each(Object.keys(CLIENTS) as Name[])(
  '%s subscribes again by itself after a restart, on one socket',
  async (name) => {
    const client = await subscribed(name);
    await client.kick.restart(50);
    await client.kick.until(() => client.kick.subscribed(SLUG) === 1, 10_000);
    expect(client.kick.connections()).toHaveLength(1);
    expect(client.hasEnded()).toBe(false);
  },
);

describe.each(['centrifuge', 'earshot on centrifugo'] as const)('%s', (name) => {
  it.each<[string, number, End]>([
    ['bad request', 3501, 'ends'],
    ['shutdown', 3001, 'returns'],
  ])('told in a frame to go (%s, %i)', async (reason, code, end) => {
    const client = await subscribed(name);
    const push = JSON.stringify({ push: { disconnect: { code, reason } } });
    expect(await fate(client, () => client.kick.sendRaw(push))).toBe(end);
  });

  it('unsubscribed by the server for a while (2500) subscribes again, on the same socket', async () => {
    const client = await subscribed(name);
    const asked = () => client.kick.frames.filter(({ text }) => text.includes('"subscribe"')).length;
    const before = asked();
    client.kick.endSubscription(SLUG, 2500, 'insufficient state');
    await until(() => asked() > before);
    expect(client.kick.dials).toBe(1);
    expect(client.hasEnded()).toBe(false);
  });

  it('unsubscribed by the server for good (2000) asks no more', async () => {
    const client = await subscribed(name);
    client.kick.endSubscription(SLUG, 2000, 'unsubscribed');
    await until(() => client.hasEnded());
    expect(client.kick.frames.filter(({ text }) => text.includes(CHAT))).toHaveLength(1);
  });

  it('renews its token in time, again and again, on one socket', async () => {
    const centrifugo = { tokenTtlS: 2, expiredCloseMs: 2_000 };
    const client = await subscribed(name, { centrifugo });
    const renewals = () => client.kick.frames.filter(({ text }) => text.includes('"refresh"')).length;
    await client.kick.until(() => renewals() >= 2, 8_000);
    expect(client.kick.dials).toBe(1);
  });

  it('whose token cannot be renewed is closed with 3005, and comes back once there are tokens', async () => {
    const centrifugo = { tokenTtlS: 0.6, expiredCloseMs: 50 };
    const client = await subscribed(name, { centrifugo });
    client.kick.play('token', '500');
    await until(() => client.kick.connections().length === 0);
    client.kick.play('token', 'ok');
    await until(() => client.kick.subscribed(SLUG) === 1, 15_000);
    expect(client.hasEnded()).toBe(false);
  });

  it('whose token ran out before it was shown (109) fetches another', async () => {
    const client = await CLIENTS[name].start({ centrifugo: { tokenTtlS: 0 } });
    onTestFinished(() => client.end());
    const tokens = () => client.kick.requests.filter(({ path }) => path.includes('auth/connection')).length;
    await until(() => tokens() >= 2);
    expect(client.hasEnded()).toBe(false);
  });

  it('a server that stops pinging is left, and dialled anew', async () => {
    const client = await subscribed(name, { centrifugo: { pingEveryMs: 1_000, pongTimeoutMs: 10_000 } });
    client.kick.silence(true);
    await client.kick.until(() => client.kick.dials >= 2, 10_000);
    client.kick.silence(false);
    await until(() => client.kick.subscribed(SLUG) === 1);
  });
});

describe('the limits of the stand-in', () => {
  async function dial(path: string, options: Options = {}, headers: Record<string, string> = {}) {
    const kick = await standin(options);
    onTestFinished(() => kick.close());
    const socket = new WebSocket(`${kick.wsUrl}${path}`, { headers });
    onTestFinished(() => socket.terminate());
    const texts: string[] = [];
    socket.on('message', (data) => texts.push(String(data)));
    const closed = once(socket, 'close').then(([code]) => Number(code));
    await once(socket, 'open');
    return { kick, socket, texts, closed, send: (frame: object) => socket.send(JSON.stringify(frame)) };
  }
  const pusherPath = (query: string, key = 'standin-key') => `/app/${key}?${query}`;
  const quick: Partial<CentrifugoOptions> = { staleMs: 50 };
  const short: Partial<PusherOptions> = { activityTimeoutS: 0.03, pongTimeoutMs: 30 };

  it.each<[string, number, string, Options, Record<string, string>]>([
    ['an unknown key', 4001, pusherPath('protocol=7', 'other'), {}, {}],
    ['another version of the protocol', 4007, pusherPath('protocol=4'), {}, {}],
    ['no version of the protocol', 4008, pusherPath('client=js'), {}, {}],
    ['no answer to a ping', 4201, pusherPath('protocol=7'), { pusher: short }, {}],
    ['no connect in time', 3502, '/connection/websocket', { centrifugo: quick }, {}],
    ['another origin', 3507, '/connection/websocket', {}, { origin: 'https://evil.example' }],
  ])('%s: %i', async (_, code, path, options, headers) => {
    const { closed } = await dial(path, options, headers);
    expect(await closed).toBe(code);
  });

  it.each([
    ['no JSON', 'no json'],
    ['a command without an id', '{"subscribe":{"channel":"x"}}'],
    ['a subscription before the connect', '{"id":1,"subscribe":{"channel":"x"}}'],
  ])('%s on Centrifugo: 3501', async (_, frame) => {
    const { socket, closed } = await dial('/connection/websocket');
    socket.send(frame);
    expect(await closed).toBe(3501);
  });

  it('a token that it never gave: 3500', async () => {
    const { send, closed } = await dial('/connection/websocket');
    send({ id: 1, connect: { token: 'made up' } });
    expect(await closed).toBe(3500);
  });

  it('a frame of more than 64 KiB: 1009', async () => {
    const { socket, closed } = await dial(pusherPath('protocol=7'));
    socket.send('x'.repeat(65_537));
    expect(await closed).toBe(1009);
  });

  it.each([
    ['165 characters', 'x'.repeat(165)],
    ['a character that is none of a name', 'chat rooms'],
  ])('a name of %s is refused in words, and the connection stays', async (_, channel) => {
    const { send, texts, kick } = await dial(pusherPath('protocol=7'));
    send({ event: 'pusher:subscribe', data: { channel } });
    await until(() => texts.some((text) => text.includes('Invalid channel name')));
    send({ event: 'pusher:subscribe', data: { channel: 'x'.repeat(164) } });
    await until(() => texts.some((text) => text.includes('subscription_succeeded')));
    expect(kick.connections()).toHaveLength(1);
  });
});
