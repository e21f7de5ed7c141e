/**
 * Whether waits are what full jitter gives: each uniform between nothing and its ceiling. One alone proves nothing;
 * all of a run together would be as low, or as high, by chance in one run of a million at most.
 */

/** exp(-13.8): one in a million. */
const DOUBT = 13.8;

/** The sum of n logarithms of uniform numbers, and how unlikely it is to be as high (Chernoff's bound). */
class Extreme {
  #count = 0;
  #sum = 0;

  /** True when what was added so far is chance no more. */
  add(share: number): boolean {
    this.#count += 1;
    this.#sum -= Math.log(share);
    const [n, sum] = [this.#count, this.#sum];
    return sum > n && sum - n - n * Math.log(sum / n) > DOUBT;
  }
}

export class Jitter {
  readonly #low = new Extreme();
  readonly #high = new Extreme();

  /** What is wrong with the waits up to this one; undefined when nothing is. */
  add(ms: number, ceilingMs: number): string | undefined {
    const share = Math.min(1, (Math.max(0, ms) + 0.5) / (ceilingMs + 1));
    if (this.#low.add(share)) return 'too short, all together';
    const rest = Math.max(0.5 / (ceilingMs + 1), 1 - share);
    return this.#high.add(Math.min(1, rest)) ? 'too long, all together' : undefined;
  }
}
