/**
 * Marks: how far each channel has been read, and how far the store knows. Whoever reads a channel is asked when there
 * is something to be written, so a mark is always of the same transaction as what was heard up to it, or of a later one.
 */
import type { Mark } from '../store.js';

export class Marks {
  /** By channel: tells how far it has been read. */
  readonly #reading = new Map<string, () => Mark | undefined>();
  readonly #stored = new Map<string, Mark>();

  follow(channel: string, upTo: () => Mark | undefined): void {
    this.#reading.set(channel, upTo);
  }

  /** What the store knows of the channel, as far as the store was asked. */
  of(channel: string): Mark | undefined {
    return this.#stored.get(channel);
  }

  /** What the store does not know yet: of these channels, or of all. */
  due(channels: Iterable<string> = this.#reading.keys()): Mark[] {
    const due: Mark[] = [];
    for (const channel of channels) {
      const mark = this.#reading.get(channel)?.();
      const known = this.#stored.get(channel);
      if (mark === undefined || (mark.id === known?.id && mark.createdAt === known.createdAt)) continue;
      due.push({ channel, createdAt: mark.createdAt, id: mark.id });
    }
    return due;
  }

  stored(marks: Iterable<Mark>): void {
    for (const mark of marks) this.#stored.set(mark.channel, mark);
  }
}
