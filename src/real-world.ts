/** The real world: Node's clock, chance, sockets (ws), HTTP (undici), SQLite and signals. */
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { listen } from './control/listening.js';
import { openSqliteStore } from './store/sqlite.js';
import type { Clock, HttpCall, SignalName, TimerId, World } from './world.js';

/** Node fires longer timers after 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** HTTP is loaded by then, needed or not. */
const LOADED_WITHIN_MS = 5_000;
const SIGNALS: readonly SignalName[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * A timer in steps that Node can take. In whole milliseconds, rounded up: Node would drop the fraction, and wake
 * somebody just before what he waits for.
 */
class LongTimer {
  #timeout: NodeJS.Timeout | undefined;

  constructor(callback: () => void, ms: number) {
    const step = (left: number) => {
      const now = Math.min(left, LONGEST_TIMER_MS);
      this.#timeout = setTimeout(() => (left > now ? step(left - now) : callback()), now);
    };
    step(Math.max(0, Math.ceil(ms)));
  }

  clear(): void {
    clearTimeout(this.#timeout);
  }
}

export const realClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimeout: (callback, ms): TimerId => new LongTimer(callback, ms),
  clearTimeout(timer) {
    if (timer instanceof LongTimer) timer.clear();
  },
  soon(callback) {
    setImmediate(callback);
  },
};

export interface RealWorldOptions {
  /** Sockets that undici may open to one host; the pool holds the total. */
  readonly connectionsPerHost: number;
}

export function realWorld({ connectionsPerHost }: RealWorldOptions): World {
  const http = new Http(connectionsPerHost);
  return {
    clock: realClock,
    pid: process.pid,
    random: Math.random,
    uuid: randomUUID,
    dial,
    fetch: (url, call) => http.fetch(url, call),
    listen,
    openStore: openSqliteStore,
    onSignal(listener) {
      const listeners = SIGNALS.map((signal) => [signal, () => listener(signal)] as const);
      for (const [signal, heard] of listeners) process.on(signal, heard);
      return () => {
        for (const [signal, heard] of listeners) process.off(signal, heard);
      };
    },
    rssBytes: () => process.memoryUsage.rss(),
    close: () => http.close(),
  };
}

/**
 * HTTP over one agent of undici's. Loading undici takes as long as a fifth of the whole start, and a socket needs
 * none of it; so it is loaded by the first request. Or a little later in any case: a daemon that runs for months must
 * not find out that its files were replaced when it has something to deliver.
 */
class Http {
  readonly #connections: number;
  readonly #timer: NodeJS.Timeout;
  #loaded: ReturnType<typeof loadUndici> | undefined;

  constructor(connections: number) {
    this.#connections = connections;
    // What is wrong then, the first request says.
    this.#timer = setTimeout(() => this.#load().catch(() => {}), LOADED_WITHIN_MS).unref();
  }

  async fetch(url: string, { method, headers, body, signal }: HttpCall): Promise<Response> {
    const { fetch, agent } = await this.#load();
    const response = await fetch(url, {
      method,
      headers: { ...headers },
      body: body ?? null,
      signal,
      redirect: 'error',
      dispatcher: agent,
    });
    return new Response(response.body, {
      status: response.status,
      statusText: response.statusText,
      headers: [...response.headers],
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const undici = await this.#loaded?.catch(() => undefined);
    await undici?.agent.destroy();
  }

  #load() {
    this.#loaded ??= loadUndici(this.#connections);
    return this.#loaded;
  }
}

async function loadUndici(connections: number) {
  const { Agent, fetch } = await import('undici');
  // All of undici's own time limits are off: deadlines run on the world's clock, and are named and counted.
  const agent = new Agent({
    connections,
    connectTimeout: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
  });
  return { fetch, agent };
}

const TOO_LARGE = 1009;

function isTooLarge(error: Error | undefined): boolean {
  return error !== undefined && 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
}

const dial: World['dial'] = (url, { headers, handshakeTimeoutMs, maxFrameBytes }, listener) => {
  const socket = new WebSocket(url, {
    headers: { ...headers },
    handshakeTimeout: handshakeTimeoutMs,
    maxPayload: maxFrameBytes,
    // Compression costs six times the memory of a connection, and is slower.
    perMessageDeflate: false,
    followRedirects: false,
  });
  let failure: Error | undefined;
  socket.on('open', () => listener.opened());
  socket.on('message', (data, isBinary) => {
    if (Buffer.isBuffer(data)) listener.frame(data, isBinary);
  });
  socket.on('pong', () => listener.pong());
  // ws reports a failure first and closes after it; the close is where the listener hears of both.
  socket.on('error', (error) => {
    failure ??= error;
  });
  // Of a frame that it refused, ws says 1009 to the other side alone.
  socket.on('close', (code, reason) =>
    listener.closed(isTooLarge(failure) ? TOO_LARGE : code, reason.toString('utf8'), failure),
  );
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    ping() {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
};
