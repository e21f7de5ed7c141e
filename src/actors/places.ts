/**
 * Places: who holds one of the pool's places and who waits for one. One place is always kept for each sink, so
 * that a hundred hanging lookups or a backlog of one sink never keep another waiting.
 */

/** The share of everything that is not a delivery: lookups, negotiation, history. */
export const LOOKUPS = 'lookups';
/** The most places it may hold. */
export const LOOKUPS_MAX = 4;

export interface Waiter {
  readonly share: string;
  readonly grant: () => void;
}

export class Places {
  readonly #limit: number;
  readonly #lookupsMax: number;
  readonly #held = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();
  #leased = 0;

  constructor(limit: number, lookupsMax: number) {
    this.#limit = limit;
    this.#lookupsMax = lookupsMax;
  }

  get leased(): number {
    return this.#leased;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** From now on one place is kept for this sink. */
  keepOneFor(sink: string): void {
    if (!this.#held.has(sink)) this.#held.set(sink, 0);
  }

  /** Takes a place if one may be had now. Those who wait for the same share come first. */
  take(share: string): boolean {
    for (const waiter of this.#waiters) if (waiter.share === share) return false;
    return this.#grant(share);
  }

  wait(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  giveUp(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** Gives a place back, and grants what can be granted now, first come first served. */
  giveBack(share: string): void {
    this.#held.set(share, (this.#held.get(share) ?? 1) - 1);
    this.#leased -= 1;
    for (const waiter of this.#waiters) {
      if (!this.#grant(waiter.share)) continue;
      this.#waiters.delete(waiter);
      waiter.grant();
    }
  }

  #grant(share: string): boolean {
    const held = this.#held.get(share) ?? 0;
    if (share === LOOKUPS && held >= this.#lookupsMax) return false;
    let keptForOthers = 0;
    for (const [other, count] of this.#held) {
      if (other !== share && other !== LOOKUPS && count === 0) keptForOthers += 1;
    }
    const free = this.#limit - this.#leased;
    const hasOwn = share !== LOOKUPS && held === 0 && this.#held.has(share);
    if (free <= (hasOwn ? 0 : keptForOthers)) return false;
    this.#held.set(share, held + 1);
    this.#leased += 1;
    return true;
  }
}
