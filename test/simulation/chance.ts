/**
 * Chance from a seed. Each purpose draws from a stream of its own, so that a fault that is left out changes
 * nothing of what has no part in it.
 */
import { draw } from '../../machines/backoff.js';

export class Chance {
  readonly #origin: number;
  #state: number;

  constructor(seed: number) {
    this.#origin = seed | 0;
    this.#state = this.#origin;
  }

  /** A stream of its own for this purpose. */
  of(purpose: string): Chance {
    let hash = this.#origin ^ 0x9e3779b9;
    for (let at = 0; at < purpose.length; at += 1) {
      hash = Math.imul(hash ^ purpose.charCodeAt(at), 0x01000193);
      hash ^= hash >>> 15;
    }
    return new Chance(hash);
  }

  /** Uniform in [0, 1). */
  next(): number {
    const { value, seed } = draw(this.#state);
    this.#state = seed;
    return value;
  }

  /** Uniform in [min, max). */
  between(min: number, max: number): number {
    return min + this.next() * (max - min);
  }

  /** A whole number in [min, max]. */
  whole(min: number, max: number): number {
    return Math.floor(this.between(min, max + 1));
  }

  /** True in so many of all cases. */
  is(share: number): boolean {
    return this.next() < share;
  }

  pick<const T>(from: readonly [T, ...T[]]): T;
  pick<const T>(from: readonly T[]): T | undefined;
  pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.next() * from.length)];
  }

  /** A length of time whose mean is this: many are short, few are long. */
  about(meanMs: number): number {
    return -Math.log(1 - this.next()) * meanMs;
  }
}
