/** Acknowledgements that wait for a store that is down, so many a sink at most. */
import type { Settlement } from '../store.js';

/** A sink that has so many must wait: what it sent on could all be repeated after a crash. */
const KEPT_MAX = 500;

export class Acknowledgements {
  readonly #sinks = new Map<string, Settlement[]>();

  /** False when they would be too many; then none is kept. */
  keep(sink: string, settlements: readonly Settlement[]): boolean {
    const kept = this.#sinks.get(sink) ?? [];
    if (kept.length + settlements.length > KEPT_MAX) return false;
    this.#sinks.set(sink, [...kept, ...settlements]);
    return true;
  }

  has(sink: string, seq: number): boolean {
    return this.#sinks.get(sink)?.some((settlement) => settlement.seq === seq) ?? false;
  }

  get size(): number {
    return this.all().length;
  }

  all(): Settlement[] {
    return [...this.#sinks.values()].flat();
  }

  clear(): void {
    this.#sinks.clear();
  }
}
