/** One actor's states over a recording, as a lane of the timeline shows them. */
/** @import { Condition } from './conditions.js' */
import { CONDITIONS, conditionOf } from './conditions.js';
import { firstNotBelow } from './sieve.js';

/** From column `from` up to `to`, without it. @typedef {{ from: number, to: number, condition: Condition }} Run */

export class Lane {
  path;
  machine;
  /** Entries at which the state changed, in order. @type {number[]} */
  #starts = [];
  /** The state from there on; empty while nobody lives there. @type {string[]} */
  #states = [];

  /**
   * @param {string} path
   * @param {string} machine
   */
  constructor(path, machine) {
    this.path = path;
    this.machine = machine;
  }

  /** @param {number} index @param {string} state */
  note(index, state) {
    if (state === (this.#states.at(-1) ?? '')) return;
    this.#starts.push(index);
    this.#states.push(state);
  }

  /** How often the state changed. */
  get changes() {
    return this.#starts.length;
  }

  /** The state after an entry. @param {number} index */
  stateAt(index) {
    return this.#states[firstNotBelow(this.#starts, index + 1) - 1] ?? '';
  }

  /**
   * The lane as colours of columns. Where many states fall into one, the worst is shown: what went wrong for a
   * moment must not vanish among a thousand good ones.
   * @param {(index: number) => number} columnOf of an entry; never goes back
   * @param {number} columns
   * @param {number} end how many entries there are
   * @returns {Run[]}
   */
  runs(columnOf, columns, end) {
    /** Ranks from 1, the worst first; 0: nobody. */
    const ranks = new Uint8Array(columns);
    const last = this.#starts.length - 1;
    let segment = Math.max(0, this.#firstInSight(columnOf));
    for (; segment <= last; segment += 1) {
      const from = columnOf(this.#starts[segment] ?? 0);
      if (from >= columns) break;
      const state = this.#states[segment];
      if (!state) continue;
      const rank = CONDITIONS.indexOf(conditionOf(this.machine, state)) + 1;
      const to = segment === last ? columnOf(end) : columnOf(this.#starts[segment + 1] ?? end);
      const stop = Math.min(columns, Math.max(Math.ceil(to), Math.floor(from) + 1));
      for (let column = Math.max(0, Math.floor(from)); column < stop; column += 1) {
        const there = ranks[column] ?? 0;
        if (there === 0 || rank < there) ranks[column] = rank;
      }
    }
    return runsOf(ranks);
  }

  /** @param {(index: number) => number} columnOf */
  #firstInSight(columnOf) {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (columnOf(this.#starts[middle] ?? 0) < 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** @param {Uint8Array} ranks @returns {Run[]} */
function runsOf(ranks) {
  /** @type {Run[]} */
  const runs = [];
  for (let from = 0; from < ranks.length; ) {
    let to = from + 1;
    while (to < ranks.length && ranks[to] === ranks[from]) to += 1;
    const condition = CONDITIONS[(ranks[from] ?? 0) - 1];
    if (condition !== undefined) runs.push({ from, to, condition });
    from = to;
  }
  return runs;
}
