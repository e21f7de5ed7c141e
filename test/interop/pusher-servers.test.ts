/** pusher-js finds no difference between soketi and the stand-in, nor does a bare socket where the protocol speaks. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { CHAT_EVENT } from '../../src/demo/kick-message.js';
import { type KickStandin, startKick } from '../../src/demo/kick-standin.js';
import { type Soketi, startSoketi } from './peers/soketi.js';

const Pusher: typeof import('pusher-js').default = createRequire(import.meta.url)('pusher-js');

const ROOM = { slug: 'somechannel', channelId: 101, chatroomId: 201 };
const CHAT = `chatrooms.${ROOM.chatroomId}.v2`;

interface Server {
  readonly port: number;
  readonly key: string;
  /** Has something said in the room. */
  say(text: string): Promise<void>;
}

let soketi: Soketi;
let kick: KickStandin;

beforeAll(async () => {
  soketi = await startSoketi();
  kick = await startKick({ channels: [ROOM] });
});
afterAll(() => soketi?.end());
afterAll(() => kick?.close());

const SERVERS: Record<string, () => Server> = {
  soketi: () => ({
    port: soketi.port,
    key: soketi.key,
    say: (content) => soketi.publish(CHAT, CHAT_EVENT, { content }),
  }),
  'the stand-in': () => ({
    port: kick.port,
    key: kick.pusherKey,
    say: async (text) => void kick.say(ROOM.slug, { username: 'alice', text }),
  }),
};

interface Frame {
  readonly event: string;
  readonly channel?: string;
  readonly data?: unknown;
}

function dial({ port, key }: Server) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/app/${key}?protocol=7&client=js&version=8.4.0`);
  onTestFinished(() => socket.terminate());
  const frames: Frame[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data))));
  return {
    frames,
    closed: once(socket, 'close').then(([code]) => Number(code)),
    send: (event: string, data: object) => socket.send(JSON.stringify({ event, data })),
    /** The first frame of this event, come or still to come. */
    async heard(event: string): Promise<Frame> {
      for (;;) {
        const found = frames.find((frame) => frame.event === event);
        if (found !== undefined) return found;
        await once(socket, 'message');
      }
    },
  };
}

/** What it means, whether it is JSON in a string or an object already. */
const read = (data: unknown): unknown => (typeof data === 'string' ? JSON.parse(data) : data);

describe.each(Object.keys(SERVERS))('%s', (name) => {
  const server = (): Server => {
    const found = SERVERS[name];
    if (found === undefined) throw new Error(`no such server: ${name}`);
    return found();
  };

  function client(key = server().key) {
    const { port } = server();
    const pusher = new Pusher(key, {
      cluster: '',
      wsHost: '127.0.0.1',
      wsPort: port,
      forceTLS: false,
      enabledTransports: ['ws'],
      activityTimeout: 300,
      pongTimeout: 2_000,
    });
    onTestFinished(() => pusher.disconnect());
    return pusher;
  }

  it('pusher-js connects, subscribes, hears, leaves, and hears no more', async () => {
    const channel = client().subscribe(CHAT);
    await new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve));
    const texts: string[] = [];
    const heard = new Promise<void>((resolve) =>
      channel.bind(CHAT_EVENT, ({ content }: { content: string }) => {
        texts.push(content);
        resolve();
      }),
    );
    await server().say('one');
    await heard;
    channel.unsubscribe();
    const another = client().subscribe(CHAT);
    await new Promise((resolve) => another.bind('pusher:subscription_succeeded', resolve));
    const last = new Promise((resolve) => another.bind(CHAT_EVENT, resolve));
    await server().say('two');
    await last;
    expect(texts).toEqual(['one']);
  });

  it('pusher-js asks when it is quiet, is answered, and stays', async () => {
    const pusher = client();
    const pongs: unknown[] = [];
    await new Promise((resolve) => pusher.connection.bind('connected', resolve));
    pusher.connection.bind(
      'message',
      ({ event }: Frame) => void (event === 'pusher:pong' && pongs.push(event)),
    );
    await expect.poll(() => pongs.length, { timeout: 5_000 }).toBeGreaterThanOrEqual(2);
    expect(pusher.connection.state).toBe('connected');
  });

  it('pusher-js is told of an unknown key by 4001, and does not come back', async () => {
    const pusher = client('another-key');
    const error = await new Promise((resolve) => pusher.connection.bind('error', resolve));
    expect(error).toMatchObject({ error: { data: { code: 4001 } } });
    expect(pusher.connection.state).toBe('disconnected');
  });

  it('the frames are of one form', async () => {
    const bare = dial(server());
    const established = read((await bare.heard('pusher:connection_established')).data);
    expect(established).toEqual({
      socket_id: expect.stringMatching(/^\d+\.\d+$/),
      activity_timeout: expect.any(Number),
    });
    bare.send('pusher:subscribe', { auth: '', channel: CHAT });
    const subscribed = await bare.heard('pusher_internal:subscription_succeeded');
    expect(subscribed.channel).toBe(CHAT);
    expect(read(subscribed.data) ?? {}).toEqual({});
    await server().say('one');
    const said = await bare.heard(CHAT_EVENT);
    expect(Object.keys(said).sort()).toEqual(['channel', 'data', 'event']);
    // JSON inside a string, as the publisher wrote it.
    expect(said.data).toBeTypeOf('string');
    expect(read(said.data)).toMatchObject({ content: 'one' });
    bare.send('pusher:ping', {});
    expect(Object.keys(await bare.heard('pusher:pong')).sort()).toEqual(['data', 'event']);
    bare.send('pusher:unsubscribe', { channel: CHAT });
    const count = bare.frames.length;
    bare.send('pusher:subscribe', { auth: '', channel: CHAT });
    await expect.poll(() => bare.frames.length).toBe(count + 1);
    expect(bare.frames.at(-1)).toMatchObject({ event: 'pusher_internal:subscription_succeeded' });
  });

  it('a private channel without a signature is refused by a subscription_error, and the connection stays', async () => {
    const bare = dial(server());
    await bare.heard('pusher:connection_established');
    bare.send('pusher:subscribe', { auth: '', channel: 'private-x' });
    const refused = await bare.heard('pusher:subscription_error');
    expect(refused).toMatchObject({ channel: 'private-x' });
    expect(read(refused.data)).toMatchObject({ type: 'AuthError', status: expect.any(Number) });
    bare.send('pusher:ping', {});
    await bare.heard('pusher:pong');
  });

  it('an unknown key: pusher:error with 4001, and the close code 4001', async () => {
    const bare = dial({ ...server(), key: 'another-key' });
    expect(read((await bare.heard('pusher:error')).data)).toMatchObject({ code: 4001 });
    expect(await bare.closed).toBe(4001);
  });
});
