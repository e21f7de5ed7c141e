/** Discord's webhooks, as the simulation plays them: the stand-in's answers, one webhook for each sink. */
import { type DiscordFault as Played, Webhooks } from '../../src/demo/discord-webhooks.js';
import type { Answer, Verdict } from '../../src/demo/loopback.js';
import type { StandinClock } from '../../src/demo/standin-clock.js';
import { asObject, parseJson } from '../../src/untrusted-json.js';
import { numbersIn } from './chat.js';
import { isNetFault, lost } from './faults.js';
import type { DiscordFault, LostAnswer, NetFault } from './plan.js';
import { SECRETS, webhookId } from './shape.js';
import type { SinkWatch } from './sink-watch.js';
import { Spells } from './spells.js';
import type { Timeline } from './timeline.js';
import type { Exchange, Reply, Service } from './web.js';

const WEBHOOK = /\/webhooks\/(\d+)\//;

export class Discord implements Service {
  readonly name = 'discord';
  readonly #webhooks: Webhooks;
  readonly #watch: SinkWatch;
  readonly #timeline: Timeline;
  readonly #spells = new Map<string, Spells<DiscordFault>>();
  readonly #sinks: ReadonlyMap<string, string>;
  readonly #met = new WeakMap<Exchange, DiscordFault>();
  /** The messages in a request, in their order. */
  readonly #messages = new WeakMap<Exchange, readonly number[]>();

  /** @param sinks their names, each at its place in the configuration. */
  constructor(
    sinks: readonly (readonly [name: string, index: number])[],
    clock: StandinClock,
    timeline: Timeline,
    watch: SinkWatch,
  ) {
    this.#webhooks = new Webhooks({}, clock);
    this.#timeline = timeline;
    this.#watch = watch;
    this.#sinks = new Map(sinks.map(([name, index]) => [webhookId(index), name]));
  }

  spells(sink: string): Spells<DiscordFault> {
    const spells = this.#spells.get(sink) ?? new Spells<DiscordFault>(this.#timeline);
    this.#spells.set(sink, spells);
    return spells;
  }

  lift(): void {
    for (const spells of this.#spells.values()) spells.lift();
  }

  began(exchange: Exchange): void {
    const messages = embedsOf(exchange.body).flatMap(numbersIn);
    this.#messages.set(exchange, messages);
    this.#watch.asks(this.#sinkOf(exchange), exchange, messages);
  }

  ended(exchange: Exchange): void {
    this.#watch.ended(this.#sinkOf(exchange), exchange);
  }

  netFault(exchange: Exchange): NetFault | undefined {
    const how = this.spells(this.#sinkOf(exchange)).take();
    if (how === undefined) return undefined;
    this.#watch.met('discord', how);
    if (isNetFault(how)) return how;
    this.#met.set(exchange, how);
    return undefined;
  }

  answer(exchange: Exchange): Reply {
    const { asked, body } = exchange;
    const how = this.#met.get(exchange);
    if (how === 'echo') return reply(ECHO);
    if (how === 'bare') return this.#taken(exchange, reply({ status: 204 }));
    const loss = how === undefined ? undefined : lost(how);
    const fault = how === undefined || loss !== undefined ? undefined : FAULTS[how];
    const messages = this.#messages.get(exchange) ?? [];
    if (fault === undefined && this.#watch.isPoisoned(this.#sinkOf(exchange), messages))
      return reply(REFUSED);
    const verdict = this.#webhooks.judge(asked, body, () => fault);
    const isTaken = typeof verdict === 'object' && verdict.status < 300;
    if (!isTaken || asked.method !== 'POST') return loss ?? reply(verdict);
    return this.#taken(exchange, loss ?? reply(verdict));
  }

  #taken(exchange: Exchange, answer: Reply): Reply {
    if (exchange.asked.method === 'POST') {
      this.#watch.taken(this.#sinkOf(exchange), exchange, this.#messages.get(exchange) ?? []);
    }
    return answer;
  }

  #sinkOf({ asked }: Exchange): string {
    const sink = this.#sinks.get(WEBHOOK.exec(asked.path)?.[1] ?? '');
    if (sink === undefined) throw new Error(`no sink has the webhook of ${asked.path}`);
    return sink;
  }
}

/** What each embed says, in their order. */
function embedsOf(body: string | undefined): string[] {
  const embeds = body === undefined ? undefined : asObject(parseJson(body))?.embeds;
  return Array.isArray(embeds) ? embeds.map((embed) => String(asObject(embed)?.description)) : [];
}

function reply(verdict: Verdict): Reply {
  return typeof verdict === 'object' ? { kind: 'answer', answer: verdict } : { kind: verdict };
}

const ECHO: Answer = {
  status: 500,
  body: { code: 0, message: `cannot serve /webhooks/1/${SECRETS.discord} now` },
};
const REFUSED: Answer = { status: 400, body: { code: 50035, message: 'Invalid Form Body' } };

type Spoken = Exclude<DiscordFault, NetFault | 'echo' | 'bare' | LostAnswer>;

const FAULTS: Readonly<Partial<Record<DiscordFault, Played>>> & Readonly<Record<Spoken, Played>> = {
  500: { kind: 'status', status: 500 },
  502: { kind: 'status', status: 502 },
  503: { kind: 'status', status: 503 },
  408: { kind: 'status', status: 408 },
  odd: { kind: 'error', status: 400, code: 130000, message: 'API resource is currently overloaded' },
  limited: { kind: 'limited', retryAfter: 0.73 },
  limitedLong: { kind: 'limited', retryAfter: 21.4 },
  limitedShared: { kind: 'limited', retryAfter: 12, scope: 'shared' },
  limitedGlobal: { kind: 'limited', retryAfter: 3.2, scope: 'global' },
  limitedByHeader: { kind: 'limited', retryAfter: 4.5, header: 9 },
  limitedByNothing: { kind: 'limited' },
  banned: { kind: 'edge', code: 1015 },
  bannedForATime: { kind: 'edge', code: 1015, retryAfter: 7 },
  edge1010: { kind: 'edge', code: 1010 },
  edge40333: { kind: 'error', status: 403, code: 40333, message: 'internal network error' },
  unknownWebhook: { kind: 'unknownWebhook' },
  invalidToken: { kind: 'invalidToken' },
  gone: { kind: 'error', status: 404, code: 10003, message: 'Unknown Channel' },
};
