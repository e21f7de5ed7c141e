/**
 * The inspector: lets Stately's own tools see the machines live. They connect to it as they do to a server of
 * `@statelyai/inspect`, by WebSocket, and whoever opens its address in a browser sees them in Stately's hosted
 * inspector. It listens on loopback alone, tells and is told nothing back, and whatever a viewer does, the daemon
 * goes on as if nobody looked.
 */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { boundedServer, closed } from './control/listening.js';
import { EarshotError } from './errors.js';
import { turnedAway } from './inspect/door.js';
import { Feed } from './inspect/feed.js';
import { answerPage } from './inspect/page.js';
import { FRAME_MAX_BYTES, ViewerSockets } from './inspect/sockets.js';
import { StatelyWire } from './inspect/wire.js';
import type { Log } from './log.js';
import { createScrubber, type Secret } from './secret.js';
import type { Lives } from './trace/lives.js';
import type { World } from './world.js';

export interface InspectorOptions {
  /** 0 picks one. */
  readonly port: number;
  /** With the texts of failures; never with secrets. */
  readonly withContent: boolean;
  readonly lives: Lives;
  readonly world: Pick<World, 'clock' | 'listen'>;
  readonly log: Log;
  readonly secrets: readonly Secret[];
}

export interface Inspector {
  /** Where a browser shows the machines; viewers connect to the same by `ws:`. */
  readonly url: string;
  /** Tells the viewers how it ended, and lets them go within a fifth of a second. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const VIEWERS_MAX = 8;

/** Rejects with an EarshotError when the port is not to be had. */
export async function startInspector(options: InspectorOptions): Promise<Inspector> {
  const { port, withContent, lives, world, log, secrets } = options;
  const wire = new StatelyWire({ lives, scrub: createScrubber(secrets), withContent });
  const feed = new Feed({ lives, wire, clock: world.clock, log });
  const sockets = new ViewerSockets(feed, world.clock);
  const handshakes = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: FRAME_MAX_BYTES,
  });
  const server = boundedServer((request, response) => {
    answerPage(request, response).catch((error: unknown) => {
      log.error({ actor: 'inspector', err: error }, `inspector: ${request.url} failed`);
      response.destroy();
    });
  });
  server.on('upgrade', (request, stream, head) => {
    // Before it is a socket of ws nobody else would hear that it broke.
    stream.on('error', () => stream.destroy());
    const away = turnedAway(request.headers);
    if (away !== undefined) return refuse(stream, away.status, away.text);
    if (sockets.count >= VIEWERS_MAX) return refuse(stream, 503, `${VIEWERS_MAX} viewers at most`);
    handshakes.handleUpgrade(request, stream, head, (socket) => {
      log.debug({ actor: 'inspector' }, 'inspector: a viewer came');
      sockets.add(socket, stream, () => log.debug({ actor: 'inspector' }, 'inspector: a viewer left'));
    });
  });
  const url = await listen(world, server, port);
  log.info(
    { actor: 'inspector' },
    `inspector: ${url.replace('http', 'ws')}; open ${url} to see the machines in Stately's inspector`,
  );
  return {
    url,
    async close() {
      const gone = closed(server);
      // A daemon that ends has no chat that could wait for this.
      feed.flush(Number.POSITIVE_INFINITY);
      await sockets.close();
      await gone;
    },
  };
}

async function listen(
  { listen: bind }: Pick<World, 'listen'>,
  server: Parameters<World['listen']>[0],
  port: number,
) {
  try {
    return await bind(server, { host: HOST, port });
  } catch (error) {
    if (!(error instanceof EarshotError)) throw error;
    const remedy = 'give another one: --inspect PORT (0 picks one)';
    throw new EarshotError(error.code, `inspector: ${error.message}`, remedy, { cause: error });
  }
}

/** Ends the stream once it is said; the other side may leave its end open as long as it likes. */
function refuse(stream: Duplex, status: number, text: string): void {
  stream.once('finish', () => stream.destroy());
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length + 1}\r\n\r\n${text}\n`,
  );
}
