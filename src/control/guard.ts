/**
 * Who may ask over HTTP. A page in a browser on the same machine can send requests to the loopback, and by
 * rebinding a name even read the answers: so `Host` and `Origin` are checked. What changes something needs the
 * token, and so does everything that comes by another name than the loopback's.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../config/references.js';
import type { Config } from '../config.js';

export interface Refusal {
  readonly status: 401 | 403 | 421;
  readonly text: string;
}

/** Why a request is refused, or undefined when it may pass. */
export function refusal(
  { method, headers }: { readonly method: string; readonly headers: IncomingHttpHeaders },
  { host: listening, token, allowedHosts }: Exclude<Config['control'], false>,
): Refusal | undefined {
  const host = headers.host ?? '';
  const name = hostName(host);
  const isLocal = isLoopback(name);
  const isAllowed = allowedHosts.some((it) => it === host || it === name);
  if (!isLocal && !isAllowed && name !== listening) {
    return { status: 421, text: 'unknown Host; add it to control.allowedHosts' };
  }
  if (headers.origin !== undefined && !isSameOrigin(headers.origin, host)) {
    return { status: 403, text: 'requests from other origins are refused' };
  }
  const isReading = method === 'GET' || method === 'HEAD';
  if (isReading && isLocal && isLoopback(listening)) return undefined;
  if (token !== undefined && bearsToken(headers.authorization, token.reveal())) return undefined;
  return {
    status: 401,
    text: 'send `Authorization: Bearer TOKEN`; the token is in the file beside the store',
  };
}

/** `[::1]:4747` → `::1` */
function hostName(host: string): string {
  const [, v6, other] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host) ?? [];
  return (v6 ?? other ?? '').toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Takes the same time whatever the guess was. */
function bearsToken(authorization: string | undefined, token: string): boolean {
  const [, guess = ''] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? [];
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(guess), digest(token));
}
