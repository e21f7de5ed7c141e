/** The timers that an actor waits for, by the event each will send. */
import type { ScheduledDelays } from './format.js';
import type { Step } from './pure.js';

export class Timers {
  readonly #due = new Map<string, number>();

  set(delays: ScheduledDelays, at: number): void {
    for (const [event, ms] of Object.entries(delays)) this.#due.set(event, at + ms);
  }

  /** After a step at `at`, in milliseconds as the timers have them. */
  follow({ delays, cancelled }: Step, event: string, at: number): void {
    this.#due.delete(event);
    for (const ended of cancelled) this.#due.delete(ended);
    this.set(Object.fromEntries(Object.entries(delays).filter(([it]) => !cancelled.has(it))), at);
  }

  dueAt(event: string): number | undefined {
    return this.#due.get(event);
  }

  /** The first that is due before `at`. */
  firstBefore(at: number): string | undefined {
    const [first] = [...this.#due].filter(([, due]) => due < at).sort(([, one], [, other]) => one - other);
    return first?.[0];
  }
}
