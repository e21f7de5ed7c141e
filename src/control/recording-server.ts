/**
 * A recording for whoever opens the address: the viewer's pages, and the trace as it lies on the disk. On loopback
 * alone, and for reading alone; what a running daemon answers is not to be had here.
 */
import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EarshotError } from '../errors.js';
import { DATA_HEADERS, sendAnswer } from './answering.js';
import { refusal } from './guard.js';
import { bindHttp, boundedServer, closed } from './listening.js';
import { Pages, sendPage } from './pages.js';
import { type Answer, failed } from './routes.js';

export interface RecordingServer {
  readonly url: string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const NEWLINE = 10;

/**
 * @param files what the recording is made of, asked anew for each reader: a folder that is still written to is
 * shown as it is at that moment.
 */
export async function serveRecording(files: () => string[], pages = new Pages()): Promise<RecordingServer> {
  const server = boundedServer((request, response) => {
    // A reader that went away, or a segment that cannot be read to its end: the reader sees it break off.
    respond(request, response, files, pages).catch(() => response.destroy());
  });
  const url = await bindHttp(server, HOST, 0);
  return { url, close: () => closed(server) };
}

async function respond(
  { method = 'GET', url = '/', headers }: IncomingMessage,
  response: ServerResponse,
  files: () => string[],
  pages: Pages,
): Promise<void> {
  const [path = '/'] = url.split('?', 1);
  const refused = refused405(method) ?? refusedBy({ method, path, headers });
  if (refused !== undefined) return sendAnswer(response, method, refused);
  const page = await pages.get(path, headers['if-none-match']);
  if (page !== undefined) return sendPage(response, method, page);
  if (path !== '/recording') return sendAnswer(response, method, notRunning);
  const found = listed(files);
  if (!Array.isArray(found)) return sendAnswer(response, method, found);
  response.writeHead(200, { ...DATA_HEADERS, 'content-type': 'application/x-ndjson' });
  if (method === 'HEAD') response.end();
  else await pipeline(Readable.from(recorded(found)), response);
}

/** The files, or why there are none any more. */
function listed(files: () => string[]): string[] | Answer {
  try {
    return files();
  } catch (error) {
    if (error instanceof EarshotError) return failed(404, error);
    throw error;
  }
}

const notRunning = failed(
  404,
  new EarshotError(
    'recording',
    'this shows a recording, no running daemon',
    'open the address with #recorded',
  ),
);

function refused405(method: string): Answer | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  return failed(405, new EarshotError('method', 'a recording can only be read'));
}

function refusedBy(asking: Parameters<typeof refusal>[0]): Answer | undefined {
  const control = { host: HOST, port: 0, token: undefined, allowedHosts: [] };
  const refused = refusal(asking, control, { isOpen: () => false });
  return refused && failed(refused.status, new EarshotError('refused', refused.text));
}

/** The files one after the other, each as long as it is now, and each ending in a whole line. */
async function* recorded(files: readonly string[]): AsyncGenerator<Buffer> {
  for (const file of files) {
    const handle = await open(file).catch((error: unknown) => {
      // The oldest segments go while others are read.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (handle === undefined) continue;
    try {
      const { size } = await handle.stat();
      if (size === 0) continue;
      let last = NEWLINE;
      for await (const chunk of handle.createReadStream({ end: size - 1, autoClose: false })) {
        const bytes = Buffer.from(chunk);
        last = bytes.at(-1) ?? last;
        yield bytes;
      }
      // Whoever was killed in the middle of a line does not spoil the next one's first.
      if (last !== NEWLINE) yield Buffer.from('\n');
    } finally {
      await handle.close();
    }
  }
}
