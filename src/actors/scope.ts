/**
 * A scope owns the effects of one incarnation of a branch: its requests, sockets and timers. When the branch
 * dies or restarts, the scope is closed first: every effect sees the abort, none can start any more. XState
 * alone does not give that, for a machine that throws leaves its children running.
 */
import type { Clock } from '../world.js';

export class ScopeClosed extends Error {
  override readonly name = 'ScopeClosed';
}

export class Scope {
  readonly #controller = new AbortController();
  readonly #effects = new Set<Promise<unknown>>();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isOpen(): boolean {
    return !this.#controller.signal.aborted;
  }

  /** Effects that have not ended yet. */
  get active(): number {
    return this.#effects.size;
  }

  /** Runs an effect inside the scope. Rejects with ScopeClosed, without starting it, once the scope is closed. */
  run<T>(effect: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (!this.isOpen) return Promise.reject(new ScopeClosed('this part has been stopped'));
    const running = effect(this.signal);
    const done = () => this.#effects.delete(running);
    this.#effects.add(running);
    running.then(done, done);
    return running;
  }

  /** Aborts everything and waits for it, `limitMs` at most. Returns how many effects had still not ended. */
  async close(clock: Clock, limitMs: number): Promise<number> {
    this.#controller.abort(new ScopeClosed('this part has been stopped'));
    if (this.#effects.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, limitMs);
        Promise.allSettled(this.#effects).then(() => {
          clock.clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.#effects.size;
  }
}
