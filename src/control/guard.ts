/**
 * Who may ask over HTTP. A page in a browser on the same machine can send requests to the loopback, and by
 * rebinding a name even read the answers: so `Host` and `Origin` are checked. What changes something needs the
 * token, and so does everything that comes by another name than the loopback's.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../config/references.js';
import type { Config } from '../config.js';
import { isPage } from './pages.js';
import type { ViewerSessions } from './sessions.js';

export interface Refusal {
  readonly status: 401 | 403 | 421;
  readonly text: string;
}

interface Asking {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** Why a request is refused, or undefined when it may pass. */
export function refusal(
  { method, path, headers }: Asking,
  { host: listening, token, allowedHosts }: Exclude<Config['control'], false>,
  sessions: Pick<ViewerSessions, 'isOpen'>,
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
  if (isFromElsewhere(headers['sec-fetch-site']) && !(isReading && isPage(path))) {
    return { status: 403, text: 'requests from other sites are refused' };
  }
  if (isReading && isLocal && isLoopback(listening)) return undefined;
  // Pages say nothing of the daemon; what opens a session has its code to show.
  if (isReading ? isPage(path) : path === '/viewer/session') return undefined;
  const guess = bearerOf(headers.authorization);
  if (token !== undefined && isSame(guess, token.reveal())) return undefined;
  if (sessions.isOpen(guess)) return undefined;
  return {
    status: 401,
    text: 'send `Authorization: Bearer TOKEN`; the token is in the file beside the store',
  };
}

/** `[::1]:4747` → `::1` */
export function hostName(host: string): string {
  const [, v6, other] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host) ?? [];
  return (v6 ?? other ?? '').toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/**
 * What a page elsewhere embeds or fetches blindly comes without an Origin. It could read nothing, but hold every
 * place there is; a link to a page is fine.
 */
function isFromElsewhere(site: string | string[] | undefined): boolean {
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

function bearerOf(authorization: string | undefined): string {
  return /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
}

/** Takes the same time whatever the guess was. */
function isSame(guess: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(guess), digest(token));
}
