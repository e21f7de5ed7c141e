/**
 * The control: how a running daemon is asked and told. A Unix socket beside the store, whose permissions are
 * its protection, and HTTP on loopback for browsers, probes and metrics. Every client is bounded: in number, in
 * what it sends, and in how long it takes; none can hold up a stop.
 */
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { Config } from '../config.js';
import { EarshotError } from '../errors.js';
import type { Log } from '../log.js';
import type { TraceRecorder } from '../trace/recorder.js';
import type { Clock } from '../world.js';
import { refusal } from './guard.js';
import { LiveTrace } from './live.js';
import { type Answer, answer, type ControlCommands, failed, type ViewerCommands } from './routes.js';
import { ViewerSessions } from './sessions.js';
import { hasOwnFolder } from './socket-path.js';

export type { ControlCommands } from './routes.js';

export interface ControlOptions {
  /** `false`: the Unix socket alone. */
  readonly control: Config['control'];
  /** `socketPathOf(store.path)`. Whoever binds it must hold the store's lock: what is there is removed. */
  readonly socketPath: string;
  readonly commands: ControlCommands;
  readonly log: Log;
  readonly clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>;
  /** What `GET /trace` tells; without one there is no such address. */
  readonly recorder?: Pick<TraceRecorder, 'introduction' | 'listen'> | undefined;
}

export interface ControlAddress {
  readonly url?: string;
  readonly socket: string;
}

export interface Control {
  /** Resolves when both are bound. Rejects with an EarshotError when an address is not to be had. */
  bind(): Promise<ControlAddress>;
  /** Stops listening and ends every connection, kept alive or not. */
  close(): Promise<void>;
}

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'",
  'x-content-type-options': 'nosniff',
} as const;
const BODY_MAX_BYTES = 64 * 1024;
const CONNECTIONS_MAX = 32;
const HEADERS_MS = 5_000;
const REQUEST_MS = 10_000;
/** A client that neither sends nor reads. */
const IDLE_MS = 15_000;

export function createControl(options: ControlOptions): Control {
  const { control, socketPath, log, clock, recorder } = options;
  const sessions = new ViewerSessions(clock);
  const live = recorder && new LiveTrace({ recorder, clock });
  let url: string | undefined;
  const commands = {
    ...options.commands,
    viewerCode: () => ({ code: sessions.code(), url: url ?? null }),
    openSession: (code: string) => sessions.open(code),
  };
  const handle = (check: (request: IncomingMessage) => Answer | undefined) =>
    boundedServer((request, response) => {
      respond(request, response, { check, commands, live }).catch((error: unknown) => {
        // A client that went away in the middle of its request is no failure of ours.
        if (request.complete)
          log.error({ actor: 'control', err: error }, `control: ${request.method} ${request.url} failed`);
        response.destroy();
      });
    });
  const unix = handle(() => undefined);
  const http =
    control === false
      ? undefined
      : handle(({ method = '', url: asked, headers }) => {
          const refused = refusal({ method, path: pathOf(asked), headers }, control, sessions);
          return refused && failed(refused.status, new EarshotError('refused', refused.text));
        });

  return {
    async bind() {
      await bindUnix(unix, socketPath);
      if (http === undefined || control === false) return { socket: socketPath };
      url = await bindHttp(http, control.host, control.port);
      log.info({ actor: 'control' }, `control bound: ${url}/status and ${socketPath}`);
      return { url, socket: socketPath };
    },
    async close() {
      live?.close();
      await Promise.all([unix, http].map((server) => server && closed(server)));
    },
  };
}

function boundedServer(handle: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: HEADERS_MS,
      maxHeaderSize: 8 * 1024,
    },
    handle,
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(IDLE_MS);
  // A client's broken request is the client's trouble; Node answers it with 400.
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  return server;
}

interface Desk {
  readonly check: (request: IncomingMessage) => Answer | undefined;
  readonly commands: ControlCommands & ViewerCommands;
  readonly live: LiveTrace | undefined;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { check, commands, live }: Desk,
): Promise<void> {
  const { method = 'GET' } = request;
  const refused = check(request);
  const body = refused === undefined ? await readBody(request) : '';
  const path = pathOf(request.url);
  if (refused === undefined && method === 'GET' && path === '/trace' && live !== undefined) {
    if (live.attach(response, HEADERS)) return;
  }
  const given =
    refused ??
    (body === undefined
      ? failed(413, new EarshotError('tooLarge', 'the body is too large; 64 KiB at most'))
      : await answer({ method, path, body }, commands));
  response.writeHead(given.status, {
    'content-type': given.type,
    'content-length': Buffer.byteLength(given.text),
    ...HEADERS,
    // What is left of a body nobody reads must not be taken for the next request.
    ...(given.status >= 400 && { connection: 'close' }),
  });
  response.end(method === 'HEAD' ? undefined : given.text);
}

function pathOf(url = '/'): string {
  return url.split('?', 1)[0] ?? '/';
}

/** The body, or undefined when it is larger than anything that is asked. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function bindUnix(server: Server, socketPath: string): Promise<void> {
  if (hasOwnFolder(socketPath)) makeOwnFolder(dirname(socketPath));
  rmSync(socketPath, { force: true });
  // Private from the first moment: between bind and chmod somebody could connect.
  const before = process.umask(0o177);
  const listening = listen(server, { path: socketPath });
  process.umask(before);
  try {
    await listening;
    chmodSync(socketPath, 0o600);
  } catch (error) {
    throw new EarshotError(
      'socket',
      `the socket ${socketPath} cannot be made (${codeOf(error)})`,
      'give the user that runs Earshot write access to the folder of store.path',
      { cause: error },
    );
  }
}

function makeOwnFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (uid === process.getuid?.() && (mode & 0o77) === 0) return;
  throw new EarshotError(
    'socket',
    `the folder ${folder} belongs to somebody else`,
    'remove it, or give store.path a name under 90 characters',
  );
}

async function bindHttp(server: Server, host: string, port: number): Promise<string> {
  try {
    await listen(server, { host, port });
  } catch (error) {
    const code = codeOf(error);
    throw new EarshotError(
      'address',
      code === 'EADDRINUSE'
        ? `the address ${host}:${port} is taken by another program`
        : `the address ${host}:${port} cannot be listened on (${code})`,
      'set control.port to another number (0 picks one), or control: false',
      { cause: error },
    );
  }
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
}

function listen(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve();
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
