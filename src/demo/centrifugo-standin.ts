/**
 * The server's side of Centrifugo's JSON protocol (bidirectional, version 5 and 6) as Kick uses it: connect
 * with a token, subscribe, refresh, pings by the server. It words answers and issues tokens; the list of
 * sockets is kept by realtime-links.ts.
 *
 * Codes follow Centrifugo's public documents: replies 103 permission denied, 104 unknown method, 105 already
 * subscribed, 107 bad request, 109 token expired; closes 3005 expired, 3012 no pong, 3500 invalid token,
 * 3501 bad request, 3502 stale.
 */
import { asObject, type JsonObject, parseJson } from '../untrusted-json.js';
import type { Line, Protocol, Session, Upgrade } from './realtime-links.js';
import { type StandinClock, systemClock } from './standin-clock.js';

export interface CentrifugoOptions {
  /** The server's ping; a client that does not answer within `pongTimeoutMs` is closed with 3012. */
  readonly pingEveryMs: number;
  readonly pongTimeoutMs: number;
  /** How long a token is good, in seconds (fractions allowed). */
  readonly tokenTtlS: number;
  /** How long after its token's end a client may still refresh before it is closed with 3005. */
  readonly expiredCloseMs: number;
  /** How long a client may take to send `connect` before it is closed with 3502. */
  readonly staleMs: number;
  /** Whether frames of one turn travel as one, a line each, as the real server's do under load. */
  readonly coalesce: boolean;
}

export const CENTRIFUGO_PATH = /^\/connection\/websocket/;

/** Issues tokens, and knows its own. Times in epoch milliseconds. */
export class Tokens {
  readonly #expiry = new Map<string, number>();
  readonly #ttlMs: number;
  #issued = 0;

  constructor(ttlS: number) {
    this.#ttlMs = ttlS * 1000;
  }

  /** A string shaped like a JWT, good for the ttl. */
  issue(subject: string, at: number): string {
    this.#issued += 1;
    const expiresAt = at + this.#ttlMs;
    const claims = {
      sub: subject,
      iat: Math.floor(at / 1000),
      exp: Math.floor(expiresAt / 1000),
      jti: this.#issued,
    };
    const parts = [{ alg: 'HS256', typ: 'JWT' }, claims, { standin: this.#issued }];
    const token = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    for (const [old, until] of this.#expiry) if (until + 3_600_000 < at) this.#expiry.delete(old);
    this.#expiry.set(token, expiresAt);
    return token;
  }

  /** Milliseconds left, 0 or less when it is over, `undefined` for a token that was never issued. */
  leftMs(token: unknown, at: number): number | undefined {
    const until = typeof token === 'string' ? this.#expiry.get(token) : undefined;
    return until === undefined ? undefined : until - at;
  }
}

export function centrifugoProtocol(
  options: CentrifugoOptions,
  tokens: Tokens,
  clock: StandinClock = systemClock,
): Protocol {
  return {
    transport: 'centrifugo',
    joinsFrames: options.coalesce,
    open: (line, request) => new CentrifugoSession(line, request, { options, tokens, clock }),
    publication: (channel, event, data) =>
      JSON.stringify({ push: { channel, pub: { data: { event, data } } } }),
  };
}

/** Where a browser says it comes from must be Kick; programs say nothing. */
export function isKickOrigin(origin: string | undefined): boolean {
  return origin === undefined || /^https:\/\/([a-z0-9-]+\.)*kick\.com$/.test(origin);
}

interface SessionParts {
  readonly options: CentrifugoOptions;
  readonly tokens: Tokens;
  readonly clock: StandinClock;
}

class CentrifugoSession implements Session {
  readonly #link: Line;
  readonly #options: CentrifugoOptions;
  readonly #tokens: Tokens;
  readonly #clock: StandinClock;
  #isConnected = false;
  #pingTimer: unknown;
  #pongTimer: unknown;
  /** Stale before the connect, expired after it. */
  #endTimer: unknown;

  constructor(link: Line, request: Upgrade, { options, tokens, clock }: SessionParts) {
    this.#link = link;
    this.#options = options;
    this.#tokens = tokens;
    this.#clock = clock;
    this.#endTimer = clock.setTimeout(() => link.cut(3502, 'stale'), options.staleMs);
    if (!isKickOrigin(request.headers.origin)) link.cut(3507, 'permission denied');
  }

  ended(): void {
    for (const timer of [this.#endTimer, this.#pingTimer, this.#pongTimer]) this.#clock.clearTimeout(timer);
  }

  /** A frame holds one command or several, a line each. */
  receive(text: string): void {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      const command = asObject(parseJson(line));
      if (command === undefined) return this.#link.cut(3501, 'bad request');
      if (Object.keys(command).length === 0) this.#clock.clearTimeout(this.#pongTimer);
      else this.#obey(command);
    }
  }

  #obey(command: JsonObject): void {
    const id = command.id;
    if (typeof id !== 'number' || id < 1) return this.#link.cut(3501, 'bad request');
    const connect = asObject(command.connect);
    if (connect !== undefined) return this.#connect(id, connect);
    if (!this.#isConnected) return this.#link.cut(3501, 'bad request');
    const subscribe = asObject(command.subscribe);
    if (subscribe !== undefined) return this.#subscribe(id, subscribe.channel);
    const unsubscribe = asObject(command.unsubscribe);
    if (unsubscribe !== undefined) return this.#unsubscribe(id, unsubscribe.channel);
    const refresh = asObject(command.refresh);
    if (refresh !== undefined) return this.#refresh(id, refresh.token);
    if (command.ping !== undefined) return this.#reply(id, { ping: {} });
    if (command.publish !== undefined) return this.#fail(id, 103, 'permission denied');
    this.#fail(id, 104, 'method not found');
  }

  #connect(id: number, connect: JsonObject): void {
    if (this.#isConnected) return this.#link.cut(3501, 'bad request');
    const left = this.#tokens.leftMs(connect.token, this.#clock.wall());
    if (left === undefined) return this.#link.cut(3500, 'invalid token');
    if (left <= 0) return this.#fail(id, 109, 'token expired');
    this.#isConnected = true;
    this.#awaitExpiry(left);
    const { pingEveryMs } = this.#options;
    const client = `standin-${this.#link.id}`;
    const reply = { client, version: '6.0.0 stand-in', expires: true, ttl: left / 1000 };
    this.#reply(id, { connect: { ...reply, ping: pingEveryMs / 1000, pong: true } });
    this.#awaitPing();
  }

  #refresh(id: number, token: unknown): void {
    const left = this.#tokens.leftMs(token, this.#clock.wall());
    if (left === undefined) return this.#link.cut(3500, 'invalid token');
    if (left <= 0) return this.#fail(id, 109, 'token expired');
    this.#awaitExpiry(left);
    this.#reply(id, { refresh: { client: `standin-${this.#link.id}`, expires: true, ttl: left / 1000 } });
  }

  #subscribe(id: number, channel: unknown): void {
    if (typeof channel !== 'string' || channel === '') return this.#fail(id, 107, 'bad request');
    if (this.#link.subscriptions.has(channel)) return this.#fail(id, 105, 'already subscribed');
    if (!this.#link.subscribe(channel)) return this.#fail(id, 103, 'permission denied');
    this.#reply(id, { subscribe: {} });
  }

  #unsubscribe(id: number, channel: unknown): void {
    if (typeof channel !== 'string' || channel === '') return this.#fail(id, 107, 'bad request');
    // The real server answers an unsubscribe without a subscription the same way.
    this.#link.unsubscribe(channel);
    this.#reply(id, { unsubscribe: {} });
  }

  #awaitPing(): void {
    this.#pingTimer = this.#clock.setTimeout(() => this.#ping(), this.#options.pingEveryMs);
  }

  #ping(): void {
    this.#awaitPing();
    this.#link.send('{}');
    this.#clock.clearTimeout(this.#pongTimer);
    this.#pongTimer = this.#clock.setTimeout(
      () => this.#link.cut(3012, 'no pong'),
      this.#options.pongTimeoutMs,
    );
  }

  #awaitExpiry(leftMs: number): void {
    this.#clock.clearTimeout(this.#endTimer);
    const delay = leftMs + this.#options.expiredCloseMs;
    this.#endTimer = this.#clock.setTimeout(() => this.#link.cut(3005, 'connection expired'), delay);
  }

  #reply(id: number, reply: JsonObject): void {
    this.#link.send(JSON.stringify({ id, ...reply }));
  }

  #fail(id: number, code: number, message: string): void {
    this.#reply(id, { error: { code, message } });
  }
}
