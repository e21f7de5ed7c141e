/**
 * Simulated time: everything that will happen, in the order in which it will. Time stands still while something
 * happens, and then jumps to what comes next; so a day takes as long as its events, and takes the same every time.
 */

/** Who an appointment belongs to: while it is stalled, nothing happens to it, and all of it as soon as it goes on. */
export interface Owner {
  /** Milliseconds; in the past when it is not. */
  readonly stalledUntil: number;
}

export interface Appointment {
  at: number;
  /** Of those at one time, the one made first comes first. */
  readonly order: number;
  readonly run: () => void;
  readonly owner: Owner | undefined;
  isCancelled: boolean;
}

export class Timeline {
  /** Milliseconds since the beginning. */
  now = 0;
  #order = 0;
  /** A binary heap. */
  readonly #heap: Appointment[] = [];

  at(time: number, run: () => void, owner?: Owner): Appointment {
    this.#order += 1;
    const appointment = { at: time, order: this.#order, run, owner, isCancelled: false };
    this.#push(appointment);
    return appointment;
  }

  after(ms: number, run: () => void, owner?: Owner): Appointment {
    return this.at(this.now + Math.max(0, ms), run, owner);
  }

  cancel(appointment: Appointment): void {
    appointment.isCancelled = true;
  }

  /** Goes on to what comes next, and lets it happen. False when nothing does before `end`. */
  step(end: number): boolean {
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      if (next.isCancelled) this.#pop();
      else if (next.at > end) return false;
      else if (next.owner !== undefined && next.owner.stalledUntil > Math.max(next.at, this.now)) {
        this.#pop();
        next.at = next.owner.stalledUntil;
        this.#push(next);
      } else {
        this.#pop();
        this.now = Math.max(this.now, next.at);
        next.run();
        return true;
      }
    }
    return false;
  }

  #push(appointment: Appointment): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(appointment);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, appointment)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = appointment;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const below = isRight ? right : left;
      if (isBefore(last, below)) break;
      heap[at] = below;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(one: Appointment, other: Appointment): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
