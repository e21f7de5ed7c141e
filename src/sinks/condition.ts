/** The state a delivery is in, since when, and how long it waited for limits; tells who listens of each change. */
import type { DeliveryCondition } from '../../machines/delivery.js';
import type { Clock } from '../world.js';

export class Condition {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #now: DeliveryCondition = 'idle';
  #sinceAt: number;
  /** Since when it waits for a limit, monotonic milliseconds, and how long it did before. */
  #limitedSince: number | undefined;
  #limitedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceAt = clock.wall();
  }

  get now(): DeliveryCondition {
    return this.#now;
  }

  /** Epoch milliseconds. */
  get sinceAt(): number {
    return this.#sinceAt;
  }

  /** Milliseconds spent waiting for limits, all together. */
  get limitedMs(): number {
    return this.#limitedMs + (this.#limitedSince === undefined ? 0 : this.#clock.now() - this.#limitedSince);
  }

  /** Notes where the machine is now; returns where it was, when that is another state. */
  turn(to: DeliveryCondition, isLimited: boolean): DeliveryCondition | undefined {
    if (!isLimited) {
      this.#limitedMs = this.limitedMs;
      this.#limitedSince = undefined;
    } else this.#limitedSince ??= this.#clock.now();
    const from = this.#now;
    if (to === from) return undefined;
    this.#now = to;
    this.#sinceAt = this.#clock.wall();
    for (const listener of this.#listeners) listener();
    return from;
  }

  /** The returned function ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves at the next change, or after `limitMs`. */
  turnedWithin(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#clock.clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = this.#clock.setTimeout(end, limitMs);
      const stop = this.onChange(end);
    });
  }
}
