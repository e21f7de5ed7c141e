/** A world's clock that stands still until it is advanced: timers fire in order, `soon` at the end of each step. */
import type { Clock } from '../../src/world.js';

export class FakeClock implements Clock {
  readonly #timers = new Map<number, { readonly at: number; readonly callback: () => void }>();
  #soon: (() => void)[] = [];
  #now = 0;
  #lastId = 0;
  readonly #epoch: number;

  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#epoch + this.#now;
  }

  setTimeout(callback: () => void, ms: number): number {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { at: this.#now + ms, callback });
    return this.#lastId;
  }

  clearTimeout(timer: unknown): void {
    if (typeof timer === 'number') this.#timers.delete(timer);
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** Runs what was to run at the end of this turn, and what that asked for. */
  turn(): void {
    while (this.#soon.length > 0) for (const callback of this.#soon.splice(0)) callback();
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    this.turn();
    for (;;) {
      const [next] = [...this.#timers].sort(([, one], [, other]) => one.at - other.at);
      if (next === undefined || next[1].at > end) break;
      this.#timers.delete(next[0]);
      this.#now = next[1].at;
      next[1].callback();
      this.turn();
    }
    this.#now = end;
  }

  get timers(): number {
    return this.#timers.size;
  }
}

/** A log that keeps its lines. */
export function keptLog() {
  const lines: { level: string; msg: string; fields: object }[] = [];
  const at = (level: string) => (fields: object, msg: string) => {
    lines.push({ level, msg, fields });
  };
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

/** Lets promises that are settled go on. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
