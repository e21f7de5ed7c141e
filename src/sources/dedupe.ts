/**
 * The ids of messages heard lately. Two generations: when the young one has half of the limit, the old one is
 * forgotten; so at least half of the limit, and at most all of it, is remembered, without a list to keep in order.
 */
export class SeenIds {
  readonly #generation: number;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(limit: number) {
    this.#generation = Math.max(1, Math.ceil(limit / 2));
  }

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }

  /** False when it was seen before. */
  add(id: string): boolean {
    if (this.has(id)) return false;
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(id);
    return true;
  }

  forget(id: string): void {
    this.#young.delete(id);
    this.#old.delete(id);
  }
}
