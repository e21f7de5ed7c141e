/** The watch: hears from every part of the stage what happens, and holds it against what is promised. */

import type { DaemonEnd } from '../../src/daemon.js';
import type { Endpoint } from '../../src/demo/kick-http.js';
import type { Store } from '../../src/store.js';
import { Actors } from './actors.js';
import type { Message } from './chat.js';
import { type StoreAct, type StoreMethod, type StoreWatch, WRITES } from './disk.js';
import type { KickWatch } from './kick.js';
import type { KickWebWatch } from './kick-web.js';
import type { Life } from './life.js';
import type { Hand } from './plan.js';
import { Deliveries } from './promises/deliveries.js';
import { Ledger } from './promises/ledger.js';
import { Verdict } from './promises/verdict.js';
import type { SinkWatch } from './sink-watch.js';
import type { Wire } from './sockets.js';
import type { Running, Stage } from './stage.js';
import type { Exchange } from './web.js';

export class Watch implements SinkWatch, StoreWatch, KickWatch, KickWebWatch {
  readonly verdict: Verdict;
  readonly ledger: Ledger;
  readonly deliveries: Deliveries;
  actors: Actors;
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
    const { timeline, chat } = stage;
    this.verdict = new Verdict(timeline);
    this.ledger = new Ledger(timeline, this.verdict);
    this.deliveries = new Deliveries(this.ledger, chat, timeline, this.verdict);
    this.actors = this.#newActors();
  }

  // Lives

  began(life: Life): void {
    void life;
    this.actors = this.#newActors();
    this.deliveries.began();
    this.ledger.began(this.#stage.plan.shape.sinks.map(({ name }) => name));
  }

  died(life: Life): void {
    this.#stage.story.tell('daemon', () => `is gone (life ${life.number})`);
  }

  step(): void {}

  stopsFor(signals: number): void {
    void signals;
  }

  lifeEnded({ life }: Running, end: DaemonEnd): void {
    life.endedWell = end.exitCode === 0;
    this.#stage.story.tell('daemon', () => `ends with exit code ${end.exitCode}`);
    if (life.endedWell) this.deliveries.endedWell(life);
  }

  isOver(): void {}

  byHand(hand: Hand): void {
    void hand;
  }

  failed(error: unknown): void {
    this.verdict.breaks(
      'nothing fails unseen',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }

  logged(line: string): void {
    this.#stage.story.tell('log', () => line.trimEnd().replaceAll(this.#stage.disk.path, 'earshot.db'));
  }

  said({ n, room, kind }: Message): void {
    this.#stage.story.tell('chat', () => `message ${n} in room ${room} (${kind})`);
  }

  // Sinks

  asks(sink: string, exchange: Exchange, messages: readonly number[]): void {
    this.#stage.story.tell(
      sink,
      () =>
        `is asked (request ${exchange.id}, ${exchange.asked.method}): ${messages.join(', ') || 'nothing'}`,
    );
    this.deliveries.asks(sink, exchange, messages);
  }

  met(service: string, how: string): void {
    this.#stage.counters.count(`fault ${service}: ${how}`);
    this.#stage.story.tell(service, () => `fault: ${how}`);
  }

  isPoisoned(sink: string, messages: readonly number[]): boolean {
    return this.deliveries.isPoisoned(sink, messages);
  }

  taken(
    sink: string,
    exchange: Exchange,
    messages: readonly number[],
    fresh: readonly number[] = messages,
  ): void {
    this.#stage.story.tell(sink, () => `takes ${messages.join(', ')}`);
    this.deliveries.taken(sink, exchange, exchange.life, fresh);
  }

  printed(sink: string, life: Life, messages: readonly number[]): void {
    this.deliveries.taken(sink, undefined, life, messages);
  }

  printFailed(sink: string, messages: readonly number[]): void {
    this.#stage.counters.count('fault console: print');
    this.#stage.story.tell(sink, () => `cannot print ${messages.join(', ')}`);
    this.deliveries.printFailed(sink);
  }

  ended(sink: string, exchange: Exchange): void {
    const { end } = exchange;
    this.#stage.story.tell(
      sink,
      () =>
        `request ${exchange.id} ends: ${end?.kind === 'answered' ? end.status : end?.kind === 'failed' ? end.code : 'aborted'}`,
    );
    this.deliveries.ended(sink, exchange);
  }

  // Kick

  asked(endpoint: Endpoint, exchange: Exchange): void {
    this.#stage.story.tell('kick', () => `is asked (${endpoint}, request ${exchange.id})`);
  }

  answered(endpoint: Endpoint, exchange: Exchange): void {
    this.#stage.story.tell('kick', () => `${endpoint} ${exchange.id} ends: ${exchange.end?.kind}`);
  }

  dialled(wire: Wire): void {
    this.#stage.story.tell('kick', () => `socket ${wire.id} is dialled (${wire.protocol.transport})`);
  }

  handed(wire: Wire, text: string): void {
    this.#stage.story.tell('kick', () => `socket ${wire.id} says ${text.slice(0, 300)}`);
  }

  sent(wire: Wire, text: string): void {
    this.#stage.story.tell('daemon', () => `says on socket ${wire.id} ${text.slice(0, 300)}`);
  }

  // Store

  opened(life: Life, store: Store): void {
    void store;
    this.#stage.story.tell('store', () => `opened (life ${life.number})`);
  }

  done(life: Life, act: StoreAct): void {
    const { ledger } = this;
    switch (act.method) {
      case 'commit': {
        const [work] = act.given;
        const fresh = ledger.committed(life, work, act.gave.duplicates);
        this.#stage.story.tell('store', () => commitText(work, fresh));
        break;
      }
      case 'expire':
        for (const seqs of act.gave.values()) for (const seq of seqs) ledger.settled(seq, 'expired');
        break;
      case 'crashed':
        for (const seq of act.gave) ledger.settled(seq, 'dead');
        break;
      case 'retry':
        ledger.reentered(life, act.gave);
        break;
      case 'discard':
        ledger.discarded();
        break;
      default:
        break;
    }
    if (WRITES.has(act.method)) ledger.wrote();
  }

  refused(life: Life, method: StoreMethod | 'open', code: string): void {
    void life;
    this.#stage.story.tell('store', () => `refuses ${method}: ${code}`);
    this.ledger.refused();
  }

  #newActors(): Actors {
    const { counters, timeline } = this.#stage;
    return new Actors(timeline, ({ machine, state }) => counters.count(`state ${machine} ${state}`));
  }
}

function commitText(
  { arrivals, settlements = [], marks = [] }: Parameters<Store['commit']>[0],
  fresh: readonly number[],
): string {
  const ends = settlements.map(({ seq, end }) => `${seq} ${end}`);
  const parts = [
    `${arrivals.length} arrivals (accepted ${fresh.join(', ') || 'none'})`,
    ...(ends.length > 0 ? [`ends ${ends.join(', ')}`] : []),
    ...(marks.length > 0 ? [`${marks.length} marks`] : []),
  ];
  return `commits ${parts.join('; ')}`;
}
