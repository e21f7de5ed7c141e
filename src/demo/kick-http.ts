/**
 * The HTTP half of the Kick stand-in: lookup, negotiation, tokens, history, each of which can be told to
 * refuse, fail or hang. The shapes are listed in kick-standin.ts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asObject, type JsonObject, parseJson } from '../untrusted-json.js';
import type { Tokens } from './centrifugo-standin.js';
import type { Changes } from './changes.js';
import type { Room } from './kick-message.js';
import { type Answer, type Asked, type Exchange, exchange } from './loopback.js';
import type { Transport } from './realtime-links.js';
import { type StandinClock, systemClock } from './standin-clock.js';

export type Endpoint = 'lookup' | 'negotiation' | 'token' | 'history';

/** How an endpoint answers: well; as Cloudflare (403, HTML); 404; 429; 500; never; or with what is no JSON. */
export type Fault = 'ok' | '403' | '404' | '429' | '500' | 'hang' | 'garbage';

interface Credentials {
  readonly key: string;
  readonly cluster: string;
  readonly websocketUrl: () => string;
}

const HISTORY_ANSWER_MAX = 50;
const HISTORY_WINDOW_MS = 5000;

export class KickHttp {
  /** By slug, lower case. */
  readonly rooms = new Map<string, Room>();
  readonly requests: Exchange[] = [];
  offers: readonly Transport[] = [];
  readonly #changes: Changes;
  readonly #tokens: Tokens;
  readonly #credentials: Credentials;
  readonly #clock: StandinClock;
  /** By channel id, oldest first. */
  readonly #history = new Map<number, JsonObject[]>();
  /** By endpoint, or `endpoint slug`. */
  readonly #faults = new Map<string, Fault>();

  constructor(changes: Changes, tokens: Tokens, credentials: Credentials, clock = systemClock) {
    this.#changes = changes;
    this.#tokens = tokens;
    this.#credentials = credentials;
    this.#clock = clock;
  }

  play(endpoint: Endpoint, fault: Fault, slug?: string): void {
    const key = slug === undefined ? endpoint : `${endpoint} ${slug.toLowerCase()}`;
    this.#faults.set(key, fault);
  }

  history(channelId: number): JsonObject[] {
    const found = this.#history.get(channelId) ?? [];
    this.#history.set(channelId, found);
    return found;
  }

  handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const log = { requests: this.requests, changes: this.#changes };
    return exchange(request, response, log, (asked, body) => this.answer(asked, body ?? ''));
  }

  answer({ method, path: asked }: Asked, body: string): Answer | 'never' {
    const url = new URL(asked, 'http://localhost');
    const path = url.pathname;
    const lookup = /^\/api\/v2\/channels\/([^/]+)$/.exec(path)?.[1];
    if (method === 'GET' && lookup !== undefined) {
      const slug = decodeURIComponent(lookup).toLowerCase();
      return this.#fault('lookup', slug) ?? this.#lookup(slug);
    }
    const history = /^\/api\/v1\/chat\/(\d+)\/history$/.exec(path)?.[1];
    if (method === 'GET' && history !== undefined) {
      const room = this.#roomOfChannel(Number(history));
      return this.#fault('history', room?.slug) ?? this.#historyOf(room, url.searchParams.get('start_time'));
    }
    if (method === 'POST' && path === '/api/v1/realtime/auth/connection') {
      return this.#fault('token') ?? this.#token(body);
    }
    const negotiated = /^\/api\/v1\/realtime\/(?:channels\/(\d+)\/chat\/)?connection$/.exec(path);
    if (method === 'POST' && negotiated !== null) {
      const room = negotiated[1] === undefined ? undefined : this.#roomOfChannel(Number(negotiated[1]));
      if (negotiated[1] !== undefined && room === undefined) return NOT_FOUND;
      return this.#fault('negotiation', room?.slug) ?? this.#negotiate(body);
    }
    return NOT_FOUND;
  }

  #lookup(slug: string): Answer {
    const room = this.rooms.get(slug);
    if (room === undefined) return NOT_FOUND;
    const chatroom = {
      id: room.chatroomId,
      channel_id: room.channelId,
      chatable_type: 'App\\Models\\Channel',
    };
    const body = {
      id: room.channelId,
      user_id: room.userId,
      slug: room.slug,
      is_banned: false,
      livestream: null,
    };
    return { status: 200, body: { ...body, chatroom } };
  }

  #negotiate(body: string): Answer {
    const asked = asObject(parseJson(body));
    const client = asObject(asked?.client);
    const accepted = asObject(asked?.capabilities)?.accepted_providers;
    if (typeof client?.id !== 'string' || client.type !== 'web' || !Array.isArray(accepted))
      return BAD_REQUEST;
    const providers = accepted.map((entry) => asObject(entry)?.provider);
    const connections = this.offers
      .filter((provider) => providers.includes(provider))
      .map((provider) => ({ provider, credentials: this.#credentialsFor(provider) }));
    return { status: 200, body: { data: { connections, mode: 'websocket' }, message: 'OK' } };
  }

  #credentialsFor(provider: Transport): JsonObject {
    const { key, cluster, websocketUrl } = this.#credentials;
    return provider === 'pusher' ? { app_key: key, cluster } : { url: websocketUrl() };
  }

  #token(body: string): Answer {
    const id = asObject(parseJson(body))?.client_id;
    if (typeof id !== 'string' || id === '') return BAD_REQUEST;
    return {
      status: 200,
      body: { data: { token: this.#tokens.issue(id, this.#clock.wall()) }, message: 'success' },
    };
  }

  #historyOf(room: Room | undefined, startTime: string | null): Answer {
    if (room === undefined) return NOT_FOUND;
    const all = this.history(room.channelId);
    const start = startTime === null ? undefined : Date.parse(startTime);
    const messages =
      start === undefined
        ? all.slice(-HISTORY_ANSWER_MAX).reverse()
        : all.filter((message) => isWithin(message, start));
    const newest = Date.parse(String(all.at(-1)?.created_at));
    const cursor = Number.isNaN(newest) ? '' : String(newest * 1000);
    return { status: 200, body: { data: { messages, cursor, pinned_message: null }, message: 'OK' } };
  }

  #roomOfChannel(channelId: number): Room | undefined {
    for (const room of this.rooms.values()) if (room.channelId === channelId) return room;
    return undefined;
  }

  #fault(endpoint: Endpoint, slug?: string): Answer | 'never' | undefined {
    const own = slug === undefined ? undefined : this.#faults.get(`${endpoint} ${slug.toLowerCase()}`);
    const fault = own ?? this.#faults.get(endpoint) ?? 'ok';
    if (fault === 'ok') return undefined;
    return fault === 'hang' ? 'never' : FAULTS[fault];
  }
}

function isWithin(message: JsonObject, start: number): boolean {
  const at = Date.parse(String(message.created_at));
  return at >= start && at < start + HISTORY_WINDOW_MS;
}

const NOT_FOUND: Answer = { status: 404, body: { message: 'Not Found' } };
const BAD_REQUEST: Answer = { status: 400, body: { data: null, message: 'Bad Request' } };

const CLOUDFLARE = '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>';

const FAULTS: Readonly<Record<Exclude<Fault, 'ok' | 'hang'>, Answer>> = {
  403: { status: 403, headers: { server: 'cloudflare', 'cf-mitigated': 'challenge' }, body: CLOUDFLARE },
  404: NOT_FOUND,
  429: { status: 429, headers: { 'retry-after': '5' }, body: { message: 'Too Many Requests' } },
  500: { status: 500, body: { message: 'Server Error' } },
  garbage: { status: 200, body: '<html>not what was asked for</html>' },
};
