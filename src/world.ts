/**
 * The world: everything the daemon cannot decide for itself. The clock, chance, sockets, HTTP, addresses, the store's
 * file and signals come from here and from nowhere else, so that the same composition runs on a real machine
 * and in a simulated one, on simulated time.
 */
import type { Server } from 'node:http';
import type { Store, StoreOptions } from './store.js';

/** An opaque handle of a pending timer. */
export type TimerId = unknown;

/** Time. Its shape includes XState's `Clock`, so actors take their timers from it as well. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean something. */
  now(): number;
  /** Wall time, epoch milliseconds. May jump; never used to measure. */
  wall(): number;
  /** Runs `callback` once after `ms` milliseconds. Unlike Node's, any length is kept exactly (over 24.8 days too). */
  setTimeout(callback: () => void, ms: number): TimerId;
  clearTimeout(timer: TimerId): void;
  /** Runs `callback` once at the end of this turn of the event loop: where a turn's work is gathered up. */
  soon(callback: () => void): void;
}

export interface DialOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds until the handshake is given up. */
  readonly handshakeTimeoutMs: number;
  /** A larger frame closes the socket with 1009. */
  readonly maxFrameBytes: number;
}

/** What a socket tells. After `closed` nothing more comes; `closed` comes exactly once, also after a failed dial. */
export interface SocketListener {
  opened(): void;
  /** A text frame's bytes, or a binary frame (which no chat speaks: count it and drop it). */
  frame(data: Buffer, isBinary: boolean): void;
  pong(): void;
  /** 1006 when no close frame came. `error` when something failed first (refused, reset, TLS, HTTP status). */
  closed(code: number, reason: string, error?: Error): void;
}

export interface Socket {
  /** Queues a text frame; ignored unless open. */
  send(text: string): void;
  /** A protocol-level ping. */
  ping(): void;
  close(code?: number, reason?: string): void;
  /** Ends it at once, whatever state it is in. */
  terminate(): void;
}

/** An HTTP call as the world takes it: no redirects, no retries, no time limit of its own. */
export interface HttpCall {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** Where a server is to be reached: a Unix socket that only its owner may use, or an address (port 0 picks one). */
export type ListenPlace = { readonly socket: string } | { readonly host: string; readonly port: number };

export type SignalName = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

export interface World {
  readonly clock: Clock;
  readonly pid: number;
  /** Uniform in [0, 1). Used for seeds only: machines draw their jitter from a seeded generator. */
  random(): number;
  uuid(): string;
  dial(url: string, options: DialOptions, listener: SocketListener): Socket;
  /** Rejects when nothing was answered; a redirect is an error. The body must be read or cancelled. */
  fetch(url: string, call: HttpCall): Promise<Response>;
  /**
   * Lets a server be reached; what stood at a socket's path is removed. Resolves with the path, or with the address
   * as `http://HOST:PORT`. Rejects with an EarshotError. Whoever made the server closes it.
   */
  listen(server: Server, place: ListenPlace): Promise<string>;
  /** Opens (creates, migrates) the store and takes its lock. Throws a StoreError that says what to do. */
  openStore(options: StoreOptions): Store;
  /** Calls `listener` at each signal until the returned function is called. */
  onSignal(listener: (signal: SignalName) => void): () => void;
  /** Resident memory of this process. */
  rssBytes(): number;
  /** Ends what the world holds open by itself (kept-alive HTTP sockets). */
  close(): Promise<void>;
}
