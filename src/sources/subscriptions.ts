/**
 * The subscriptions of one connection: which of Kick's channels belongs to whom, and what is still to be asked
 * for. Asking is paced: some frames at once, then some every tenth of a second, so that a server that counts
 * what a client sends has nothing to object to, and 80 channels still take well under a second.
 */
import type { Clock, TimerId } from '../world.js';

/** Who gets what is published on one of Kick's channels. */
export interface Subscriber {
  /** Something was published on it, and read at this time (monotonic milliseconds). */
  published(topic: string, event: string, data: unknown, at: number): void;
  subscribed(topic: string): void;
  unsubscribed(topic: string, why: { readonly text: string; readonly temporary: boolean }): void;
}

/** Where the asking goes. */
export interface Asking {
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
}

const BURST = 20;
const EVERY_MS = 100;

export class Subscriptions {
  readonly #clock: Clock;
  readonly #asking: () => Asking | undefined;
  readonly #subscribers = new Map<string, Subscriber>();
  #unasked: (readonly [ask: 'subscribe' | 'unsubscribe', topic: string])[] = [];
  #timer: TimerId | undefined;
  #room = BURST;

  /** @param asking the link, while it is up. */
  constructor(clock: Clock, asking: () => Asking | undefined) {
    this.#clock = clock;
    this.#asking = asking;
  }

  of(topic: string): Subscriber | undefined {
    return this.#subscribers.get(topic);
  }

  /** Asks for a topic; one that is held already is given up first, so that the server begins afresh. */
  subscribe(topic: string, subscriber: Subscriber): void {
    if (this.#subscribers.has(topic)) this.unsubscribe(topic);
    this.#subscribers.set(topic, subscriber);
    this.#ask('subscribe', topic);
  }

  unsubscribe(topic: string): void {
    if (this.#subscribers.delete(topic)) this.#ask('unsubscribe', topic);
  }

  /** The link is gone, and with it all that was subscribed on it. */
  forget(): void {
    this.#subscribers.clear();
    this.#unasked = [];
    this.#room = BURST;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #ask(what: 'subscribe' | 'unsubscribe', topic: string): void {
    this.#unasked.push([what, topic]);
    this.#flush();
  }

  #flush(): void {
    const asking = this.#asking();
    if (asking === undefined) return;
    for (const [what, topic] of this.#unasked.splice(0, this.#room)) {
      this.#room -= 1;
      asking[what](topic);
    }
    if (this.#room === BURST || this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#room = BURST;
      this.#flush();
    }, EVERY_MS);
  }
}
