/** A turnstile: so many inside at once, first come first served; who gives up waiting leaves the line. */
export class Turnstile {
  readonly #limit: number;
  /** Each lets one in. */
  readonly #line = new Set<() => void>();
  #inside = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `work` in its turn; resolves undefined, without running it, when `signal` aborts before that. */
  async pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    if (!(await this.#enter(signal))) return undefined;
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#inside < this.#limit) {
      this.#inside += 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const giveUp = () => {
        this.#line.delete(letIn);
        resolve(false);
      };
      const letIn = () => {
        signal.removeEventListener('abort', giveUp);
        resolve(true);
      };
      this.#line.add(letIn);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** The place goes to the next in line, or is free. */
  #leave(): void {
    for (const letIn of this.#line) {
      this.#line.delete(letIn);
      letIn();
      return;
    }
    this.#inside -= 1;
  }
}
