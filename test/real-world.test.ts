import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { realClock, realWorld } from '../src/real-world.js';

const DIALLING = { handshakeTimeoutMs: 300, maxFrameBytes: 1_000 };

async function peer(): Promise<{ url: string; server: WebSocketServer }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

function world() {
  const it = realWorld({ connectionsPerHost: 5 });
  onTestFinished(() => it.close());
  return it;
}

/** Everything a socket told, and a promise of its end. */
function listening() {
  const told: string[] = [];
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    told,
    ended,
    opened: () => told.push('opened'),
    frame: (data: Buffer, isBinary: boolean) => told.push(`${isBinary ? 'binary' : 'text'} ${data}`),
    pong: () => told.push('pong'),
    closed: (code: number, reason: string, error?: Error) => {
      told.push(`closed ${code} ${reason}${error ? ' after a failure' : ''}`);
      end();
    },
  };
}

describe('a socket of the real world', () => {
  it('carries frames and pings both ways, without compression, and closes once', async () => {
    const { url, server } = await peer();
    let extensions = 'unknown';
    server.on('connection', (client, request) => {
      extensions = String(request.headers['sec-websocket-extensions']);
      client.on('message', (data) => {
        client.send(`you said ${data}`);
        client.send(Buffer.from('raw'), { binary: true });
      });
      client.on('ping', () => setImmediate(() => client.close(4200, 'come back')));
    });
    const listener = listening();
    const socket = world().dial(url, DIALLING, {
      ...listener,
      opened: () => {
        listener.opened();
        socket.send('hello');
        socket.ping();
      },
    });
    socket.send('too early, and ignored');
    await listener.ended;
    socket.send('too late, and ignored');
    socket.terminate();
    expect(listener.told).toEqual([
      'opened',
      'text you said hello',
      'binary raw',
      'pong',
      'closed 4200 come back',
    ]);
    expect(extensions).toBe('undefined');
  });

  it('tells a dial that fails as one close, with what failed', async () => {
    const listener = listening();
    const { url, server } = await peer();
    server.close();
    world().dial(url.replace(/\d+$/, '9'), DIALLING, listener);
    await listener.ended;
    expect(listener.told).toEqual(['closed 1006  after a failure']);
  });

  it('closes on a frame over its bound', async () => {
    const { url, server } = await peer();
    server.on('connection', (client) => client.send('x'.repeat(1_001)));
    const listener = listening();
    world().dial(url, DIALLING, listener);
    await listener.ended;
    expect(listener.told.at(-1)).toMatch(/^closed 1009/);
    expect(listener.told).not.toContainEqual(expect.stringMatching(/^text/));
  });
});

describe('the clock of the real world', () => {
  it('keeps a timer that Node would fire at once, and lets go of it', () => {
    let isFired = false;
    const timer = realClock.setTimeout(
      () => {
        isFired = true;
      },
      2 ** 31 + 5,
    );
    return new Promise<void>((resolve) => {
      realClock.setTimeout(() => {
        realClock.clearTimeout(timer);
        expect(isFired).toBe(false);
        resolve();
      }, 20);
    });
  });

  it('wakes nobody before his time for a fraction of a millisecond', async () => {
    const woken: string[] = [];
    await new Promise<void>((resolve) => {
      realClock.setTimeout(() => woken.push('whom it opens for'), 5);
      // Set a little later, for the same moment.
      realClock.setTimeout(() => woken.push('who waits for that'), 4.6);
      realClock.setTimeout(resolve, 6);
    });
    expect(woken).toEqual(['whom it opens for', 'who waits for that']);
  });

  it('runs what is for the end of the turn after what the turn still does', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      realClock.soon(() => {
        order.push('soon');
        resolve();
      });
      void Promise.resolve().then(() => order.push('promise'));
      order.push('now');
    });
    expect(order).toEqual(['now', 'promise', 'soon']);
  });
});
