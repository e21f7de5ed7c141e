/**
 * What one room says goes to each sink in the order in which it was heard: by the numbers of its rows, and, of what
 * is offered while the store is down and has no row yet, by what the sink takes.
 */
import type { Store } from '../../../src/store.js';
import { type Message, numberOfId } from '../chat.js';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verdict.js';

interface Heard {
  readonly n: number;
  readonly room: number;
  readonly createdAt: number;
  /** Its place among all that was heard. */
  readonly place: number;
}

const ORDER = 'what a room says goes on in the order in which it was heard';

export class Orders {
  readonly #ledger: Ledger;
  readonly #dropped: () => number;
  readonly #verdict: Verdict;
  /** What was heard live, and surely; of the present life. */
  #heard = new Map<number, Heard>();
  #places = 0;
  /** By sink and room, what was numbered last, and what was taken last. */
  #numbered = new Map<string, Heard & { readonly seq: number }>();
  #taken = new Map<string, Heard>();

  /** @param dropped how many messages the running life says it dropped: what comes back of them comes later. */
  constructor(ledger: Ledger, dropped: () => number, verdict: Verdict) {
    this.#ledger = ledger;
    this.#dropped = dropped;
    this.#verdict = verdict;
  }

  began(): void {
    this.#heard = new Map();
    this.#numbered = new Map();
    this.#taken = new Map();
  }

  heard({ n, room, createdAt }: Message, isSure: boolean): void {
    this.#places += 1;
    if (isSure) this.#heard.set(n, { n, room, createdAt, place: this.#places });
  }

  /** It may not have been heard after all. */
  doubted(room: number): void {
    for (const [n, heard] of this.#heard) if (heard.room === room) this.#heard.delete(n);
  }

  committed({ arrivals }: Parameters<Store['commit']>[0]): void {
    for (const { message, rows } of arrivals) {
      const heard = this.#heard.get(numberOfId(message.id));
      if (heard === undefined) continue;
      for (const { seq, sink } of rows) {
        const key = `${sink}/${heard.room}`;
        const before = this.#numbered.get(key);
        this.#numbered.set(key, { ...heard, seq });
        if (before === undefined) continue;
        const isRight = isFirst(before, heard)
          ? before.seq < seq
          : !isFirst(heard, before) || seq < before.seq;
        this.#holds(isRight, before, heard, sink);
      }
    }
  }

  /** For the first time. */
  taken(sink: string, n: number): void {
    const heard = this.#heard.get(n);
    if (heard === undefined || this.#ledger.sums(sink).reentered > 0) return;
    const key = `${sink}/${heard.room}`;
    const before = this.#taken.get(key);
    this.#taken.set(key, heard);
    if (before !== undefined) this.#holds(!isFirst(heard, before), before, heard, sink);
  }

  #holds(isRight: boolean, before: Heard, { n, room }: Heard, sink: string): void {
    if (isRight || this.#dropped() > 0) return;
    this.#verdict.breaks(ORDER, `messages ${before.n} and ${n} of room ${room} changed places for ${sink}`);
  }
}

/** Of those that wait for a gap to be filled, the older one goes first. */
function isFirst(one: Heard, other: Heard): boolean {
  return one.place < other.place && one.createdAt <= other.createdAt;
}
