/** What an answer means, from outside: for the service's health, for how long to wait, and for the endpoint. */
import { asNumber, asObject, asText, parseJson } from '../../../src/untrusted-json.js';
import type { Exchange } from '../web.js';

/** `nothing`: it says nothing about the service's health. */
export type Health = 'well' | 'ill' | 'nothing';

export interface Terms {
  readonly type: 'discord' | 'postgrest';
  readonly timeout: number;
}

const MESSAGE_REFUSED = new Set([40005, 50006, 50035, 200000, 240000]);
const GONE = new Set([10003, 10015, 50027, 220001, 220002, 220003]);

export function verdictOf(exchange: Exchange, { type, timeout }: Terms): Health {
  const { end, startedAt, endedAt } = exchange;
  if (end === undefined) return 'nothing';
  // The sink crashed over it.
  if (end.kind === 'failed') return end.code === 'throws' ? 'nothing' : 'ill';
  // Given up because its time was over, or because the daemon had its own reasons.
  if (end.kind === 'aborted') return endedAt - startedAt >= timeout - 1 ? 'ill' : 'nothing';
  const { status } = end;
  if (status < 300) return 'well';
  if (status === 429 || status === 401 || status === 403 || status === 404) return 'nothing';
  if (status >= 500 || status === 408) return 'ill';
  if (type === 'postgrest') return asText(codeOf(exchange)) === 'PGRST204' ? 'nothing' : 'well';
  const code = asNumber(codeOf(exchange));
  return code === undefined || MESSAGE_REFUSED.has(code) ? 'well' : 'ill';
}

/** The endpoint refuses for good, until a person acts. */
export function refusesForGood(exchange: Exchange, { type }: Terms): boolean {
  const { end } = exchange;
  if (end?.kind !== 'answered') return false;
  const code = codeOf(exchange);
  if (type === 'postgrest') return [401, 403, 404].includes(end.status) || code === 'PGRST204';
  if (isEdge(exchange)) return false;
  return [401, 403, 404].includes(end.status) || (typeof code === 'number' && GONE.has(code));
}

/** The network in front of Discord refuses whoever asks: HTML, or its own code. */
export function isEdge({ end }: Exchange): boolean {
  if (end?.kind !== 'answered' || end.status !== 403) return false;
  return end.text.startsWith('<') || asObject(parseJson(end.text))?.code === 40333;
}

/** How long nothing may be asked after this answer. */
export interface Wait {
  readonly ms: number;
  /** Of the whole host, or of this sink. */
  readonly of: 'host' | 'sink';
  /** No time was named. */
  readonly isBan: boolean;
}

const BAN_MS = 60_000;

export function waitAfter(exchange: Exchange, { type }: Terms): Wait | undefined {
  const { end } = exchange;
  if (end?.kind !== 'answered') return undefined;
  const { status, headers, text } = end;
  const header = secondsOf(headers.get('retry-after'));
  if (type === 'discord' && isEdge(exchange)) return { ms: BAN_MS, of: 'host', isBan: true };
  if (status >= 500 && header !== undefined) return { ms: header * 1_000, of: 'sink', isBan: false };
  if (status === 429) {
    const body = asObject(parseJson(text));
    const scope = headers.get('x-ratelimit-scope');
    const reset = scope === 'shared' ? undefined : secondsOf(headers.get('x-ratelimit-reset-after'));
    const seconds = type === 'postgrest' ? header : (asNumber(body?.retry_after) ?? header ?? reset);
    if (seconds === undefined) return { ms: BAN_MS, of: 'host', isBan: true };
    const isOfHost =
      type === 'postgrest' || body?.global === true || scope === 'global' || text.startsWith('<');
    return { ms: seconds * 1_000, of: isOfHost ? 'host' : 'sink', isBan: false };
  }
  // The bucket is empty: the next request would be one too many.
  const reset = secondsOf(headers.get('x-ratelimit-reset-after'));
  if (
    type !== 'discord' ||
    status >= 300 ||
    headers.get('x-ratelimit-remaining') !== '0' ||
    reset === undefined
  )
    return undefined;
  return { ms: reset * 1_000, of: 'sink', isBan: false };
}

function codeOf({ end }: Exchange): unknown {
  return end?.kind === 'answered' ? asObject(parseJson(end.text))?.code : undefined;
}

function secondsOf(text: string | null): number | undefined {
  const seconds = text === null ? Number.NaN : Number.parseFloat(text);
  return seconds >= 0 ? seconds : undefined;
}
