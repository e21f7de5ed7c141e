/** What a stand-in is told to get wrong: several faults in a row, each so many times. It plays none itself. */
export class Faults<Fault> {
  #queue: { readonly fault: Fault; left: number }[] = [];

  /** After those already given; without `times` it goes on until `clear()`. */
  add(fault: Fault, times = Number.POSITIVE_INFINITY): void {
    if (times >= 1) this.#queue.push({ fault, left: times });
  }

  clear(): void {
    this.#queue = [];
  }

  /** The fault to play now, or undefined when all is well. */
  take(): Fault | undefined {
    const [next] = this.#queue;
    if (next === undefined) return undefined;
    next.left -= 1;
    if (next.left < 1) this.#queue.shift();
    return next.fault;
  }
}
