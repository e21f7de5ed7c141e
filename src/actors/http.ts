/**
 * HTTP as Earshot makes it: a lease from the pool, then one request under a named deadline, through ky over
 * one undici agent. No retries, no redirects, answers read up to a bound.
 */

import ky from 'ky';
import type { ActorRefFrom, AnyActorLogic } from 'xstate';
import { poolMachine } from '../../machines/pool.js';
import type { Log } from '../log.js';
import type { World } from '../world.js';
import type { Deadlines } from './deadline.js';
import { Places, type Waiter } from './places.js';
import { bound, wired } from './wired.js';

export interface HttpRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The deadline's name as the figures show it ("discord send"), and its milliseconds. */
  readonly timeout: { readonly name: string; readonly ms: number };
  readonly signal?: AbortSignal;
  /** Where the answer's body is cut: 64 KiB, unless more is expected (a page of history). */
  readonly maxBytes?: number;
}

/** How a request ended. Never thrown: every end is an answer or a reason. */
export type HttpResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Headers;
      /** The body, cut at `maxBytes`. */
      readonly text: string;
    }
  | {
      readonly kind: 'unanswered';
      readonly cause: 'timeout' | 'network' | 'cancelled';
      /** `no` when it surely never reached the other side (DNS, refused, connect timeout). */
      readonly sent: 'no' | 'maybe';
      readonly code: string;
      /** For people, scrubbed of the URL. */
      readonly text: string;
    };

/** One of the pool's places. Returned exactly once; a second return changes nothing. */
export interface Lease {
  /** Starts the request in this very turn. */
  send(request: HttpRequest): Promise<HttpResult>;
  release(): void;
}

export interface PoolStatus {
  readonly state: string;
  readonly leased: number;
  readonly limit: number;
  readonly waiting: number;
}

export interface HttpPool {
  /**
   * A lease for `share`: a sink's name, or `lookups` for everything that is not a delivery (4 at most together).
   * Each sink has one place kept for it. Resolves undefined when the wait was given up (`withinMs`, `signal`, pool closed,
   * too many waiting).
   */
  lease(share: string, options: { withinMs: number; signal?: AbortSignal }): Promise<Lease | undefined>;
  status(): PoolStatus;
}

export interface HttpPoolOptions {
  readonly world: Pick<World, 'clock' | 'fetch'>;
  readonly deadlines: Deadlines;
  readonly log: Log;
  /** Places in all. */
  readonly limit: number;
  /** Places for lookups, negotiation and history together. */
  readonly lookupsMax: number;
  /** More than so many waiting are refused at once. */
  readonly waitersMax: number;
  /** A lease held for longer was forgotten: it is aborted and taken back. Milliseconds. */
  readonly leaseMaxMs: number;
}

/** Of an answer's body no more is read; the rest is cancelled, for an unread body holds its socket. */
const BODY_MAX_BYTES = 64 * 1024;

/** The request surely never reached the other side. */
const NEVER_SENT =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|CERT_.*|.*_CERT|SELF_SIGNED_CERT_.*|UNABLE_TO_.*)$/;

export class HttpSessions implements HttpPool {
  /** The pool's actor. */
  readonly logic: AnyActorLogic;
  readonly #options: HttpPoolOptions;
  readonly #places: Places;
  /** Each wait and each lease, by what ends it at once. */
  readonly #open = new Set<() => void>();
  readonly #request: typeof ky;
  #actor: ActorRefFrom<typeof poolMachine> | undefined;
  #isDraining = false;
  #isClosed = false;

  constructor(options: HttpPoolOptions) {
    this.#options = options;
    this.#places = new Places(options.limit, options.lookupsMax);
    this.logic = bound(
      wired(poolMachine, (self) => {
        this.#actor = self;
      }),
      () => ({ limit: options.limit }),
    );
    this.#request = ky.create({
      retry: 0,
      timeout: false,
      throwHttpErrors: false,
      redirect: 'error',
    });
  }

  /** From now on one place is kept for this sink. */
  keepOneFor(sink: string): void {
    this.#places.keepOneFor(sink);
  }

  async lease(
    share: string,
    { withinMs, signal }: { withinMs: number; signal?: AbortSignal },
  ): Promise<Lease | undefined> {
    if (this.#isDraining || signal?.aborted) return undefined;
    if (this.#places.take(share)) return this.#leaseOf(share);
    if (this.#places.waiting >= this.#options.waitersMax) return undefined;
    const isGranted = await this.#wait(share, withinMs, signal);
    this.#counted();
    return isGranted ? this.#leaseOf(share) : undefined;
  }

  status(): PoolStatus {
    const value = this.#actor?.getSnapshot().value ?? 'idle';
    return {
      state: typeof value === 'string' ? value : value.open,
      leased: this.#places.leased,
      limit: this.#options.limit,
      waiting: this.#places.waiting,
    };
  }

  /** Leases nothing more. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    // Told of edges only, the machine would go by the numbers of the last one: there may be nothing to wait for, or much.
    if (this.status().state !== 'idle') this.#tellNumbers();
    this.#actor?.send({ type: 'pool.drained' });
  }

  /** Leases nothing more and aborts every request in flight. */
  close(): void {
    this.drain();
    this.#isClosed = true;
    for (const end of [...this.#open]) end();
  }

  #wait(share: string, withinMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    const { clock } = this.#options.world;
    return new Promise((resolve) => {
      const end = (isGranted: boolean) => {
        clock.clearTimeout(timer);
        this.#places.giveUp(waiter);
        signal?.removeEventListener('abort', giveUp);
        this.#open.delete(giveUp);
        resolve(isGranted);
      };
      const giveUp = () => end(false);
      const waiter: Waiter = { share, grant: () => end(true) };
      const timer = clock.setTimeout(giveUp, withinMs);
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#open.add(giveUp);
      this.#places.wait(waiter);
      this.#counted();
    });
  }

  #leaseOf(share: string): Lease {
    const { world, leaseMaxMs, log } = this.#options;
    const abort = new AbortController();
    const end = () => abort.abort();
    this.#open.add(end);
    // Granted in the turn in which the pool was closed.
    if (this.#isClosed) end();
    let isBack = false;
    const giveBack = () => {
      if (isBack) return;
      isBack = true;
      world.clock.clearTimeout(timer);
      this.#open.delete(end);
      this.#places.giveBack(share);
      this.#counted();
    };
    const timer = world.clock.setTimeout(() => {
      log.warn({ actor: 'pool', share }, `timeout: a lease of ${share} was never returned; taken back`);
      end();
      giveBack();
    }, leaseMaxMs);
    this.#counted();
    return {
      send: (request) =>
        isBack
          ? Promise.resolve(unanswered(request, 'cancelled', 'no', 'returned'))
          : this.#send(request, abort.signal),
      release: giveBack,
    };
  }

  async #send(request: HttpRequest, leaseSignal: AbortSignal): Promise<HttpResult> {
    const { deadlines } = this.#options;
    const { name, ms } = request.timeout;
    const end = await deadlines.within(
      name,
      ms,
      (signal) => this.#exchange(request, signal),
      request.signal ? [leaseSignal, request.signal] : [leaseSignal],
    );
    switch (end.kind) {
      case 'completed':
        return end.value;
      case 'timedOut':
        return unanswered(request, 'timeout', 'maybe', 'timeout');
      case 'cancelled':
        return unanswered(request, 'cancelled', 'maybe', 'cancelled');
      case 'failed': {
        const code = codeOf(end.error);
        return unanswered(request, 'network', NEVER_SENT.test(code) ? 'no' : 'maybe', code);
      }
    }
  }

  async #exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpResult> {
    const { url, method, headers, body, maxBytes = BODY_MAX_BYTES } = request;
    const response = await this.#request(url, {
      method,
      headers: { ...headers },
      fetch: (made) => this.#fetch(made as Request, body, signal),
    });
    const text = await readBounded(response, maxBytes);
    return { kind: 'answered', status: response.status, headers: response.headers, text };
  }

  /**
   * ky hands over a Request of Node's own fetch, which undici's does not take. The signal and the body go along
   * themselves. A Request's signal follows its source by weak references alone: once the garbage collector has been
   * there, it hears of no abort. And its body is a stream, copied for a second try that is never made.
   */
  #fetch(made: Request, body: string | undefined, signal: AbortSignal): Promise<Response> {
    const { url, method, headers } = made;
    return this.#options.world.fetch(url, {
      method,
      headers: Object.fromEntries(headers),
      signal,
      ...(body !== undefined && { body }),
    });
  }

  /** The machine hears of numbers that mean another state, not of each lease. */
  #counted(): void {
    const { leased, waiting } = this.#places;
    const { limit } = this.#options;
    const isSaturated = waiting > 0 || leased >= limit;
    const { state } = this.status();
    if (state === 'available' && !isSaturated) return;
    if (state === 'saturated' && isSaturated) return;
    this.#tellNumbers();
  }

  #tellNumbers(): void {
    const { leased, waiting } = this.#places;
    this.#actor?.send({ type: 'pool.counted', leased, waiting });
  }
}

async function readBounded(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < maxBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.byteLength;
  }
  await reader.cancel();
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
}

/** The innermost code: undici wraps the system's error into a `TypeError: fetch failed`. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error.cause instanceof AggregateError) return codeOf(error.cause.errors[0]);
  if (error.cause !== undefined) return codeOf(error.cause);
  return error.message === 'unexpected redirect' ? 'redirect' : error.name;
}

/** No text of the error itself: an error about a URL contains the URL, token and all. */
function unanswered(
  { url, timeout }: HttpRequest,
  cause: 'timeout' | 'network' | 'cancelled',
  sent: 'no' | 'maybe',
  code: string,
): HttpResult {
  const host = URL.canParse(url) ? new URL(url).host : 'the server';
  const text =
    cause === 'timeout'
      ? `no answer from ${host} within ${timeout.ms / 1_000} s`
      : cause === 'cancelled'
        ? `request to ${host} cancelled`
        : code === 'redirect'
          ? `${host} answered with a redirect, which is not followed`
          : `no answer from ${host}: ${code}`;
  return { kind: 'unanswered', cause, sent, code, text };
}
