/** What fails is started anew, soon, but not again and again: then it rests, and is tried again. */
import type { Actors } from '../actors.js';
import type { Timeline } from '../timeline.js';
import type { Verdict } from './verdict.js';

const RESTARTS_MAX = 5;
const WITHIN_MS = 60_000;
const RETRY_MS = 600_000;
const BACKOFF_MAX_MS = 5_000;
const CLEAR_MS = 5_000;
const SLACK_MS = 1_000;
const AGAIN = 'what fails is started anew, and not again and again';

export class Restarts {
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;
  /** By path, when each was started anew lately. */
  #restarts = new Map<string, readonly number[]>();

  constructor(timeline: Timeline, verdict: Verdict) {
    this.#timeline = timeline;
    this.#verdict = verdict;
  }

  began(): void {
    this.#restarts = new Map();
  }

  /** A branch is in another state. */
  turned(path: string, to: string): void {
    if (to === 'failed') this.#restarts.delete(path);
    if (to !== 'backingOff') return;
    const { now } = this.#timeline;
    const lately = [...(this.#restarts.get(path) ?? []).filter((at) => now - at < WITHIN_MS), now];
    this.#restarts.set(path, lately);
    this.#verdict.holds(
      AGAIN,
      lately.length <= RESTARTS_MAX,
      () => `${path} is started anew ${lately.length} times within a minute`,
    );
  }

  look(actors: Actors, stalledUntil: number): void {
    for (const { path, machine, state, sinceAt } of actors.alive.values()) {
      if (machine !== 'branch' || state === 'running') continue;
      const limitMs = state === 'failed' ? RETRY_MS : Math.max(BACKOFF_MAX_MS, CLEAR_MS);
      this.#verdict.holds(
        AGAIN,
        this.#timeline.now - Math.max(sinceAt, stalledUntil) <= limitMs + SLACK_MS,
        () => `${path} is ${state} since ${(sinceAt / 1_000).toFixed(1)} s`,
      );
    }
  }
}
