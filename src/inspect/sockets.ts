/**
 * The viewers' sockets. Each is bounded in what it may say (a viewer has nothing to say), in what waits for it, and in
 * how long it may be silent; each can be cut at any moment without harm to anybody.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock, TimerId } from '../world.js';
import type { Feed } from './feed.js';

interface Connected {
  readonly socket: WebSocket;
  /** Bytes it sent since it was pinged last. */
  heard: number;
  /** Since it was pinged last. */
  isAlive: boolean;
}

/** A frame of a viewer; pongs are smaller. */
export const FRAME_MAX_BYTES = 1024;
/** Between two pings. */
const HEARD_MAX_BYTES = 4 * 1024;
const PING_EVERY_MS = 10_000;
/** A viewer that does not answer the farewell by then is cut. */
const FAREWELL_MS = 200;
const GOING_AWAY = 1001;

export class ViewerSockets {
  readonly #feed: Feed;
  readonly #clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly #connected = new Set<Connected>();
  #timer: TimerId | undefined;

  constructor(feed: Feed, clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>) {
    this.#feed = feed;
    this.#clock = clock;
  }

  get count(): number {
    return this.#connected.size;
  }

  /** @param stream what carries the socket; @param left is told when it has gone. */
  add(socket: WebSocket, stream: Duplex, left: () => void): void {
    const connected: Connected = { socket, heard: 0, isAlive: true };
    this.#connected.add(connected);
    const detach = this.#feed.attach({
      get waitingBytes() {
        return socket.bufferedAmount;
      },
      send(frames) {
        stream.cork();
        for (const frame of frames) socket.send(frame);
        stream.uncork();
      },
      cut: () => socket.terminate(),
    });
    // What ws makes of it is of no interest: a pong, a farewell, or rubbish that it ends the socket for.
    stream.on('data', (chunk: Buffer) => {
      connected.heard += chunk.length;
      if (connected.heard > HEARD_MAX_BYTES) socket.terminate();
    });
    socket.on('pong', () => {
      connected.isAlive = true;
    });
    socket.on('error', () => socket.terminate());
    socket.once('close', () => {
      this.#connected.delete(connected);
      detach();
      if (this.#connected.size === 0) this.#rest();
      left();
    });
    this.#timer ??= this.#clock.setTimeout(() => this.#ping(), PING_EVERY_MS);
  }

  /** Says farewell to everyone, and waits for nobody long. */
  async close(): Promise<void> {
    const all = [...this.#connected].map(({ socket }) => socket);
    const gone = all.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
    for (const socket of all) socket.close(GOING_AWAY, 'Earshot has stopped');
    const timer = this.#clock.setTimeout(() => {
      for (const socket of all) socket.terminate();
    }, FAREWELL_MS);
    await Promise.all(gone);
    this.#clock.clearTimeout(timer);
  }

  #ping(): void {
    for (const connected of this.#connected) {
      if (connected.isAlive) connected.socket.ping();
      else connected.socket.terminate();
      connected.isAlive = false;
      connected.heard = 0;
    }
    this.#timer = this.#clock.setTimeout(() => this.#ping(), PING_EVERY_MS);
  }

  #rest(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
