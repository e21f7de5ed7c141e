/** A ring: a first-in, first-out list in one array, bounded by count and bytes, that tells its numbers. */

interface Slot<T> {
  readonly item: T;
  readonly bytes: number;
  /** When it was put, monotonic milliseconds. */
  readonly at: number;
}

export class Ring<T> {
  readonly limit: number;
  readonly maxBytes: number;
  #slots: (Slot<T> | undefined)[] = [];
  #head = 0;
  #size = 0;
  #bytes = 0;
  put = 0;
  taken = 0;
  dropped = 0;
  highWater = 0;

  constructor(limit: number, maxBytes: number) {
    this.limit = limit;
    this.maxBytes = maxBytes;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest item was put; undefined when empty. */
  get oldestAt(): number | undefined {
    return this.#slots[this.#head]?.at;
  }

  /** Whether one more item of so many bytes fits. An empty ring takes any item, so that none is stuck outside. */
  fits(bytes: number): boolean {
    return this.#size === 0 || (this.#size < this.limit && this.#bytes + bytes <= this.maxBytes);
  }

  push(item: T, bytes: number, at: number): void {
    this.#grow();
    this.#slots[(this.#head + this.#size) % this.#slots.length] = { item, bytes, at };
    this.#size += 1;
    this.#bytes += bytes;
    if (this.#size > this.highWater) this.highWater = this.#size;
  }

  /** Removes and returns the oldest; undefined when empty. */
  shift(): T | undefined {
    const slot = this.#slots[this.#head];
    if (slot === undefined || this.#size === 0) return undefined;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#size -= 1;
    this.#bytes -= slot.bytes;
    return slot.item;
  }

  /** The `max` oldest, without removing them. */
  peek(max: number): T[] {
    const items: T[] = [];
    for (let at = 0; at < Math.min(max, this.#size); at += 1) {
      const slot = this.#slots[(this.#head + at) % this.#slots.length];
      if (slot) items.push(slot.item);
    }
    return items;
  }

  /** Removes what `keeps` says no to; returns how many went. */
  sift(keeps: (item: T) => boolean): number {
    const slots: Slot<T>[] = [];
    for (let at = 0; at < this.#size; at += 1) {
      const slot = this.#slots[(this.#head + at) % this.#slots.length];
      if (slot && keeps(slot.item)) slots.push(slot);
    }
    const gone = this.#size - slots.length;
    if (gone === 0) return 0;
    this.#slots = slots;
    this.#head = 0;
    this.#size = slots.length;
    this.#bytes = slots.reduce((sum, { bytes }) => sum + bytes, 0);
    return gone;
  }

  /** Doubles the array when it is full: a quiet queue of 500 costs a few slots. */
  #grow(): void {
    if (this.#size < this.#slots.length) return;
    const slots = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head)];
    slots.length = Math.max(8, this.#slots.length * 2);
    this.#slots = slots.fill(undefined, this.#size);
    this.#head = 0;
  }
}
