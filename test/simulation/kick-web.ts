/** Kick over HTTP, as the simulation plays it: the stand-in's answers, and what may happen to each endpoint. */
import type { Endpoint, Fault as KickAnswer, KickHttp } from '../../src/demo/kick-http.js';
import { isNetFault } from './faults.js';
import type { NetFault } from './plan.js';
import { Spells } from './spells.js';
import type { Timeline } from './timeline.js';
import type { Exchange, Reply, Service } from './web.js';

export interface KickWebWatch {
  asked(endpoint: Endpoint, exchange: Exchange): void;
  answered(endpoint: Endpoint, exchange: Exchange): void;
  met(service: string, how: string): void;
}

export class KickWeb implements Service {
  readonly name = 'kick';
  readonly #http: KickHttp;
  readonly #watch: KickWebWatch;
  readonly #spells: Readonly<Record<Endpoint, Spells<NetFault | KickAnswer>>>;
  readonly #met = new WeakMap<Exchange, KickAnswer>();

  constructor(http: KickHttp, timeline: Timeline, watch: KickWebWatch) {
    this.#http = http;
    this.#watch = watch;
    const spells = () => new Spells<NetFault | KickAnswer>(timeline);
    this.#spells = { lookup: spells(), negotiation: spells(), token: spells(), history: spells() };
  }

  spells(endpoint: Endpoint): Spells<NetFault | KickAnswer> {
    return this.#spells[endpoint];
  }

  lift(): void {
    for (const spells of Object.values(this.#spells)) spells.lift();
  }

  began(exchange: Exchange): void {
    this.#watch.asked(endpointOf(exchange), exchange);
  }

  ended(exchange: Exchange): void {
    this.#watch.answered(endpointOf(exchange), exchange);
  }

  netFault(exchange: Exchange): NetFault | undefined {
    const endpoint = endpointOf(exchange);
    const how = this.#spells[endpoint].take();
    if (how === undefined) return undefined;
    this.#watch.met(`kick ${endpoint}`, how);
    if (isNetFault(how)) return how;
    this.#met.set(exchange, how);
    return undefined;
  }

  answer(exchange: Exchange): Reply {
    const endpoint = endpointOf(exchange);
    const fault = this.#met.get(exchange) ?? 'ok';
    this.#http.play(endpoint, fault);
    const verdict = this.#http.answer(exchange.asked, exchange.body ?? '');
    this.#http.play(endpoint, 'ok');
    return typeof verdict === 'object' ? { kind: 'answer', answer: verdict } : { kind: verdict };
  }
}

export function endpointOf({ asked: { path } }: Exchange): Endpoint {
  if (path.startsWith('/api/v2/channels/')) return 'lookup';
  if (path.includes('/history')) return 'history';
  return path.includes('/auth/') ? 'token' : 'negotiation';
}
