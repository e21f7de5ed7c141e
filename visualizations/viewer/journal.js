/** The last entries of what goes on and on: bounded in count and in characters, so that a page may stay open for days. */
/** @import { Entry } from './entry.js' */

const ENTRIES_MAX = 20_000;
const CHARACTERS_MAX = 16 * 1024 * 1024;
/** Shed together: each time costs a copy of what stays. */
const SHED_AT_ONCE = 1_000;

export class Journal {
  /** @type {Entry[]} */
  #entries = [];
  #first = 0;
  #characters = 0;
  #limits;

  /** @param {{ entries?: number, characters?: number }} [limits] */
  constructor({ entries = ENTRIES_MAX, characters = CHARACTERS_MAX } = {}) {
    this.#limits = { entries, characters };
  }

  /** The number of the oldest that is kept; numbers are never given twice. */
  get first() {
    return this.#first;
  }

  /** The number that the next one will have. */
  get end() {
    return this.#first + this.#entries.length;
  }

  /** @param {Entry} entry */
  add(entry) {
    this.#entries.push(entry);
    this.#characters += entry.text.length;
    const { entries, characters } = this.#limits;
    if (this.#entries.length <= entries && this.#characters <= characters) return;
    const kept = Math.max(1, Math.min(this.#entries.length - 1, entries - SHED_AT_ONCE));
    const isTooLong = this.#entries.length > entries;
    this.#shed(isTooLong ? this.#entries.length - kept : Math.ceil(this.#entries.length / 10));
  }

  /** @param {number} number */
  get(number) {
    return this.#entries[number - this.#first];
  }

  /** @param {number} count */
  #shed(count) {
    for (const { text } of this.#entries.splice(0, count)) this.#characters -= text.length;
    this.#first += count;
  }
}
