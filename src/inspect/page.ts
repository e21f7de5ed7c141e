/**
 * The page that shows the machines: Stately's hosted inspector in a frame, and a script of our own that hands it what
 * the daemon tells. The frame alone comes from the internet, and gets nothing but what is handed to it.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { turnedAway } from './door.js';

/** Stately's page may lead from one of its addresses to another. */
const FRAMES = 'https://stately.ai https://*.stately.ai';

const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/inspector.css': ['inspector.css', 'text/css; charset=utf-8'],
  '/relay.js': ['relay.js', 'text/javascript; charset=utf-8'],
};

/** Answers every plain HTTP request of the port. */
export async function answerPage(
  { method = 'GET', url = '/', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const away = turnedAway(headers);
  if (away !== undefined) return say(response, away.status, away.text);
  if (method !== 'GET' && method !== 'HEAD')
    return say(response, 405, 'there is nothing to do here but look');
  const [file, type] = FILES[url.split('?', 1)[0] ?? '/'] ?? [];
  if (file === undefined || type === undefined) return say(response, 404, 'there is no such page');
  const body = await readFile(new URL(file, folder()));
  response.writeHead(200, {
    'content-type': type,
    'content-length': body.length,
    'content-security-policy': policy(headers.host ?? ''),
    ...GUARDED,
  });
  response.end(method === 'HEAD' ? undefined : body);
}

const GUARDED = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  connection: 'close',
} as const;

/** `host` is a loopback's, as `turnedAway` sees to; some browsers do not take 'self' for a socket. */
function policy(host: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src data:',
    `connect-src 'self' ws://${host}`,
    `frame-src ${FRAMES}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-security-policy': "default-src 'none'",
    ...GUARDED,
  });
  response.end(`${text}\n`);
}

/** Beside the sources, or one folder further up from the build. */
function folder(): URL {
  const up = import.meta.url.endsWith('.ts') ? '../../visualizations/' : '../../../visualizations/';
  return new URL(`${up}inspector/`, import.meta.url);
}
