/**
 * The web between a life and the services it asks: requests and answers take their time, are lost, cut, or never
 * come. What an answer says is the service's.
 */
import type { Answer, Asked } from '../../src/demo/loopback.js';
import type { HttpCall } from '../../src/world.js';
import type { Chance } from './chance.js';
import type { Life } from './life.js';
import type { NetFault } from './plan.js';
import type { Timeline } from './timeline.js';

/** What comes back of a request that reached its service. */
export type Reply =
  | {
      readonly kind: 'answer';
      readonly answer: Answer;
      readonly delayMs?: number;
      readonly body?: Part;
    }
  | { readonly kind: 'never' | 'cut' | 'redirect' };

/** Something about an answer is not as it should be. */
type Part = 'torn' | 'hangs' | 'throws';

/** One request, from its start to its end as the daemon sees it. */
export interface Exchange {
  readonly id: number;
  readonly life: Life;
  readonly service: Service;
  readonly asked: Asked;
  readonly body: string | undefined;
  readonly startedAt: number;
  /** How it ended for the daemon; undefined while it has not. */
  end: ExchangeEnd | undefined;
  endedAt: number;
}

export type ExchangeEnd =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: Headers; readonly text: string }
  | { readonly kind: 'failed'; readonly code: string }
  /** The daemon gave it up. */
  | { readonly kind: 'aborted' };

export interface Service {
  readonly name: string;
  /** The daemon begins to ask. */
  began(exchange: Exchange): void;
  /** What happens to the request before it reaches the service. */
  netFault(exchange: Exchange): NetFault | undefined;
  /** It has reached the service, which does what it asks. */
  answer(exchange: Exchange): Reply;
  /** It has ended for the daemon. */
  ended(exchange: Exchange): void;
}

const LATENCY_MS = [4, 80] as const;
const SLOW_MS = [400, 2_600] as const;

/** What undici throws, as the world hands it on. */
function failed(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

export class Web {
  /** Requests that have not ended for their life. */
  readonly open = new Set<Exchange>();
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #wall: () => number;
  readonly #serviceOf: (url: URL) => Service;
  #lastId = 0;

  constructor(timeline: Timeline, chance: Chance, wall: () => number, serviceOf: (url: URL) => Service) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#wall = wall;
    this.#serviceOf = serviceOf;
  }

  fetch(life: Life, url: string, { method, headers, body, signal }: HttpCall): Promise<Response> {
    const parsed = new URL(url);
    const service = this.#serviceOf(parsed);
    this.#lastId += 1;
    const exchange: Exchange = {
      id: this.#lastId,
      life,
      service,
      asked: { at: this.#wall(), method, path: parsed.pathname + parsed.search, headers: { ...headers } },
      body,
      startedAt: this.#timeline.now,
      end: undefined,
      endedAt: 0,
    };
    this.open.add(exchange);
    service.began(exchange);
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        this.#end(exchange, { kind: 'aborted' });
        reject(signal.reason);
        return;
      }
      const call = new Call(exchange, signal, { resolve, reject, ended: (end) => this.#end(exchange, end) });
      this.#send(call, exchange);
    });
  }

  /** The process is gone: nobody waits for these any more. */
  orphaned(life: Life): void {
    for (const exchange of this.open) if (exchange.life === life) this.open.delete(exchange);
  }

  #send(call: Call, exchange: Exchange): void {
    const { service, life } = exchange;
    const upMs = this.#chance.between(...LATENCY_MS);
    const downMs = this.#chance.between(...LATENCY_MS);
    const fault = service.netFault(exchange);
    switch (fault) {
      case 'refused':
        life.reach(upMs + downMs, () => call.fail('ECONNREFUSED'));
        return;
      case 'dns':
        life.reach(upMs, () => call.fail('ENOTFOUND'));
        return;
      case 'cut':
        life.reach(upMs + downMs, () => call.fail('ECONNRESET'));
        return;
      case 'hang':
        return;
      case 'redirect':
        life.reach(upMs + downMs, () => call.redirected());
        return;
    }
    this.#timeline.after(upMs, () => {
      // One that was given up before it was there may have been on its way already.
      if (exchange.end !== undefined && this.#chance.is(0.5)) return;
      const reply = service.answer(exchange);
      switch (reply.kind) {
        case 'never':
          return;
        case 'cut':
          life.reach(downMs, () => call.fail('UND_ERR_SOCKET'));
          return;
        case 'redirect':
          life.reach(downMs, () => call.redirected());
          return;
        case 'answer': {
          const slowMs = fault === 'slow' ? this.#chance.between(...SLOW_MS) : 0;
          const part = fault === 'torn' ? 'torn' : fault === 'bodyHangs' ? 'hangs' : reply.body;
          life.reach(downMs + slowMs + (reply.delayMs ?? 0), () => call.answer(reply.answer, part));
        }
      }
    });
  }

  #end(exchange: Exchange, end: ExchangeEnd): void {
    if (exchange.end !== undefined) return;
    exchange.end = end;
    exchange.endedAt = this.#timeline.now;
    this.open.delete(exchange);
    exchange.service.ended(exchange);
  }
}

/** An answer over which whoever reads its headers stumbles: a fault in the program, as it were. */
function stumblingBlock(status: number): Response {
  const response = new Response('{}', { status });
  Object.defineProperty(response.headers, 'get', {
    value: () => {
      throw new Error('a fault in the program');
    },
  });
  return response;
}

interface Ends {
  resolve(response: Response): void;
  reject(reason: unknown): void;
  ended(end: ExchangeEnd): void;
}

/** The daemon's end of a request: it is answered, fails, or is given up, once. */
class Call {
  readonly #ends: Ends;
  readonly #signal: AbortSignal;
  #isOver = false;
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(exchange: Exchange, signal: AbortSignal, ends: Ends) {
    this.#ends = ends;
    this.#signal = signal;
    signal.addEventListener(
      'abort',
      () => {
        this.#body?.error(signal.reason);
        if (exchange.end === undefined) ends.ended({ kind: 'aborted' });
        if (this.#isOver) return;
        this.#isOver = true;
        ends.reject(signal.reason);
      },
      { once: true },
    );
  }

  fail(code: string): void {
    this.#finish(() => {
      this.#ends.ended({ kind: 'failed', code });
      this.#ends.reject(failed(code));
    });
  }

  redirected(): void {
    this.#finish(() => {
      this.#ends.ended({ kind: 'failed', code: 'redirect' });
      this.#ends.reject(new TypeError('fetch failed', { cause: new Error('unexpected redirect') }));
    });
  }

  answer({ status, headers = {}, body }: Answer, part: Part | undefined): void {
    const isText = typeof body === 'string';
    const text = body === undefined ? '' : isText ? body : JSON.stringify(body);
    const type = isText ? 'text/html; charset=UTF-8' : 'application/json';
    const all = body === undefined ? headers : { ...headers, 'content-type': type };
    this.#finish(() => {
      if (part === undefined) {
        const response = new Response(text === '' ? null : text, { status, headers: all });
        this.#ends.ended({ kind: 'answered', status, headers: response.headers, text });
        this.#ends.resolve(response);
      } else if (part === 'throws') {
        this.#ends.ended({ kind: 'failed', code: 'throws' });
        this.#ends.resolve(stumblingBlock(status));
      } else this.#ends.resolve(new Response(this.#halfOf(text, part), { status, headers: all }));
    });
  }

  #halfOf(text: string, part: 'torn' | 'hangs'): ReadableStream<Uint8Array> {
    const half = Buffer.from(text.slice(0, text.length / 2));
    return new ReadableStream({
      start: (controller) => {
        this.#body = controller;
        if (half.length > 0) controller.enqueue(half);
        if (part === 'hangs') return;
        controller.error(
          new TypeError('terminated', {
            cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }),
          }),
        );
        this.#body = undefined;
        this.#ends.ended({ kind: 'failed', code: 'UND_ERR_SOCKET' });
      },
    });
  }

  #finish(finish: () => void): void {
    if (this.#isOver || this.#signal.aborted) return;
    this.#isOver = true;
    finish();
  }
}
