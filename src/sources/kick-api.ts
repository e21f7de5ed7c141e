/**
 * Kick over HTTP: channel ids, negotiation, tokens, history. Every request takes a place of the pool's share
 * `lookups`, is bounded in time, and ends in an answer or in words that say which step failed.
 * Nothing here is retried: that is for whoever asked.
 */
import type { HttpPool, HttpRequest, HttpResult } from '../actors/http.js';
import type { Config } from '../config.js';
import type { ChannelIds } from '../store.js';
import { asNumber, asNumericId, asObject, asText, type JsonObject, parseJson } from '../untrusted-json.js';

/** Why a request did not give what was asked. */
export interface ApiFailure {
  readonly kind: 'failed';
  /** An HTTP status, or a word of ours. */
  readonly code: string;
  readonly text: string;
  /** What a person can do; empty when only patience helps. */
  readonly remedy: string;
  /** Not again before that. */
  readonly floorMs: number;
}

export type ApiAnswer<T> = { readonly kind: 'ok'; readonly value: T } | ApiFailure;

/** What negotiation offers, in Kick's order; addresses as they came, unchecked. */
export type Offer =
  | { readonly provider: 'centrifugo'; readonly url: string }
  | { readonly provider: 'pusher'; readonly key: string; readonly cluster: string };

export interface KickApiDeps {
  readonly config: Pick<Config, 'kick' | 'timeouts'>;
  readonly http: HttpPool;
  /** Who this client says it is, the same for all its requests. */
  readonly clientId: string;
}

/** A channel's page holds its settings, categories and more; a page of history 50 messages. */
const ANSWER_MAX_BYTES = 1024 * 1024;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export class KickApi {
  readonly #api: string;
  readonly #web: string;
  readonly #timeoutMs: number;
  readonly #http: HttpPool;
  readonly #clientId: string;

  constructor({ config, http, clientId }: KickApiDeps) {
    this.#api = config.kick.api.replace(/\/+$/, '');
    this.#web = config.kick.web.replace(/\/+$/, '');
    this.#timeoutMs = config.timeouts.lookup;
    this.#http = http;
    this.#clientId = clientId;
  }

  /** Where a person can see the same answer in a browser. */
  lookupUrl(slug: string): string {
    return `${this.#api}/api/v2/channels/${encodeURIComponent(slug)}`;
  }

  async lookup(slug: string, signal: AbortSignal): Promise<ApiAnswer<ChannelIds>> {
    const answer = await this.#ask('lookup', 'GET', this.lookupUrl(slug), undefined, signal);
    if (answer.kind === 'failed') return this.#lookupFailure(slug, answer);
    const ids = readChannelIds(answer.value);
    return ids === undefined
      ? failure('lookup', 'unreadable', 'the answer holds no chatroom id', this.#byHand(slug), 5 * MINUTE_MS)
      : { kind: 'ok', value: ids };
  }

  /** @param channelId any channel of the connection; without one, the address that names none is asked. */
  async negotiate(
    channelId: number | undefined,
    providers: readonly Offer['provider'][],
    signal: AbortSignal,
  ): Promise<ApiAnswer<readonly Offer[]>> {
    const room = channelId === undefined ? '' : `channels/${channelId}/chat/`;
    const accepted = providers.map((provider) => ({ provider }));
    const body = {
      client: { id: this.#clientId, type: 'web' },
      capabilities: { accepted_providers: accepted },
    };
    const url = `${this.#web}/api/v1/realtime/${room}connection`;
    const answer = await this.#ask('negotiation', 'POST', url, body, signal);
    if (answer.kind === 'failed') return answer;
    const connections = asObject(asObject(answer.value)?.data)?.connections;
    return { kind: 'ok', value: Array.isArray(connections) ? connections.flatMap(readOffer) : [] };
  }

  /** A token for Centrifugo. */
  async token(signal: AbortSignal): Promise<ApiAnswer<string>> {
    const url = `${this.#web}/api/v1/realtime/auth/connection`;
    const answer = await this.#ask('token', 'POST', url, { client_id: this.#clientId }, signal);
    if (answer.kind === 'failed') return answer;
    const token = asText(asObject(asObject(answer.value)?.data)?.token);
    return token === undefined || token === ''
      ? failure('token', 'unreadable', 'the answer holds no token', '', 0)
      : { kind: 'ok', value: token };
  }

  /**
   * A page of a channel's chat, as it came: the newest, or with `from` (epoch ms) the seconds that follow it.
   * The order is not promised.
   */
  async history(
    channelId: number,
    from: number | undefined,
    signal: AbortSignal,
  ): Promise<ApiAnswer<readonly unknown[]>> {
    const since = from === undefined ? '' : `?start_time=${encodeURIComponent(new Date(from).toISOString())}`;
    const url = `${this.#web}/api/v1/chat/${channelId}/history${since}`;
    const answer = await this.#ask('history', 'GET', url, undefined, signal);
    if (answer.kind === 'failed') return answer;
    const messages = asObject(asObject(answer.value)?.data)?.messages;
    return Array.isArray(messages)
      ? { kind: 'ok', value: messages }
      : failure('history', 'unreadable', 'the answer holds no messages', '', 0);
  }

  async #ask(
    step: string,
    method: HttpRequest['method'],
    url: string,
    body: JsonObject | undefined,
    signal: AbortSignal,
  ): Promise<ApiAnswer<unknown>> {
    const lease = await this.#http.lease('lookups', { withinMs: this.#timeoutMs, signal });
    if (lease === undefined) return failure(step, 'noLease', 'no HTTP connection was free in time', '', 0);
    try {
      const result = await lease.send({
        url,
        method,
        headers: { ...HEADERS, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeout: { name: `kick ${step}`, ms: this.#timeoutMs },
        maxBytes: ANSWER_MAX_BYTES,
        signal,
      });
      return readAnswer(step, result);
    } finally {
      lease.release();
    }
  }

  #lookupFailure(slug: string, { code, text, floorMs }: ApiFailure): ApiFailure {
    const failed = { kind: 'failed' as const, code, text };
    switch (code) {
      case '403':
        // A browser is let through where a program is not; asking more often would not change that.
        return { ...failed, remedy: this.#byHand(slug), floorMs: Math.max(floorMs, 5 * MINUTE_MS) };
      case '404':
        return {
          kind: 'failed',
          code,
          text: `kick lookup: there is no channel ${slug} (404)`,
          remedy: `check the spelling of ${slug} under kick.channels`,
          floorMs: HOUR_MS,
        };
      default:
        return { ...failed, remedy: this.#byHand(slug), floorMs };
    }
  }

  #byHand(slug: string): string {
    return `open ${this.lookupUrl(slug)} in a browser, save what it shows as ${slug}.json, then type: earshot channel add ${slug} ${slug}.json`;
  }
}

const HEADERS = { accept: 'application/json', 'user-agent': 'Mozilla/5.0 (compatible; Earshot)' };

/** The ids in what `GET /api/v2/channels/{slug}` answers. */
export function readChannelIds(value: unknown): ChannelIds | undefined {
  const channel = asObject(value);
  const chatroomId = asNumericId(asObject(channel?.chatroom)?.id);
  const channelId = asNumericId(channel?.id);
  if (chatroomId === undefined) return undefined;
  return channelId === undefined ? { chatroomId } : { channelId, chatroomId };
}

function readOffer(value: unknown): Offer[] {
  const connection = asObject(value);
  const credentials = asObject(connection?.credentials);
  const url = asText(credentials?.url);
  const key = asText(credentials?.app_key);
  const cluster = asText(credentials?.cluster);
  if (connection?.provider === 'centrifugo' && url !== undefined) return [{ provider: 'centrifugo', url }];
  if (connection?.provider === 'pusher' && key !== undefined && cluster !== undefined) {
    return [{ provider: 'pusher', key, cluster }];
  }
  return [];
}

function failure(step: string, code: string, why: string, remedy: string, floorMs: number): ApiFailure {
  return { kind: 'failed', code, text: `kick ${step}: ${why}`, remedy, floorMs };
}

function readAnswer(step: string, result: HttpResult): ApiAnswer<unknown> {
  if (result.kind === 'unanswered') return failure(step, result.code, result.text, '', 0);
  const { status, headers, text } = result;
  if (status >= 200 && status < 300) {
    const value = parseJson(text);
    return value === undefined
      ? failure(step, 'unreadable', 'the answer is no JSON', '', 0)
      : { kind: 'ok', value };
  }
  const isChallenge = status === 403 && headers.get('cf-mitigated') !== null;
  const why = isChallenge ? 'Kick wants a browser (403, Cloudflare)' : `Kick answered ${status}`;
  const retryAfterS = asNumber(Number(headers.get('retry-after') ?? Number.NaN)) ?? 0;
  return failure(step, String(status), why, '', Math.min(Math.max(0, retryAfterS) * 1_000, HOUR_MS));
}
