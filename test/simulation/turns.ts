/**
 * Turns of the event loop: in each one every promise that is settled goes on, and all that follows from it. Between
 * two turns that are asked for one after the other Node looks at its sockets and timers, which costs more than what
 * happens in most turns here, and nothing of it is in a simulation. So turns are had by the dozen: between those
 * Node lets the promises go on, and looks at nothing else.
 */
const AT_ONCE = 64;

export class Turns {
  #left = 0;
  #next: (() => void) | undefined;

  /** Resolves when a turn has passed. One asks at a time. */
  pass(): Promise<void> {
    if (this.#left === 0) this.#order();
    return new Promise((resolve) => {
      this.#next = resolve;
    });
  }

  #order(): void {
    this.#left = AT_ONCE;
    for (let count = 0; count < AT_ONCE; count += 1) setImmediate(this.#passed);
  }

  readonly #passed = () => {
    this.#left -= 1;
    const next = this.#next;
    this.#next = undefined;
    next?.();
  };
}
