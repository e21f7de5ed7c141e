/** How a server of ours listens: bounded in clients and in time, bound to a private socket or to an address. */
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { EarshotError } from '../errors.js';
import type { World } from '../world.js';
import { hasOwnFolder } from './socket-path.js';

const CONNECTIONS_MAX = 32;
const HEADERS_MS = 5_000;
const REQUEST_MS = 10_000;
/** A client that neither sends nor reads. */
const IDLE_MS = 15_000;

/** A server whose clients are bounded in number, in what they send and in how long they take. */
export function boundedServer(handle: (request: IncomingMessage, response: ServerResponse) => void): Server {
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

/** The real world's. */
export const listen: World['listen'] = async (server, place) => {
  if (!('socket' in place)) return bindHttp(server, place.host, place.port);
  await bindUnix(server, place.socket);
  return place.socket;
};

/** Binds a socket that its user alone may open. Rejects with an EarshotError. */
async function bindUnix(server: Server, socketPath: string): Promise<void> {
  if (hasOwnFolder(socketPath)) makeOwnFolder(dirname(socketPath));
  rmSync(socketPath, { force: true });
  // Private from the first moment: between bind and chmod somebody could connect.
  const before = process.umask(0o177);
  const bound = listening(server, { path: socketPath });
  process.umask(before);
  try {
    await bound;
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

/** The address it is bound to; port 0 picks one. Rejects with an EarshotError. */
export async function bindHttp(server: Server, host: string, port: number): Promise<string> {
  try {
    await listening(server, { host, port });
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

function listening(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Stops listening and ends every connection, kept alive or not. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve();
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
