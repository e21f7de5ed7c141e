/** The pane of the log: its filter, how much of it passes, its lines, and the chosen one in full. */
/** @import { Entries, Filter } from './sieve.js' */
import { byId, setText } from './element.js';
import { count } from './figures.js';
import { inFull } from './log-row.js';
import { LogView } from './log-view.js';

export class LogPane {
  #log;
  /** @type {Entries} */
  #entries = { first: 0, end: 0, get: () => undefined };
  #isLive = true;
  #chosen = '';

  /** @param {(number: number) => void} pick */
  constructor(pick) {
    this.#log = new LogView(byId('log'), pick);
  }

  /**
   * @param {Entries} entries
   * @param {boolean} isLive
   */
  look(entries, isLive) {
    this.#entries = entries;
    this.#isLive = isLive;
    byId('entry').hidden = true;
    this.#log.look(entries, this.#filter());
    if (isLive) this.#log.follow();
  }

  /** @param {string} path of the chosen actor */
  choose(path) {
    this.#chosen = path;
    this.sift();
  }

  /** The filter has changed. */
  sift() {
    this.#log.sift(this.#filter());
  }

  /** To the newest line, and on with it. */
  follow() {
    this.#log.follow();
  }

  /**
   * Brings a line into sight and shows it in full.
   * @param {number} number
   * @returns {string | undefined} whose it is
   */
  showLine(number) {
    this.#log.showNumber(number);
    const entry = this.#entries.get(number);
    byId('entry').hidden = entry === undefined;
    if (entry !== undefined) byId('entry').replaceChildren(...inFull(entry));
    return entry?.path;
  }

  draw() {
    this.#log.refresh();
    const all = this.#entries.end - this.#entries.first;
    setText(byId('log-count'), `${count(this.#log.size)} of ${count(all)}`);
    const nothing =
      all > 0 ? 'No line passes the filter.' : 'Nothing has happened since this page met Earshot.';
    setText(byId('log-empty'), nothing);
    byId('log-empty').hidden = this.#log.size > 0;
    byId('newest').hidden = !this.#isLive || this.#log.isFollowing;
  }

  /** @returns {Filter} */
  #filter() {
    const only = byId('only', HTMLSelectElement).value;
    return {
      words: byId('filter', HTMLInputElement).value,
      under: byId('only-chosen', HTMLInputElement).checked ? this.#chosen : '',
      only: only === 'turns' || only === 'dropped' ? only : 'all',
    };
  }
}
