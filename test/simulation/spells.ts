/** What goes wrong with a service: several things one after the other, each for so many requests or for so long. */
import type { Timeline } from './timeline.js';

interface Spell<How> {
  readonly how: How;
  left: number;
  readonly until: number;
}

export class Spells<How> {
  readonly #timeline: Timeline;
  #spells: Spell<How>[] = [];

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  cast(how: How, { times, forMs }: { readonly times?: number; readonly forMs?: number }): void {
    const until = forMs === undefined ? Number.POSITIVE_INFINITY : this.#timeline.now + forMs;
    this.#spells.push({ how, left: times ?? Number.POSITIVE_INFINITY, until });
  }

  lift(): void {
    this.#spells = [];
  }

  /** What this request meets; undefined when all is well. */
  take(): How | undefined {
    this.#spells = this.#spells.filter(({ left, until }) => left > 0 && until > this.#timeline.now);
    const [first] = this.#spells;
    if (first === undefined) return undefined;
    first.left -= 1;
    return first.how;
  }
}
