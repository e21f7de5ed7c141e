/** The Kick stand-in, judged by the official clients of both transports, and every fault it can play. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Centrifuge } from 'centrifuge';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type KickOptions, type KickStandin, startKick } from '../../src/demo/kick-standin.js';

// Its types promise a default export, its module is the class itself.
const Pusher: typeof import('pusher-js').default = createRequire(import.meta.url)('pusher-js');

const ROOM = { slug: 'somechannel', channelId: 101, chatroomId: 201 };
const CHAT = 'chatrooms.201.v2';
const EVENT = 'App\\Events\\ChatMessageEvent';

async function start(options: Partial<KickOptions> = {}): Promise<KickStandin> {
  const kick = await startKick({ channels: [ROOM], ...options });
  onTestFinished(() => kick.close());
  return kick;
}

interface Answered {
  readonly data: { readonly token: string; readonly connections: readonly object[] };
}

async function post(kick: KickStandin, path: string, body: unknown) {
  const answer = await fetch(kick.url + path, { method: 'POST', body: JSON.stringify(body) });
  const { data } = (await answer.json()) as Answered;
  return { status: answer.status, data };
}

const negotiate = (kick: KickStandin, providers = ['pusher', 'centrifugo']) =>
  post(kick, '/api/v1/realtime/channels/101/chat/connection', {
    client: { id: 'some-uuid', type: 'web' },
    capabilities: { accepted_providers: providers.map((provider) => ({ provider })) },
  });

const tokenFrom = async (kick: KickStandin): Promise<string> =>
  (await post(kick, '/api/v1/realtime/auth/connection', { client_id: 'some-uuid' })).data.token;

function pusherClient(kick: KickStandin, key = kick.pusherKey) {
  const client = new Pusher(key, {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: kick.port,
    forceTLS: false,
    enabledTransports: ['ws'],
    activityTimeout: 60_000,
  });
  onTestFinished(() => client.disconnect());
  return client;
}

function centrifugeClient(kick: KickStandin): Centrifuge {
  const client = new Centrifuge(`${kick.wsUrl}/connection/websocket`, {
    getToken: () => tokenFrom(kick),
    websocket: WebSocket,
    minReconnectDelay: 10,
    maxReconnectDelay: 20,
  });
  onTestFinished(() => client.disconnect());
  return client;
}

interface Frame {
  readonly event?: string;
  readonly data?: unknown;
}

/** A bare socket, of Pusher's side unless another path is given. */
function dial(kick: KickStandin, path = `/app/${kick.pusherKey}?protocol=7`) {
  const socket = new WebSocket(kick.wsUrl + path);
  const texts: string[] = [];
  socket.on('message', (data) => texts.push(String(data)));
  let error: Error | undefined;
  socket.on('error', (it) => {
    error = it;
  });
  onTestFinished(() => socket.terminate());
  const closed = new Promise<{ code: number; reason: string; error?: Error | undefined }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason), error }));
  });
  const frames = () => texts.map((text): Frame => JSON.parse(text));
  return {
    socket,
    closed,
    frames,
    send: (frame: object) => socket.send(JSON.stringify(frame)),
    /** The text of the first frame for which the claim holds, come or still to come. */
    async heard(claim: (text: string) => boolean): Promise<string> {
      for (;;) {
        const found = texts.find(claim);
        if (found !== undefined) return found;
        await once(socket, 'message');
      }
    },
  };
}

async function subscribed(kick: KickStandin) {
  const client = dial(kick);
  await client.heard((text) => text.includes('connection_established'));
  client.send({ event: 'pusher:subscribe', data: { auth: '', channel: CHAT } });
  await client.heard((text) => text.includes('subscription_succeeded'));
  return client;
}

describe('the official clients', () => {
  it('pusher-js connects, subscribes, hears, and leaves', async () => {
    const kick = await start();
    const client = pusherClient(kick);
    const channel = client.subscribe(CHAT);
    await new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve));
    const heard = new Promise((resolve) => channel.bind(EVENT, resolve));
    const id = kick.say('somechannel', {
      username: 'alice',
      text: 'same here',
      replyTo: { username: 'bob', text: 'nice' },
    });
    expect(await heard).toMatchObject({
      id,
      chatroom_id: 201,
      content: 'same here',
      type: 'reply',
      sender: { username: 'alice' },
      metadata: { original_sender: { username: 'bob' }, original_message: { content: 'nice' } },
    });
    client.unsubscribe(CHAT);
    await kick.until(() => kick.subscribed('somechannel') === 0);
  });

  it('pusher-js is told of an unknown key, and does not come back', async () => {
    const kick = await start();
    const client = pusherClient(kick, 'another-key');
    const error = await new Promise((resolve) => client.connection.bind('error', resolve));
    expect(error).toMatchObject({ error: { data: { code: 4001 } } });
    expect(client.connection.state).not.toBe('connected');
  });

  it('pusher-js is told of a refused subscription', async () => {
    const kick = await start();
    kick.refuseSubscription('somechannel');
    const channel = pusherClient(kick).subscribe(CHAT);
    const error = await new Promise((resolve) => channel.bind('pusher:subscription_error', resolve));
    expect(error).toMatchObject({ status: 403 });
  });

  it('centrifuge connects with a token, subscribes, hears, and comes back after a cut', async () => {
    const kick = await start();
    const client = centrifugeClient(kick);
    const subscription = client.newSubscription(CHAT);
    const texts: string[] = [];
    subscription.on('publication', ({ data }) => {
      expect(data.event).toBe(EVENT);
      texts.push(JSON.parse(data.data).content);
    });
    subscription.subscribe();
    client.connect();
    await subscription.ready(5_000);
    // In one frame, a line each.
    kick.sayBatch('somechannel', [
      { username: 'alice', text: 'one' },
      { username: 'alice', text: 'two' },
    ]);
    kick.cut(undefined, undefined, { transport: 'centrifugo' });
    await kick.until(() => kick.dials === 2 && kick.subscribed('somechannel') === 1);
    await subscription.ready(5_000);
    const last = new Promise((resolve) => subscription.once('publication', resolve));
    kick.say('somechannel', { username: 'alice', text: 'three' });
    await last;
    expect(texts.at(-1)).toBe('three');
    expect(kick.peakConnections).toBe(1);
  });

  it('centrifuge renews its token before it runs out', async () => {
    const kick = await start({ centrifugo: { tokenTtlS: 2, expiredCloseMs: 200 } });
    const client = centrifugeClient(kick);
    client.connect();
    await client.ready(5_000);
    await kick.until(() => kick.frames.some(({ text }) => text.includes('"refresh"')));
    expect(kick.dials).toBe(1);
  });

  it('centrifuge takes 3500 for the end', async () => {
    const kick = await start();
    kick.closeNewWith(3500, 'invalid token');
    const client = centrifugeClient(kick);
    const ended = new Promise((resolve) => client.once('disconnected', resolve));
    client.connect();
    expect(await ended).toMatchObject({ code: 3500 });
    expect(kick.dials).toBe(1);
  });

  it('centrifuge answers the pings; who does not is closed with 3012', async () => {
    const kick = await start({ centrifugo: { pingEveryMs: 50, pongTimeoutMs: 40 } });
    const client = centrifugeClient(kick);
    client.connect();
    await kick.until(() => kick.frames.filter(({ text }) => text === '{}').length >= 3);
    const mute = dial(kick, '/connection/websocket');
    await once(mute.socket, 'open');
    mute.send({ id: 1, connect: { token: await tokenFrom(kick) } });
    expect(await mute.closed).toMatchObject({ code: 3012 });
    expect(client.state).toBe('connected');
    expect(kick.dials).toBe(2);
  });
});

describe('over HTTP', () => {
  it('looks a channel up by its slug: three different ids', async () => {
    const kick = await start();
    const answer = await fetch(`${kick.url}/api/v2/channels/SomeChannel`);
    expect(await answer.json()).toMatchObject({ id: 101, user_id: 1_000_101, chatroom: { id: 201 } });
    expect((await fetch(`${kick.url}/api/v2/channels/nobody`)).status).toBe(404);
    expect(kick.requests.map(({ status }) => status)).toEqual([200, 404]);
  });

  it('negotiates what it is told to offer, of what the client accepts', async () => {
    const kick = await start();
    expect((await negotiate(kick)).data.connections).toEqual([
      { provider: 'centrifugo', credentials: { url: `${kick.wsUrl}/connection/websocket` } },
      { provider: 'pusher', credentials: { app_key: kick.pusherKey, cluster: 'us2' } },
    ]);
    kick.offer('pusher');
    expect((await negotiate(kick)).data.connections).toHaveLength(1);
    expect((await negotiate(kick, ['centrifugo'])).data.connections).toEqual([]);
    expect((await post(kick, '/api/v1/realtime/connection', {})).status).toBe(400);
  });

  it('keeps the history by itself: newest first, metadata as text', async () => {
    const kick = await start();
    kick.say('somechannel', { username: 'alice', text: 'one' });
    kick.say('somechannel', { username: 'alice', text: 'two', replyTo: { username: 'bob' } });
    const answer = await fetch(`${kick.url}/api/v1/chat/101/history`);
    const { data } = (await answer.json()) as { data: { messages: { content: string; metadata: string }[] } };
    expect(data.messages.map(({ content }) => content)).toEqual(['two', 'one']);
    expect(JSON.parse(data.messages[0]?.metadata ?? '')).toMatchObject({
      original_sender: { username: 'bob' },
    });
  });

  it.each([
    ['403', 403],
    ['404', 404],
    ['429', 429],
    ['500', 500],
    ['garbage', 200],
  ] as const)('plays %s, until it is well again', async (fault, status) => {
    const kick = await start();
    kick.play('lookup', fault);
    const answer = await fetch(`${kick.url}/api/v2/channels/somechannel`);
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toContain('chatroom');
    kick.play('lookup', 'ok');
    expect((await fetch(`${kick.url}/api/v2/channels/somechannel`)).status).toBe(200);
  });

  it('hangs for one channel alone, and lets go when it closes', async () => {
    const kick = await start({
      channels: [ROOM, { slug: 'other', channelId: 102, chatroomId: 202 }],
    });
    kick.play('history', 'hang', 'somechannel');
    const hanging = fetch(`${kick.url}/api/v1/chat/101/history`);
    expect((await fetch(`${kick.url}/api/v1/chat/102/history`)).status).toBe(200);
    await kick.until(() => kick.requests.length === 2);
    expect(kick.requests.map(({ status }) => status).sort()).toEqual([0, 200]);
    await kick.close();
    await expect(hanging).rejects.toThrow();
  });
});

describe('what goes wrong on the socket', () => {
  it('closes with the code it is told, and tears without one', async () => {
    const kick = await start();
    const polite = await subscribed(kick);
    kick.cut(4200, 'reconnect at once');
    expect(await polite.closed).toMatchObject({ code: 4200, reason: 'reconnect at once' });
    const torn = await subscribed(kick);
    kick.cut();
    expect(await torn.closed).toMatchObject({ code: 1006, reason: '' });
  });

  it('accepts, and never answers, while it is silent', async () => {
    const kick = await start();
    kick.silence(true, 'pusher');
    const client = dial(kick);
    await once(client.socket, 'open');
    client.send({ event: 'pusher:ping', data: {} });
    await kick.until(() => kick.frames.length === 1);
    kick.silence(false);
    client.send({ event: 'pusher:ping', data: {} });
    await client.heard((text) => text.includes('pong'));
    expect(client.frames()).toEqual([{ event: 'pusher:pong', data: '{}' }]);
  });

  it('pings who says nothing, and closes with 4201', async () => {
    const kick = await start({ pusher: { activityTimeoutS: 0.04, pongTimeoutMs: 30 } });
    const { frames, closed } = dial(kick);
    expect((await closed).code).toBe(4201);
    expect(frames().map(({ event }) => event)).toEqual(['pusher:connection_established', 'pusher:ping']);
  });

  it('refuses sockets: dropped, held without an answer, or by a status', async () => {
    const kick = await start();
    kick.refuseConnections(true);
    expect((await dial(kick).closed).code).toBe(1006);
    kick.refuseConnections(403);
    expect(String((await dial(kick).closed).error)).toContain('403');
    kick.refuseConnections('hang');
    const held = dial(kick);
    await kick.until(() => kick.dials === 3);
    expect(held.socket.readyState).toBe(WebSocket.CONNECTING);
    expect(kick.connections()).toEqual([]);
  });

  it('keeps one channel silent until somebody subscribes anew', async () => {
    const kick = await start();
    const client = await subscribed(kick);
    kick.silenceChannel('somechannel', 'resubscribed');
    kick.say('somechannel', { username: 'alice', text: 'not this' });
    const again = await subscribed(kick);
    kick.say('somechannel', { username: 'alice', text: 'but this' });
    for (const { heard, frames } of [client, again]) {
      await heard((text) => text.includes('but this'));
      expect(frames().filter(({ event }) => event === EVENT)).toHaveLength(1);
    }
  });

  it('says other events where Kick says them', async () => {
    const kick = await start();
    const client = await subscribed(kick);
    client.send({ event: 'pusher:subscribe', data: { auth: '', channel: 'channel.101' } });
    await client.heard((text) => text.includes('"channel":"channel.101"'));
    kick.publish('somechannel', 'StopStreamBroadcast', { livestream: { id: 1 } });
    const ended = JSON.parse(await client.heard((text) => text.includes('StopStream')));
    expect(ended).toMatchObject({ event: 'App\\Events\\StopStreamBroadcast', channel: 'channel.101' });
    kick.publish('somechannel', 'ChatroomClearEvent', { id: 'x' });
    const cleared = JSON.parse(await client.heard((text) => text.includes('ChatroomClear')));
    expect(cleared).toMatchObject({ channel: CHAT, data: '{"id":"x"}' });
  });

  it.each(['pusher', 'centrifugo'] as const)(
    '%s: data as an object, and what is no JSON',
    async (transport) => {
      const kick = await start();
      const client = transport === 'pusher' ? await subscribed(kick) : dial(kick, '/connection/websocket');
      if (transport === 'centrifugo') {
        await once(client.socket, 'open');
        client.send({ id: 1, connect: { token: await tokenFrom(kick) } });
        client.send({ id: 2, subscribe: { channel: CHAT, flag: 1 } });
        await kick.until(() => kick.subscribed('somechannel') === 1);
      }
      kick.say('somechannel', { username: 'a', text: 'x', raw: { metadata: '{}' }, dataAsObject: true });
      expect(await client.heard((text) => text.includes(':201'))).toMatch(
        /"data":\{"id":.*"metadata":"\{\}"/,
      );
      kick.sendRaw('{"no json');
      await client.heard((text) => text.endsWith('{"no json'));
    },
  );

  it('goes away and comes back on the same port', async () => {
    const kick = await start();
    const { closed } = await subscribed(kick);
    const { port } = kick;
    const back = kick.restart(50);
    await closed;
    await expect(fetch(kick.url)).rejects.toThrow();
    await back;
    await subscribed(kick);
    expect(kick.port).toBe(port);
  });

  it('says which claim did not come about', async () => {
    const kick = await start();
    await expect(kick.until(() => kick.dials === 7, 20)).rejects.toThrow(/not within 20 ms.*dials === 7/);
  });
});
