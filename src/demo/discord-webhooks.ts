/**
 * Discord's webhooks as a stand-in keeps them: what they take and refuse, their rate limits, and how each fault
 * looks. It knows nothing of servers, and its time is whoever's that plays it. Shapes and figures are those of
 * Discord's public API documents: 5 requests per 2 s for a webhook, and 30 per 60 s for its channel.
 */
import { asObject, type JsonObject, parseJson } from '../untrusted-json.js';
import { appendBounded } from './changes.js';
import { refusedMessage } from './discord-limits.js';
import type { Answer, Asked, Verdict } from './loopback.js';
import { type StandinClock, systemClock } from './standin-clock.js';

export interface WebhookLimits {
  /** Requests per window of one webhook, and per minute of its channel; `null` for no such limit. */
  readonly bucket?: { readonly limit: number; readonly windowMs: number } | null;
  readonly channelPerMinute?: number | null;
}

/** What goes wrong, for the next `times` requests or until `recover()`. */
export type DiscordFault =
  | { readonly kind: 'status'; readonly status: number }
  /** Read, and never answered. */
  | { readonly kind: 'hang' }
  /** The message is taken, and the connection torn before the answer is out. */
  | { readonly kind: 'takenThenCut' }
  /** The message is taken and answered with 200, and the connection torn in the middle of the answer. */
  | { readonly kind: 'tornAnswer' }
  | { readonly kind: 'unknownWebhook' }
  | { readonly kind: 'invalidToken' }
  /** 429 of Discord's own; `retryAfter` in seconds, absent: neither body nor header says when. */
  | {
      readonly kind: 'limited';
      readonly retryAfter?: number;
      readonly header?: number;
      readonly scope?: 'user' | 'global' | 'shared';
    }
  /** Cloudflare's page: 1015 is a ban by address (429), 1010 a refusal of the client (403). */
  | { readonly kind: 'edge'; readonly code: 1015 | 1010; readonly retryAfter?: number }
  | { readonly kind: 'error'; readonly status: number; readonly code: number; readonly message: string };

export interface Delivered {
  /** Milliseconds of the stand-in's wall clock. */
  readonly at: number;
  readonly webhook: string;
  readonly message: JsonObject;
}

interface Window {
  since: number;
  used: number;
}

const WEBHOOK = /^\/api(?:\/v\d+)?\/webhooks\/(\d{17,20})\/([\w-]+)$/;
const KEPT = 100_000;
const MINUTE_MS = 60_000;

export class Webhooks {
  /** Messages taken, oldest first. */
  readonly delivered: Delivered[] = [];
  /** The bucket's name in the answers' headers; change it midway as Discord does. */
  bucketHash = '1b8a5b2c';
  readonly #limits: WebhookLimits;
  readonly #clock: StandinClock;
  readonly #windows = new Map<string, Window>();
  #lastId = 1_300_000_000_000_000_000n;

  constructor(limits: WebhookLimits, clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** What becomes of a request; `fault` gives what is to go wrong with it, if anything. */
  judge(asked: Asked, body: string | undefined, fault: () => DiscordFault | undefined): Verdict {
    const url = new URL(asked.path, 'http://localhost');
    const [, id, token] = WEBHOOK.exec(url.pathname) ?? [];
    if (id === undefined || token === undefined) return error(404, 0, '404: Not Found');
    return this.#answer(asked, url, { id, token }, body, fault());
  }

  #answer(
    asked: Asked,
    url: URL,
    { id, token }: { id: string; token: string },
    body: string | undefined,
    fault: DiscordFault | undefined,
  ): Verdict {
    if (fault !== undefined && fault.kind !== 'takenThenCut' && fault.kind !== 'tornAnswer') {
      return this.#play(fault, id);
    }
    if (asked.method === 'GET') {
      const webhook = { type: 1, id, token, name: 'Stand-in', channel_id: '1', application_id: null };
      return { status: 200, headers: this.#headers(id), body: webhook };
    }
    if (asked.method !== 'POST') return error(405, 0, '405: Method Not Allowed');
    const answer = this.#execute(id, asked.at, url.searchParams.get('wait') === 'true', body);
    if (fault?.kind === 'tornAnswer') return { ...answer, isTorn: true };
    return fault?.kind === 'takenThenCut' ? 'cut' : answer;
  }

  #execute(id: string, at: number, waits: boolean, body: string | undefined): Answer {
    const limited = this.#limit(id);
    if (limited) return limited;
    const headers = this.#headers(id);
    if (body === undefined) return error(413, 40005, 'Request entity too large');
    const message = asObject(parseJson(body));
    if (message === undefined) return error(400, 50109, 'The request body contains invalid JSON.');
    const refused = refusedMessage(message);
    if (refused) return { ...refused, headers };
    appendBounded(this.delivered, { at, webhook: id, message }, KEPT);
    if (!waits) return { status: 204, headers };
    this.#lastId += 1n;
    const timestamp = new Date(at).toISOString();
    const sent = { id: String(this.#lastId), channel_id: '1', webhook_id: id, type: 0, timestamp };
    return { status: 200, headers, body: { ...message, ...sent } };
  }

  #play(fault: Exclude<DiscordFault, { kind: 'takenThenCut' | 'tornAnswer' }>, id: string): Verdict {
    switch (fault.kind) {
      case 'hang':
        return 'never';
      case 'status':
        return { status: fault.status, body: { message: 'Something went wrong', code: 0 } };
      case 'unknownWebhook':
        return error(404, 10015, 'Unknown Webhook');
      case 'invalidToken':
        return error(401, 50027, 'Invalid Webhook Token');
      case 'error':
        return error(fault.status, fault.code, fault.message);
      case 'edge':
        return {
          status: fault.code === 1015 ? 429 : 403,
          headers: fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) },
          body: `<!DOCTYPE html><html><body>error code: ${fault.code}</body></html>`,
        };
      case 'limited': {
        const { retryAfter, header, scope = 'user' } = fault;
        if (retryAfter === undefined) return { status: 429 };
        const headers = {
          ...this.#headers(id),
          'retry-after': String(header ?? Math.ceil(retryAfter)),
          'x-ratelimit-scope': scope,
          ...(scope === 'global' && { 'x-ratelimit-global': 'true' }),
        };
        const body = {
          message: 'You are being rate limited.',
          retry_after: retryAfter,
          global: scope === 'global',
        };
        return { status: 429, headers, body };
      }
    }
  }

  /** Counts a request against both limits; the answer when one is used up. */
  #limit(id: string): Answer | undefined {
    const { bucket = BUCKET, channelPerMinute = CHANNEL_PER_MINUTE } = this.#limits;
    const channel =
      channelPerMinute === null ? undefined : this.#use(`channel ${id}`, channelPerMinute, MINUTE_MS);
    if (channel !== undefined) return tooMany(channel, 'shared', this.#headers(id));
    const own = bucket === null ? undefined : this.#use(id, bucket.limit, bucket.windowMs);
    return own === undefined ? undefined : tooMany(own, 'user', this.#headers(id));
  }

  /** Milliseconds until there is room again, or undefined when there is now. */
  #use(key: string, limit: number, windowMs: number): number | undefined {
    const now = this.#clock.wall();
    const known = this.#windows.get(key);
    const window = known && now - known.since < windowMs ? known : { since: now, used: 0 };
    this.#windows.set(key, window);
    if (window.used >= limit) return window.since + windowMs - now;
    window.used += 1;
    return undefined;
  }

  #headers(id: string): Record<string, string> {
    const { bucket = BUCKET } = this.#limits;
    if (bucket === null) return {};
    const window = this.#windows.get(id);
    const since = window?.since ?? this.#clock.wall();
    const resetMs = Math.max(0, since + bucket.windowMs - this.#clock.wall());
    return {
      'x-ratelimit-limit': String(bucket.limit),
      'x-ratelimit-remaining': String(Math.max(0, bucket.limit - (window?.used ?? 0))),
      'x-ratelimit-reset': ((this.#clock.wall() + resetMs) / 1000).toFixed(3),
      'x-ratelimit-reset-after': (resetMs / 1000).toFixed(3),
      'x-ratelimit-bucket': this.bucketHash,
    };
  }
}

const BUCKET = { limit: 5, windowMs: 2_000 };
const CHANNEL_PER_MINUTE = 30;

function error(status: number, code: number, message: string): Answer {
  return { status, body: { message, code } };
}

function tooMany(forMs: number, scope: 'user' | 'shared', headers: Record<string, string>): Answer {
  const seconds = Math.max(0.001, forMs / 1000);
  return {
    status: 429,
    headers: { ...headers, 'retry-after': String(Math.ceil(seconds)), 'x-ratelimit-scope': scope },
    body: { message: 'You are being rate limited.', retry_after: seconds, global: false },
  };
}
