import type { ChatMessage } from '../chat.js';

/** What names a message everywhere. */
type MessageId = Pick<ChatMessage, 'platform' | 'id'>;

/**
 * The ids of messages heard lately. Two generations: when the young one has half of the limit, the old one is
 * forgotten; so at least half of the limit, and at most all of it, is remembered.
 *
 * Kept are 64 bits of each id, in an array of a fixed size: as strings in a set, 20,000 ids that each live for a
 * moment were what the garbage collector worked for. That two of 20,000 ids share their 64 bits has a chance of
 * about 10⁻¹¹.
 */
export class SeenIds {
  readonly #perGeneration: number;
  #young: Generation;
  #old: Generation;

  constructor(limit: number) {
    this.#perGeneration = Math.max(1, Math.ceil(limit / 2));
    this.#young = new Generation(this.#perGeneration);
    this.#old = new Generation(this.#perGeneration);
  }

  has(message: MessageId): boolean {
    const [high, low] = hashOf(message);
    return this.#young.has(high, low) || this.#old.has(high, low);
  }

  /** False when it was seen before. */
  add(message: MessageId): boolean {
    const [high, low] = hashOf(message);
    if (this.#young.has(high, low) || this.#old.has(high, low)) return false;
    if (this.#young.used >= this.#perGeneration) {
      const emptied = this.#old;
      emptied.clear();
      this.#old = this.#young;
      this.#young = emptied;
    }
    this.#young.add(high, low);
    return true;
  }

  forget(message: MessageId): void {
    const [high, low] = hashOf(message);
    this.#young.delete(high, low);
    this.#old.delete(high, low);
  }
}

/** A set of 64-bit values with open addressing, never more than half full. (0, 0) is an empty place, (0, 1) a deleted one. */
class Generation {
  readonly #mask: number;
  /** Both halves of a value side by side: a search then reads one line of memory. */
  readonly #halves: Uint32Array;
  /** Places that are not empty, deleted ones included. */
  used = 0;

  constructor(size: number) {
    const places = 2 ** Math.ceil(Math.log2(size * 2 + 1));
    this.#mask = places * 2 - 1;
    this.#halves = new Uint32Array(places * 2);
  }

  has(high: number, low: number): boolean {
    return this.#find(high, low) !== -1;
  }

  add(high: number, low: number): void {
    let at = this.#first(low);
    while (this.#halves[at] !== 0 || this.#halves[at + 1] !== 0) at = (at + 2) & this.#mask;
    this.#halves[at] = high;
    this.#halves[at + 1] = low;
    this.used += 1;
  }

  delete(high: number, low: number): void {
    const at = this.#find(high, low);
    if (at === -1) return;
    this.#halves[at] = 0;
    this.#halves[at + 1] = 1;
  }

  clear(): void {
    this.#halves.fill(0);
    this.used = 0;
  }

  #find(high: number, low: number): number {
    let at = this.#first(low);
    for (;;) {
      if (this.#halves[at] === high && this.#halves[at + 1] === low) return at;
      if (this.#halves[at] === 0 && this.#halves[at + 1] === 0) return -1;
      at = (at + 2) & this.#mask;
    }
  }

  /** Where the search for a value begins. */
  #first(low: number): number {
    return (low << 1) & this.#mask;
  }
}

const hash: [high: number, low: number] = [0, 0];

/** Two 32-bit hashes that mix each other; the pair is reused, and read before the next call. */
function hashOf({ platform, id }: MessageId): readonly [high: number, low: number] {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  // Read one after the other: joining them to one text would cost as much as all the rest.
  const length = platform.length + id.length;
  for (let at = 0; at < length; at += 1) {
    const code = at < platform.length ? platform.charCodeAt(at) : id.charCodeAt(at - platform.length);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  // The two marks of a place are no ids.
  hash[0] = high >>> 0 || 1;
  hash[1] = low >>> 0;
  return hash;
}
