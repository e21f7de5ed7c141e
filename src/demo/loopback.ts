/**
 * An HTTP server on 127.0.0.1 for the stand-ins. It closes at once, whoever is still on the line, and it can
 * go away and come back on the same port. It knows no protocol above HTTP.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { appendBounded, type Changes } from './changes.js';

/** What is asked, without the body. */
export interface Asked {
  /** On the stand-in's own clock, milliseconds. */
  readonly at: number;
  readonly method: string;
  /** With its query, as sent. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** What was asked and how it was answered; `status` 0 means that no answer was given. */
export interface Exchange extends Asked {
  /** The text of the body. */
  readonly body: string;
  status: number;
}

/** The largest body a stand-in reads; beyond it the request counts as too large. */
const BODY_MAX = 8 * 1024 * 1024;

export class Loopback {
  readonly server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  private constructor(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>) {
    this.server = createServer((request, response) => {
      // A client that hangs up in the middle of its request is no fault of the server's.
      handle(request, response).catch((error: unknown) => {
        if (!request.destroyed) response.destroy(error instanceof Error ? error : undefined);
      });
    });
    this.server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Listens on 127.0.0.1; port 0 picks a free one. Rejects when the port is taken. */
  static async open(
    handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
    port = 0,
  ): Promise<Loopback> {
    const loopback = new Loopback(handle);
    loopback.#port = port;
    await loopback.comeBack();
    return loopback;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Stops listening and destroys every socket: new dials are refused by the system. */
  goOffline(): Promise<void> {
    if (!this.server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  /** Listens again, on the port it had. */
  comeBack(): Promise<void> {
    if (this.server.listening) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.#port, '127.0.0.1', () => {
        this.server.off('error', reject);
        this.#port = (this.server.address() as AddressInfo).port;
        resolve();
      });
    });
  }
}

/** The body's text, or `undefined` when it is larger than `maxBytes`. Rejects when the client hangs up. */
async function readBody(request: IncomingMessage, maxBytes = BODY_MAX): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size <= maxBytes) parts.push(bytes);
  }
  return size > maxBytes ? undefined : Buffer.concat(parts).toString('utf8');
}

/** A whole answer, decided before any of it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects go out as JSON, strings as HTML, nothing as an empty body. */
  readonly body?: unknown;
  /** Status and headers go out, and half of the body; then the connection is torn. */
  readonly isTorn?: boolean;
}

/** What becomes of a request: an answer, none for ever, or a torn connection. */
export type Verdict = Answer | 'never' | 'cut';

/** Where a stand-in writes down what it was asked, and who is told that something happened. */
export interface ExchangeLog {
  readonly requests: Exchange[];
  readonly changes: Changes;
}

/** The most requests a stand-in remembers. */
const REQUESTS_KEPT = 100_000;

/** Reads a request to its end, writes it down, and does with it what `judge` says; the body is undefined when too large. */
export async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  { requests, changes }: ExchangeLog,
  judge: (asked: Exchange, body: string | undefined) => Verdict,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  const body = await readBody(request);
  const asked: Exchange = { at: Date.now(), method, path: url, headers, body: body ?? '', status: 0 };
  appendBounded(requests, asked, REQUESTS_KEPT);
  const verdict = judge(asked, body);
  if (verdict === 'cut') response.destroy();
  else if (verdict !== 'never') {
    asked.status = verdict.status;
    sendAnswer(response, verdict);
  }
  changes.happened();
}

function sendAnswer(response: ServerResponse, { status, headers, body, isTorn = false }: Answer): void {
  if (response.destroyed) return;
  const isText = typeof body === 'string';
  const text = body === undefined ? '' : isText ? body : JSON.stringify(body);
  const type = isText ? 'text/html; charset=UTF-8' : 'application/json';
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': type }),
    ...(status === 204 ? {} : { 'content-length': String(Buffer.byteLength(text)) }),
    ...headers,
  });
  if (isTorn) response.write(text.slice(0, text.length / 2), () => response.destroy());
  else response.end(text);
}
