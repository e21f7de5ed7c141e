/**
 * The log of transitions: a list of any length of which only what is in sight is in the page. It follows what comes
 * while its end is in sight, and stays where it is otherwise.
 */
/** @import { Entry } from './entry.js' */
/** @import { Entries, Filter } from './sieve.js' */
import { element, setAttribute } from './element.js';
import { rowOf } from './log-row.js';
import { EVERYTHING, Sieve } from './sieve.js';

/** Rows kept ready above and below what is in sight. */
const SPARE = 8;
/** In a place narrower than that a line takes two rows. */
const NARROW_BELOW = 720;
const HEIGHT = { wide: 22, narrow: 42 };

export class LogView {
  #box;
  #pick;
  #sheet = element('div', { class: 'sheet', role: 'presentation' });
  /** @type {Entries} */
  #entries = { first: 0, end: 0, get: () => undefined };
  #filter = EVERYTHING;
  #sieve = new Sieve(this.#entries);
  /** By number. @type {Map<number, HTMLElement>} */
  #rows = new Map();
  #rowHeight = HEIGHT.wide;
  #isFollowing = true;
  /** The number of the picked entry. @type {number | undefined} */
  #picked;
  /** The entry at the top, to stay with it when older ones go. @type {number | undefined} */
  #top;

  /**
   * @param {HTMLElement} box
   * @param {(number: number, entry: Entry) => void} pick
   */
  constructor(box, pick) {
    this.#box = box;
    this.#pick = pick;
    box.append(this.#sheet);
    box.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    box.addEventListener('click', ({ target }) => {
      const row = target instanceof Element ? target.closest('[data-number]') : null;
      if (row) this.#pickNumber(Number(row.getAttribute('data-number')));
    });
    box.addEventListener('keydown', (event) => this.#typed(event));
    new ResizeObserver(() => this.#resized()).observe(box);
  }

  /** Whether what comes is shown as it comes. */
  get isFollowing() {
    return this.#isFollowing;
  }

  /** How many lines pass the filter. */
  get size() {
    return this.#sieve.size;
  }

  /**
   * @param {Entries} entries
   * @param {Filter} filter
   */
  look(entries, filter) {
    this.#entries = entries;
    this.#filter = filter;
    this.#sieve = new Sieve(entries, filter);
    this.#clear();
    this.#top = undefined;
    this.refresh();
  }

  /** @param {Filter} filter */
  sift(filter) {
    const { words, under, only } = this.#filter;
    if (filter.words === words && filter.under === under && filter.only === only) return;
    const isFollowing = this.#isFollowing;
    this.look(this.#entries, filter);
    if (isFollowing) this.follow();
    else if (this.#picked !== undefined) this.showNumber(this.#picked);
  }

  /** Takes in what was added. */
  refresh() {
    this.#sieve.refresh();
    this.#sheet.style.height = `${this.#sieve.size * this.#rowHeight}px`;
    if (this.#isFollowing) this.#box.scrollTop = this.#box.scrollHeight;
    else if (this.#top !== undefined) {
      const offset = this.#box.scrollTop % this.#rowHeight;
      this.#box.scrollTop = Math.max(0, this.#sieve.placeOf(this.#top)) * this.#rowHeight + offset;
    }
    this.#draw();
  }

  follow() {
    this.#isFollowing = true;
    this.refresh();
  }

  /**
   * Marks an entry, and brings it into sight.
   * @param {number} number
   */
  showNumber(number) {
    this.#picked = number;
    this.#isFollowing = false;
    const place = Math.max(0, this.#sieve.placeOf(number));
    const { scrollTop, clientHeight } = this.#box;
    const top = place * this.#rowHeight;
    if (top < scrollTop + this.#rowHeight || top > scrollTop + clientHeight - 2 * this.#rowHeight) {
      this.#box.scrollTop = top - clientHeight / 2;
    }
    this.#top = this.#sieve.numberAt(Math.floor(this.#box.scrollTop / this.#rowHeight));
    this.#draw();
  }

  #draw() {
    const { scrollTop, clientHeight } = this.#box;
    const begin = Math.max(0, Math.floor(scrollTop / this.#rowHeight) - SPARE);
    const end = Math.min(this.#sieve.size, Math.ceil((scrollTop + clientHeight) / this.#rowHeight) + SPARE);
    /** @type {Set<number>} */
    const inSight = new Set();
    for (let place = begin; place < end; place += 1) {
      const number = this.#sieve.numberAt(place);
      const entry = number === undefined ? undefined : this.#entries.get(number);
      if (number === undefined || entry === undefined) continue;
      inSight.add(number);
      const row = this.#rows.get(number) ?? this.#added(number, entry);
      row.style.transform = `translateY(${place * this.#rowHeight}px)`;
      setAttribute(row, 'aria-posinset', String(place + 1));
      setAttribute(row, 'aria-setsize', String(this.#sieve.size));
      setAttribute(row, 'aria-selected', String(number === this.#picked));
    }
    for (const [number, row] of this.#rows) {
      if (inSight.has(number)) continue;
      row.remove();
      this.#rows.delete(number);
    }
    const active =
      this.#picked !== undefined && inSight.has(this.#picked) ? `line-${this.#picked}` : undefined;
    setAttribute(this.#box, 'aria-activedescendant', active);
  }

  /**
   * @param {number} number
   * @param {Entry} entry
   */
  #added(number, entry) {
    const row = rowOf(number, entry);
    this.#rows.set(number, row);
    this.#sheet.append(row);
    return row;
  }

  #clear() {
    this.#rows.clear();
    this.#sheet.replaceChildren();
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.#box;
    this.#isFollowing = scrollTop + clientHeight >= scrollHeight - this.#rowHeight;
    this.#top = this.#sieve.numberAt(Math.floor(scrollTop / this.#rowHeight));
    this.#draw();
  }

  #resized() {
    const isNarrow = this.#box.clientWidth < NARROW_BELOW;
    this.#box.classList.toggle('narrow', isNarrow);
    this.#rowHeight = isNarrow ? HEIGHT.narrow : HEIGHT.wide;
    this.refresh();
  }

  /** @param {number} number */
  #pickNumber(number) {
    const entry = this.#entries.get(number);
    if (entry === undefined) return;
    this.showNumber(number);
    this.#pick(number, entry);
  }

  /** @param {KeyboardEvent} event */
  #typed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { size } = this.#sieve;
    const last = size - 1;
    const page = Math.max(1, Math.floor(this.#box.clientHeight / this.#rowHeight) - 1);
    const at = this.#picked === undefined ? size : this.#sieve.placeOf(this.#picked);
    /** @type {Readonly<Record<string, number>>} */
    const places = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: last,
    };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const number = this.#sieve.numberAt(Math.max(0, Math.min(last, place)));
    if (number !== undefined) this.#pickNumber(number);
  }
}
