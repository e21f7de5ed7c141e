/** What really happened: how often each fault was met (`fault SERVICE: HOW`), each state entered (`state MACHINE STATE`). */
export type Counts = Readonly<Record<string, number>>;

export class Counters {
  readonly #counts = new Map<string, number>();

  count(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }

  add(counts: Counts): void {
    for (const [what, by] of Object.entries(counts)) this.count(what, by);
  }

  /** In the order of the names. */
  all(): Counts {
    return Object.fromEntries([...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}
