/** How data goes to whoever asked over HTTP: never kept, never guessed to be anything else, never another site's. */
import type { ServerResponse } from 'node:http';
import type { Answer } from './routes.js';

/** On every answer, whatever it holds. */
export const GUARDED = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

export const DATA_HEADERS = {
  ...GUARDED,
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'",
} as const;

export function sendAnswer(response: ServerResponse, method: string, { status, type, text }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    ...DATA_HEADERS,
    // What is left of a body nobody reads must not be taken for the next request.
    ...(status >= 400 && { connection: 'close' }),
  });
  response.end(method === 'HEAD' ? undefined : text);
}
