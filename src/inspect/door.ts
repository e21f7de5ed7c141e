/**
 * Who may look on. Only this machine reaches the port, but so does every page in a browser on it, and by rebinding a
 * name even one from elsewhere: so `Host` and `Origin` are checked.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../config/references.js';
import { hostName } from '../control/guard.js';

export interface TurnedAway {
  readonly status: 403 | 421;
  readonly text: string;
}

/**
 * Why somebody is turned away, or undefined. Programs send no Origin. Pages of the loopback may look on, whatever
 * their port: whoever can serve one runs programs here, which need none. Everybody else may not, Stately's own page
 * included: it never connects by itself, our page in its parent window does that for it, and what it may not do need
 * not be trusted to every script of a site. `null` is any sandboxed frame's, and is nobody's word.
 */
export function turnedAway({
  host = '',
  origin,
}: Pick<IncomingHttpHeaders, 'host' | 'origin'>): TurnedAway | undefined {
  if (!isLoopback(hostName(host))) return { status: 421, text: 'unknown Host; use 127.0.0.1 or localhost' };
  if (origin === undefined || isOfLoopback(origin)) return undefined;
  return { status: 403, text: 'pages from elsewhere may not look on' };
}

function isOfLoopback(origin: string): boolean {
  return URL.canParse(origin) && isLoopback(hostName(new URL(origin).host));
}
