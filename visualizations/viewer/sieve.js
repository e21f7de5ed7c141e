/** What of a log is shown: the entries that pass a filter, by their numbers; kept up as the log goes on. */
/** @import { Entry } from './entry.js' */
import { isChange } from './entry.js';

/**
 * @typedef {object} Filter
 * @property {string} words each must be found in the line, in any case
 * @property {string} under a path: its actor, and all below it; empty for all
 * @property {'all' | 'turns' | 'dropped'} only
 */

/** @type {Filter} */
export const EVERYTHING = { words: '', under: '', only: 'all' };

/**
 * Whatever has entries by number.
 * @typedef {object} Entries
 * @property {number} first
 * @property {number} end
 * @property {(number: number) => Entry | undefined} get
 */

/**
 * @param {Filter} filter
 * @returns {((entry: Entry) => boolean) | undefined} undefined when everything passes
 */
export function passes({ words, under, only }) {
  const wanted = words
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => new RegExp(word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'i'));
  if (wanted.length === 0 && under === '' && only === 'all') return undefined;
  return (entry) => {
    // That something is missing, or began anew, matters to whoever looks at any part.
    if (entry.kind === 'begun') return only !== 'dropped' && wanted.length === 0;
    if (only === 'dropped' && !entry.isDropped) return false;
    if (only === 'turns' && !isChange(entry)) return false;
    if (under !== '' && entry.path !== under && !entry.path.startsWith(`${under}/`)) return false;
    return wanted.every((word) => word.test(entry.text));
  };
}

export class Sieve {
  #entries;
  #passes;
  /** Numbers of those that pass, in order; not used while everything does. @type {number[]} */
  #kept = [];
  #seenTo;

  /**
   * @param {Entries} entries
   * @param {Filter} [filter]
   */
  constructor(entries, filter = EVERYTHING) {
    this.#entries = entries;
    this.#passes = passes(filter);
    this.#seenTo = entries.first;
  }

  /** Takes in what was added, and lets go of what is kept no more. */
  refresh() {
    const { first, end } = this.#entries;
    if (this.#passes === undefined) return;
    for (let number = Math.max(this.#seenTo, first); number < end; number += 1) {
      const entry = this.#entries.get(number);
      if (entry !== undefined && this.#passes(entry)) this.#kept.push(number);
    }
    this.#seenTo = end;
    const gone = firstNotBelow(this.#kept, first);
    if (gone > 0) this.#kept.splice(0, gone);
  }

  /** How many pass. */
  get size() {
    return this.#passes === undefined ? this.#entries.end - this.#entries.first : this.#kept.length;
  }

  /**
   * The number of the entry at a place among those that pass.
   * @param {number} place
   */
  numberAt(place) {
    return this.#passes === undefined ? this.#entries.first + place : this.#kept[place];
  }

  /**
   * The place of an entry, or of the last one before it that passes; -1 when there is none.
   * @param {number} number
   */
  placeOf(number) {
    if (this.#passes === undefined) return Math.min(number, this.#entries.end - 1) - this.#entries.first;
    return firstNotBelow(this.#kept, number + 1) - 1;
  }
}

/**
 * @param {readonly number[]} sorted
 * @param {number} value
 */
export function firstNotBelow(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
