/**
 * Backoff: how long to wait before attempt n. Full jitter: uniform between nothing and a ceiling that doubles,
 * so that a thousand clients that lost the same server do not come back in step.
 *
 * K1  The ceiling is initialMs · 2^(attempt − 1), never above maxMs, never shrinking as attempts grow.
 * K2  The wait lies in [0, ceiling], in whole milliseconds.
 * K3  The same seed gives the same wait and the same next seed; chance enters by the seed alone.
 */

export interface BackoffInput {
  /** The first attempt is 1. */
  readonly attempt: number;
  readonly initialMs: number;
  readonly maxMs: number;
  /** State of the generator: any 32-bit integer. */
  readonly seed: number;
}

/** The highest wait before this attempt, in milliseconds. */
export function backoffCeiling({ attempt, initialMs, maxMs }: Omit<BackoffInput, 'seed'>): number {
  const doublings = Math.min(Math.max(0, Math.floor(attempt) - 1), 52);
  return Math.min(initialMs * 2 ** doublings, maxMs);
}

export function backoffDelay(input: BackoffInput): { readonly ms: number; readonly seed: number } {
  const { value, seed } = draw(input.seed);
  return { ms: Math.floor(value * (backoffCeiling(input) + 1)), seed };
}

/** A number in [0, 1) and the generator's next state (mulberry32: 32 bits of state fit into any snapshot). */
export function draw(state: number): { readonly value: number; readonly seed: number } {
  const seed = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return { value: ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32, seed };
}
