/**
 * The control: how a running daemon is asked and told. A Unix socket beside the store, whose permissions are
 * its protection, and HTTP on loopback for browsers, probes and metrics. Every client is bounded: in number, in
 * what it sends, and in how long it takes; none can hold up a stop.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config.js';
import { EarshotError } from '../errors.js';
import type { Log } from '../log.js';
import type { TraceRecorder } from '../trace/recorder.js';
import type { Clock, World } from '../world.js';
import { DATA_HEADERS, sendAnswer } from './answering.js';
import { refusal } from './guard.js';
import { boundedServer, closed } from './listening.js';
import { LiveTrace } from './live.js';
import { Pages, sendPage } from './pages.js';
import { type Answer, answer, type ControlCommands, failed, type ViewerCommands } from './routes.js';
import { ViewerSessions } from './sessions.js';

export type { ControlCommands } from './routes.js';

export interface ControlOptions {
  /** `false`: the Unix socket alone. */
  readonly control: Config['control'];
  /** `socketPathOf(store.path)`. Whoever binds it must hold the store's lock: what is there is removed. */
  readonly socketPath: string;
  readonly commands: ControlCommands;
  readonly log: Log;
  readonly clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>;
  readonly listen: World['listen'];
  /** What `GET /trace` tells; without one there is no such address. */
  readonly recorder?: Pick<TraceRecorder, 'introduction' | 'listen'> | undefined;
  /** What browsers are shown; by default the package's own pages. */
  readonly pages?: Pages;
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

const BODY_MAX_BYTES = 64 * 1024;

export function createControl(options: ControlOptions): Control {
  const { control, socketPath, log, clock, listen, recorder } = options;
  const sessions = new ViewerSessions(clock);
  const live = recorder && new LiveTrace({ recorder, clock });
  let url: string | undefined;
  const commands = {
    ...options.commands,
    viewerCode: () => ({ code: sessions.code(), url: url ?? null }),
    openSession: (code: string) => sessions.open(code),
  };
  const handle = (check: Desk['check'], pages?: Pages) =>
    boundedServer((request, response) => {
      respond(request, response, { check, commands, live, pages }).catch((error: unknown) => {
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
        }, options.pages ?? new Pages());

  return {
    async bind() {
      await listen(unix, { socket: socketPath });
      if (http === undefined || control === false) return { socket: socketPath };
      url = await listen(http, { host: control.host, port: control.port });
      log.info({ actor: 'control' }, `control bound: ${url}/status and ${socketPath}`);
      return { url, socket: socketPath };
    },
    async close() {
      live?.close();
      await Promise.all([unix, http].map((server) => server && closed(server)));
    },
  };
}

interface Desk {
  readonly check: (request: IncomingMessage) => Answer | undefined;
  readonly commands: ControlCommands & ViewerCommands;
  readonly live: LiveTrace | undefined;
  /** For browsers alone. */
  readonly pages: Pages | undefined;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { check, commands, live, pages }: Desk,
): Promise<void> {
  const { method = 'GET' } = request;
  const refused = check(request);
  const body = refused === undefined ? await readBody(request) : '';
  const path = pathOf(request.url);
  if (refused === undefined && body !== undefined && (method === 'GET' || method === 'HEAD')) {
    const isTrace = method === 'GET' && path === '/trace' && live !== undefined;
    if (isTrace && live.attach(response, DATA_HEADERS)) return;
    if (isTrace) return sendAnswer(response, method, tooManyLook);
    const page = await pages?.get(path, request.headers['if-none-match']);
    if (page !== undefined) return sendPage(response, method, page);
  }
  const given =
    refused ??
    (body === undefined
      ? failed(413, new EarshotError('tooLarge', 'the body is too large; 64 KiB at most'))
      : await answer({ method, path, body }, commands));
  sendAnswer(response, method, given);
}

const tooManyLook = failed(
  503,
  new EarshotError('tooMany', 'as many look on as may', 'close another page that shows this daemon'),
);

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
