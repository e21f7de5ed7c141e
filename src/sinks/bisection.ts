/**
 * Finds the row that spoils a batch: after a rejection the next request takes half of what was rejected, until
 * one row stands alone. Rows of which nothing is suspected go in full batches.
 */
export class Bisection {
  /** So many of the oldest rows hold at least one culprit. */
  #suspects = 0;

  /** How many rows the next request may take, of `max`. */
  sizeOf(max: number): number {
    return this.#suspects === 0 ? max : Math.min(max, Math.ceil(this.#suspects / 2));
  }

  /** A batch of so many of the oldest rows was rejected. One alone is the culprit, and `passed` then. */
  rejected(count: number): void {
    this.#suspects = count;
  }

  /** So many of the oldest rows are done with. */
  passed(count: number): void {
    this.#suspects = Math.max(0, this.#suspects - count);
  }

  forget(): void {
    this.#suspects = 0;
  }
}
