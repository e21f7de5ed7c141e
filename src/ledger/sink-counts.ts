/** Each sink's figures: pendingAtStart + created + reentered = delivered + dead + expired + pending. */
import type { SinkFigures } from '../account.js';
import type { Settlement } from '../store.js';

type Counts = { -readonly [Figure in keyof SinkFigures]: number };

export class SinkCounts {
  readonly #sinks = new Map<string, Counts>();

  sinks(): Iterable<string> {
    return this.#sinks.keys();
  }

  /** So many rows were pending when the store was opened. */
  begin(sink: string, pending: number): void {
    const counts = this.#of(sink);
    counts.pendingAtStart += pending;
    counts.pending += pending;
  }

  create(sink: string, rows: number): void {
    const counts = this.#of(sink);
    counts.created += rows;
    counts.pending += rows;
  }

  reenter(sink: string, rows: number): void {
    const counts = this.#of(sink);
    counts.reentered += rows;
    counts.pending += rows;
  }

  settle(sink: string, end: Settlement['end'], rows: number): void {
    const counts = this.#of(sink);
    counts[end] += rows;
    counts.pending -= rows;
  }

  figures(sink: string): SinkFigures {
    return { ...this.#of(sink) };
  }

  #of(sink: string): Counts {
    const known = this.#sinks.get(sink);
    if (known) return known;
    const counts = {
      pendingAtStart: 0,
      created: 0,
      reentered: 0,
      delivered: 0,
      dead: 0,
      expired: 0,
      pending: 0,
    };
    this.#sinks.set(sink, counts);
    return counts;
  }
}
