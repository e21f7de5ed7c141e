/**
 * What Discord's answers mean. Codes and limits are those of its public API documents (2026-08); what the edge in
 * front of it (Cloudflare) says is HTML, and means the host, not the webhook.
 */
import type { HttpResult } from '../actors/http.js';
import { secondsOf } from './discord-limits.js';
import type { Outcome } from './sink.js';

type Answer = Extract<HttpResult, { kind: 'answered' }>;

/** The webhook, its token or its channel is gone. */
const ENDPOINT_GONE = new Set([10003, 10015, 50027, 220001, 220002, 220003]);
/** This one message is not wanted: too long, empty, held back by a filter. */
const MESSAGE_REFUSED = new Set([40005, 50006, 50035, 200000, 240000]);
/** Too much to do over there: it passes, whatever status it comes with. */
const OVERLOADED = 130000;
/** The edge does not like who asks; it says nothing about the webhook. */
const EDGE_REFUSES = 40333;
const EDGE_HOLD_MS = 60_000;
/** "Again in 0 s" would be a loop. */
const SHORTEST_HOLD_MS = 100;
const REMEDY_NEW_URL =
  'make a new webhook in Discord and put its URL into the configuration, then `earshot resume {sink}`';

/** `holdMs`: how long to hold back after this answer, when it was counted. */
export function outcomeOf(answer: Answer, sink: string, holdMs: number): Outcome {
  const { status, headers } = answer;
  const body = parseBody(answer);
  const hold = holdMs > 0 ? ({ scope: 'bucket', forMs: holdMs } as const) : undefined;
  if (status >= 200 && status < 300) return hold ? { kind: 'delivered', hold } : { kind: 'delivered' };
  const code = body.code === undefined ? String(status) : `${status}/${body.code}`;
  const error = { code, text: textOf(answer, body) };
  if (status === 429) return limited(answer, body, error);
  if (status >= 500 || body.code === OVERLOADED) {
    return { kind: 'failed', sent: 'maybe', error, ...retryAfter(headers) };
  }
  const isEdge = status === 403 && (body.isHtml || body.code === EDGE_REFUSES);
  if (isEdge) {
    return {
      kind: 'later',
      hold: { scope: 'host', forMs: EDGE_HOLD_MS },
      noTime: true,
      error,
      countsAsInvalid: true,
    };
  }
  if (body.code !== undefined && MESSAGE_REFUSED.has(body.code)) {
    return hold ? { kind: 'rejected', error, hold } : { kind: 'rejected', error };
  }
  const isGone = body.code !== undefined && ENDPOINT_GONE.has(body.code);
  if (isGone || status === 401 || status === 403 || status === 404) {
    return { kind: 'refused', error, remedy: REMEDY_NEW_URL.replace('{sink}', sink) };
  }
  if (status === 400 || status === 413)
    return hold ? { kind: 'rejected', error, hold } : { kind: 'rejected', error };
  // Everything else (408, 418 …) is treated as weather.
  return { kind: 'failed', sent: 'no', error, ...retryAfter(headers) };
}

function limited(answer: Answer, body: Body, error: { code: string; text: string }): Outcome {
  const { headers } = answer;
  const rateScope = headers.get('x-ratelimit-scope');
  const seconds =
    body.retryAfter ??
    secondsOf(headers.get('retry-after')) ??
    // Of a shared limit this header tells nothing.
    (rateScope === 'shared' ? undefined : secondsOf(headers.get('x-ratelimit-reset-after')));
  const isGlobal = body.isGlobal || headers.get('x-ratelimit-global') === 'true' || rateScope === 'global';
  const scope = isGlobal || body.isHtml ? 'host' : 'bucket';
  if (seconds === undefined) {
    return { kind: 'later', hold: { scope: 'host', forMs: 0 }, noTime: true, error, countsAsInvalid: true };
  }
  // A shared limit's answers do not count against the caller.
  const countsAsInvalid = rateScope !== 'shared';
  const forMs = Math.max(SHORTEST_HOLD_MS, milliseconds(seconds));
  return { kind: 'later', hold: { scope, forMs }, error, countsAsInvalid };
}

interface Body {
  readonly code: number | undefined;
  readonly message: string | undefined;
  readonly retryAfter: number | undefined;
  readonly isGlobal: boolean;
  readonly isHtml: boolean;
}

function parseBody({ text, headers }: Answer): Body {
  const isHtml = /html/.test(headers.get('content-type') ?? '') || /^\s*</.test(text);
  const nothing = { code: undefined, message: undefined, retryAfter: undefined, isGlobal: false, isHtml };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return nothing;
  }
  if (typeof parsed !== 'object' || parsed === null) return nothing;
  const { code, message, retry_after: seconds, global } = parsed as Record<string, unknown>;
  return {
    code: typeof code === 'number' ? code : undefined,
    message: typeof message === 'string' ? message.slice(0, 200) : undefined,
    retryAfter: typeof seconds === 'number' ? secondsOf(String(seconds)) : undefined,
    isGlobal: global === true,
    isHtml,
  };
}

function textOf({ status }: Answer, { message, isHtml, code }: Body): string {
  if (message) return `Discord answered ${status}: ${message}${code ? ` (${code})` : ''}`;
  return isHtml ? `the network in front of Discord answered ${status}` : `Discord answered ${status}`;
}

function retryAfter(headers: Headers): { retryAfterMs?: number } {
  const seconds = secondsOf(headers.get('retry-after'));
  return seconds === undefined ? {} : { retryAfterMs: milliseconds(seconds) };
}

const milliseconds = (seconds: number): number => Math.ceil(seconds * 1_000);
