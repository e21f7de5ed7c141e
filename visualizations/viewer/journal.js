/** The last entries of what goes on and on: bounded in count and in characters, so that a page may stay open for days. */
/** @import { Entry } from './entry.js' */

const ENTRIES_MAX = 20_000;
const CHARACTERS_MAX = 16 * 1024 * 1024;
/** This share is shed together: each time costs a copy of what stays. */
const SHED_AT_ONCE = 0.05;

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
    if (this.#entries.length > entries || this.#characters > characters) this.#shed();
  }

  /** @param {number} number */
  get(number) {
    return this.#entries[number - this.#first];
  }

  /** As many as it takes, and some more; but never the youngest. */
  #shed() {
    const { entries, characters } = this.#limits;
    const last = this.#entries.length - 1;
    let count = Math.ceil(last * SHED_AT_ONCE);
    let left = this.#characters;
    for (let at = 0; at < last && (at < count || left > characters); at += 1) {
      left -= this.#entries[at]?.text.length ?? 0;
      count = Math.max(count, at + 1);
    }
    count = Math.min(last, Math.max(count, this.#entries.length - entries));
    for (const { text } of this.#entries.splice(0, count)) this.#characters -= text.length;
    this.#first += count;
  }
}
