/** Whether all promises were kept so far; of several that were broken, the first counts. */
import type { Timeline } from '../timeline.js';

export interface Broken {
  /** In the words of what is promised. */
  readonly promise: string;
  readonly text: string;
  readonly at: number;
}

export class Verdict {
  broken: Broken | undefined;
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Says so, and goes on: whoever runs the simulation ends it at the next step. */
  breaks(promise: string, text: string): void {
    this.broken ??= { promise, text, at: this.#timeline.now };
  }

  /** Broken unless it holds. */
  holds(promise: string, claim: boolean, text: () => string): void {
    if (!claim) this.breaks(promise, text());
  }
}
