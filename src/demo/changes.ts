/**
 * Waiting for a stand-in to reach a state, without polling: whoever changes the state says so, and every
 * waiter's claim is looked at again. It holds no state of its own.
 */

interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Changes {
  readonly #waiters = new Set<Waiter>();

  /** Something changed: waiters whose claim holds now go on. Costs nothing when nobody waits. */
  happened(): void {
    for (const waiter of this.#waiters) {
      try {
        if (waiter.holds()) waiter.resolve();
      } catch (error) {
        waiter.reject(error);
      }
    }
  }

  /**
   * Resolves as soon as the claim holds: now, or after any later change of the stand-in. Rejects when it did
   * not within `timeoutMs`, quoting the claim, or when the claim itself throws. A claim over things outside
   * the stand-in is looked at again only when the stand-in changes, too.
   */
  until(claim: () => unknown, timeoutMs = 5000): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        finish();
      };
      const waiter: Waiter = {
        holds: () => Boolean(claim()),
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      };
      const timer = setTimeout(() => {
        waiter.reject(new Error(`not within ${timeoutMs} ms: ${String(claim)}`));
      }, timeoutMs);
      this.#waiters.add(waiter);
      this.happened();
    });
  }
}

/** Appends, and forgets the oldest tenth when the list outgrows `max`: logs of a stand-in that runs for days. */
export function appendBounded<T>(list: T[], item: T, max: number): void {
  list.push(item);
  if (list.length > max) list.splice(0, Math.ceil(max / 10));
}
