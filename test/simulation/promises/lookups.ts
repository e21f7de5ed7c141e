/** Lookups are paced: one a second over all channels, two under way at most. */
import type { Timeline } from '../timeline.js';
import type { Exchange } from '../web.js';
import type { Verdict } from './verdict.js';

const EVERY_MS = 1_000;
const AT_ONCE_MAX = 2;
const PACED = 'lookups come one a second, two at a time';

export class Lookups {
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;
  readonly #asked = new Set<Exchange>();
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(timeline: Timeline, verdict: Verdict) {
    this.#timeline = timeline;
    this.#verdict = verdict;
  }

  died(): void {
    this.#asked.clear();
    this.#lastAt = Number.NEGATIVE_INFINITY;
  }

  asked(exchange: Exchange): void {
    const { now } = this.#timeline;
    for (const other of this.#asked) if (other.end !== undefined) this.#asked.delete(other);
    this.#asked.add(exchange);
    const sinceMs = now - this.#lastAt;
    this.#lastAt = now;
    // Each takes its turn first, and then perhaps waits for a place: two may come closer than their turns were.
    this.#verdict.holds(PACED, this.#asked.size <= AT_ONCE_MAX, () => `${this.#asked.size} are under way`);
    this.#verdict.holds(PACED, sinceMs >= EVERY_MS - 1, () => `one after ${sinceMs.toFixed(0)} ms`);
  }
}
