import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createActor } from 'xstate';
import { draw } from '../../machines/backoff.js';
import { imbalance } from '../../src/account.js';
import {
  channels,
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';
import { FakeClock, settled } from '../support/fake-clock.js';
import { notebook, statelyViewer } from '../support/stately-viewer.js';
import { counting } from './counting.js';
import { inspected, introduced } from './daemon.js';

const VIEWERS = 1_000;
/** Below what the port takes at once, so that each of them is really let at it. */
const AT_ONCE = 20;

let seed = 20_261_124;
function random(): number {
  const { value, seed: next } = draw(seed);
  seed = next;
  return value;
}
const rubbish = (bytes: number) =>
  Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256)));

const handshake = (more = '') =>
  `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${rubbish(16).toString('base64')}\r\n${more}`;

/** A client's frame, masked with nothing. */
function frame(opcode: number, payload: Buffer, { isMasked = true, isLast = true } = {}): Buffer {
  const head = Buffer.alloc(isMasked ? 14 : 10);
  head[0] = opcode | (isLast ? 0x80 : 0);
  head[1] = 127 | (isMasked ? 0x80 : 0);
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

const TEXT = 1;
const PING = 9;
const many = (count: number, one: Buffer) => Buffer.concat(Array(count).fill(one));

/** What each says, once it is connected. None of them reads what it is told. */
const RUDE: Readonly<Record<string, () => readonly (string | Buffer)[]>> = {
  'nothing at all': () => [],
  'random bytes': () => [rubbish(1 + Math.floor(random() * 2_000))],
  'half a handshake': () => [handshake()],
  'a handshake from elsewhere': () => [handshake('Origin: https://evil.example\r\n\r\n')],
  'a handshake of another protocol': () => [
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
  ],
  'headers without end': () => [handshake(`X-Long: ${'x'.repeat(100_000)}\r\n`)],
  'a body for a page': () => [
    `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000000\r\n\r\n`,
    Buffer.alloc(500_000),
  ],
  'a handshake, and then it is silent': () => [handshake('\r\n')],
  'a giant frame': () => [handshake('\r\n'), frame(TEXT, Buffer.alloc(2_000_000))],
  'the promise of a frame larger than any': () => [
    handshake('\r\n'),
    frame(TEXT, Buffer.alloc(0)).fill(0xff, 2, 10),
  ],
  'a message without end': () => [
    handshake('\r\n'),
    many(20_000, frame(TEXT, Buffer.from('x'), { isLast: false })),
  ],
  'an unmasked frame': () => [handshake('\r\n'), frame(TEXT, Buffer.from('x'), { isMasked: false })],
  'frames of random bytes': () => [handshake('\r\n'), rubbish(5_000)],
  'more small frames than anyone needs': () => [
    handshake('\r\n'),
    many(10_000, frame(TEXT, Buffer.from('{"type":"x"}'))),
  ],
  'more pings than anyone answers': () => [handshake('\r\n'), many(10_000, frame(PING, Buffer.from('x')))],
};

/** Connects, says its piece and is gone when `until` is: with a farewell, or without. */
async function rudely(
  port: number,
  pieces: readonly (string | Buffer)[],
  until: Promise<void>,
): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1');
  // Whether it is cut in the middle of it is what the server may decide.
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.once('connect', () => {
    for (const piece of pieces) socket.write(piece);
  });
  await Promise.race([until, closed]);
  if (random() < 0.5) socket.destroy();
  else socket.resetAndDestroy();
  await closed;
}

const openFiles = () => readdirSync('/proc/self/fd').length;

describe('the inspector under garbage', () => {
  it(`of ${VIEWERS.toLocaleString('en')} viewers changes nothing: all is delivered, the account adds up, nothing is left open`, async () => {
    const kick = await kickStandin({ channels: channels(2) });
    const discord = await discordStandin({
      bucket: { limit: 10_000, windowMs: 1_000 },
      channelPerMinute: null,
    });
    const all = await inspected();
    const yaml = configText({ kick, channels: channels(2), sinks: discordSink(discord.webhook()) });
    const running = await runDaemon(yaml, temporaryFolder(), 'info', all.recorder.inspect);
    await running.untilLive();
    const viewer = statelyViewer(all.inspector.url);
    await vi.waitFor(() => expect(viewer.standing.size).toBe(introduced(all).size));

    let said = 0;
    const say = () => {
      said += 1;
      kick.say('channel1', { username: 'alice', text: `@bob ${said}` });
      kick.say('channel2', { username: 'carol', text: 'nothing for anybody' });
    };
    say();
    await running.until(({ sinks }) => sinks[0]?.delivered === said);
    const filesBefore = openFiles();
    const port = Number(new URL(all.inspector.url).port);
    const kinds = Object.values(RUDE);
    for (let sent = 0; sent < VIEWERS; sent += AT_ONCE) {
      // As long as a message takes from the chat to Discord, for that is what must not stop.
      const delivered = (async () => {
        say();
        await running.until(({ sinks }) => sinks[0]?.delivered === said);
      })();
      const batch = Array.from({ length: AT_ONCE }, (_, at) => kinds[(sent + at) % kinds.length]?.() ?? []);
      await Promise.all(batch.map((pieces) => rudely(port, pieces, delivered)));
    }
    expect(said).toBe(1 + VIEWERS / AT_ONCE);
    const { account, sinks, health, reasons } = running.status();
    expect({ health, reasons }).toEqual({ health: 'healthy', reasons: [] });
    expect(imbalance(account)).toBeUndefined();
    expect(account).toMatchObject({ heard: 2 * said, accepted: said, dropped: 0 });
    expect(sinks[0]).toMatchObject({ delivered: said, pending: 0, dead: 0 });
    expect(discord.embeds).toHaveLength(said);
    expect(running.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
    expect(all.lines.filter(({ level }) => level === 'error')).toEqual([]);
    await vi.waitFor(() => expect(openFiles()).toBeLessThanOrEqual(filesBefore), { timeout: 10_000 });

    // And whoever looked on all the while knows what there is to know.
    await vi.waitFor(
      () =>
        expect(
          new Map([...viewer.standing].map(([id, { value, context }]) => [id, { value, context }])),
        ).toEqual(introduced(all)),
      { timeout: 10_000 },
    );
    expect(viewer.strays).toEqual([]);
    const { exitCode } = await running.stop();
    expect(exitCode).toBe(0);
  }, 120_000);
});

describe('a viewer', () => {
  const joined = async (clock = new FakeClock()) => {
    const { inspector, recorder, lines } = await inspected({ clock });
    const socket = new WebSocket(inspector.url.replace('http', 'ws'), { autoPong: false });
    onTestFinished(() => socket.terminate());
    socket.on('error', () => {});
    await once(socket, 'open');
    await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContain('inspector: a viewer came'));
    return { clock, recorder, lines, socket, closed: once(socket, 'close') };
  };

  it('that answers no ping is cut at the next', async () => {
    const { clock, socket, closed } = await joined();
    const pinged = once(socket, 'ping');
    clock.advance(10_000);
    await pinged;
    expect(socket.readyState).toBe(WebSocket.OPEN);
    clock.advance(10_000);
    expect(await closed).toMatchObject([1006, expect.anything()]);
  });

  it('that answers stays', async () => {
    const { clock, socket } = await joined();
    for (let turn = 0; turn < 5; turn += 1) {
      const pinged = once(socket, 'ping');
      clock.advance(10_000);
      await pinged;
      socket.pong();
      // The answer to this comes after the pong.
      await new Promise<void>((resolve) => {
        socket.once('pong', () => resolve());
        socket.ping();
      });
    }
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  it('may say a little, which nobody listens to, and is cut for more', async () => {
    const { socket, closed } = await joined();
    socket.send('{"type":"@statelyai.connected"}');
    socket.send(Buffer.from([0xff, 0xfe]));
    const answered = once(socket, 'pong');
    socket.ping();
    await answered;
    expect(socket.readyState).toBe(WebSocket.OPEN);
    for (let count = 0; count < 10; count += 1) socket.send('x'.repeat(500));
    expect(await closed).toMatchObject([1006, expect.anything()]);
  });

  it('is cut for a frame that is too large, whatever it holds', async () => {
    const { socket, closed } = await joined();
    socket.send('x'.repeat(2_000));
    expect(await closed).toMatchObject([1009, expect.anything()]);
  });

  it('that does not read loses what it cannot take, and knows how all stands once it reads', async () => {
    const { clock, recorder, lines, socket } = await joined();
    const seen = notebook();
    socket.on('message', (data) => seen.take(JSON.parse(String(data))));
    // Some of what is told fits into the sockets' own buffers: more than those take.
    const held = Array.from({ length: 5_000 }, (_, at) => at);
    const actor = createActor(counting(held), { inspect: recorder.inspect }).start();
    clock.advance(50);
    await vi.waitFor(() => expect(seen.standing.size).toBe(1));
    socket.pause();
    for (let turn = 0; turn < 30; turn += 1) {
      for (let count = 0; count < 50; count += 1) actor.send({ type: 'one.more' });
      clock.advance(50);
      await settled();
    }
    const said = lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
    expect(said).toEqual([expect.stringContaining('a viewer is too slow')]);
    socket.resume();
    const known = () =>
      [...seen.standing.values()].map(({ context }) => (context as { count: number }).count);
    await vi.waitFor(() => {
      clock.advance(50);
      expect(known()).toEqual([1_500]);
    });
    const missed = seen.frames.filter(
      (it) => it.type === '@xstate.snapshot' && it.event.type === 'events.missed',
    );
    expect(missed).toHaveLength(1);
    expect(seen.strays).toEqual([]);
  });
});
