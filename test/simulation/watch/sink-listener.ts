/** Hears what sinks ask of their services and get from them, the console's printed lines included. */
import type { Life } from '../life.js';
import type { Promises } from '../promises.js';
import type { SinkWatch } from '../sink-watch.js';
import type { Stage } from '../stage.js';
import { endText } from '../story.js';
import type { Exchange } from '../web.js';

export class SinkListener implements SinkWatch {
  readonly #promises: Promises;
  readonly #stage: Stage;
  #struckAt = -1;

  constructor(promises: Promises, stage: Stage) {
    this.#promises = promises;
    this.#stage = stage;
  }

  asks(sink: string, exchange: Exchange, messages: readonly number[]): void {
    this.#stage.story.tell(
      sink,
      () =>
        `is asked (request ${exchange.id}, ${exchange.asked.method}): ${messages.join(', ') || 'nothing'}`,
    );
    const { deliveries, circuits, patience, figures, ending, ends, actors, verdict } = this.#promises;
    deliveries.asks(sink, exchange, messages);
    circuits.asks(sink, exchange, messages.length);
    patience.asks(sink, exchange);
    figures.asks(sink);
    ending.requestBegins(sink);
    ends.sends(sink, messages);
    const state = actors.stateOf(`sinks/${sink}/breaker`);
    verdict.holds(
      'nothing is asked while the circuit is open',
      state === 'closed' || state === 'probing',
      () => `${sink} asks, and its circuit is ${state}`,
    );
  }

  isPoisoned(sink: string, messages: readonly number[]): boolean {
    return this.#promises.deliveries.isPoisoned(sink, messages);
  }

  taken(
    sink: string,
    exchange: Exchange,
    messages: readonly number[],
    fresh: readonly number[] = messages,
  ): void {
    this.#stage.story.tell(sink, () => `takes ${messages.join(', ')}`);
    this.#takes(sink, exchange.life, fresh);
    this.#promises.deliveries.taken(sink, exchange, exchange.life, fresh);
  }

  ended(sink: string, exchange: Exchange): void {
    const { story, timeline } = this.#stage;
    const { deliveries, circuits, patience, figures, ending, config } = this.#promises;
    story.tell(sink, () => `request ${exchange.id} ends: ${endText(exchange.end)}`);
    deliveries.ended(sink, exchange);
    circuits.ended(sink, exchange);
    patience.ended(sink, exchange);
    figures.ended(sink, exchange);
    // What a fault in the program ends has no time to end by itself.
    if (this.#struckAt !== timeline.now) ending.requestEnded(exchange, config);
  }

  met(service: string, how: string): void {
    this.#stage.met(service, how);
  }

  printed(sink: string, life: Life, messages: readonly number[]): void {
    this.#takes(sink, life, messages);
    this.#promises.deliveries.taken(sink, undefined, life, messages);
  }

  printFailed(sink: string, messages: readonly number[]): void {
    const { counters, story } = this.#stage;
    counters.count('fault console: print');
    story.tell(sink, () => `cannot print ${messages.join(', ')}`);
    this.#promises.deliveries.printFailed(sink);
    this.#promises.ends.printFailed(sink, messages);
  }

  /** A fault in the program strikes a sink's machine now. */
  struck(): void {
    this.#struckAt = this.#stage.timeline.now;
  }

  #takes(sink: string, { isDead }: Life, messages: readonly number[]): void {
    if (isDead) return;
    const { deliveries, orders } = this.#promises;
    for (const n of messages) if (deliveries.times(sink, n) === 0) orders.taken(sink, n);
  }
}
