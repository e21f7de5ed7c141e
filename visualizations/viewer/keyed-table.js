/** A table whose rows keep their place: only cells that differ are written. */
import { element, setAttribute, setText } from './element.js';

/**
 * @typedef {object} Cells
 * @property {string} key
 * @property {string} [condition] colours the row's first cell
 * @property {string} [actor] chosen by a click on the row's name
 * @property {readonly (string | number)[]} cells the first is the row's name
 */

export class KeyedTable {
  element;
  #body = element('tbody');
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();
  #hasActors;

  /**
   * @param {string} caption
   * @param {readonly string[]} columns
   * @param {boolean} [hasActors] its rows are actors, which can be chosen
   */
  constructor(caption, columns, hasActors = true) {
    this.#hasActors = hasActors;
    const heads = columns.map((column, index) =>
      element('th', { scope: 'col', class: index === 0 && 'first' }, column),
    );
    this.element = element(
      'table',
      {},
      element('caption', { class: 'unseen' }, caption),
      element('thead', {}, element('tr', {}, ...heads)),
      this.#body,
    );
  }

  /** @param {readonly Cells[]} rows */
  show(rows) {
    const wanted = rows.map((row) => this.#rowOf(row));
    const keys = new Set(rows.map(({ key }) => key));
    for (const key of this.#rows.keys()) if (!keys.has(key)) this.#rows.delete(key);
    const isSame =
      wanted.length === this.#body.children.length &&
      wanted.every((row, i) => row === this.#body.children[i]);
    if (!isSame) this.#body.replaceChildren(...wanted);
  }

  /** @param {Cells} cells */
  #rowOf({ key, condition, actor, cells }) {
    const row = this.#rows.get(key) ?? this.#made(key, cells.length);
    const name = row.querySelector('.name');
    if (name) setAttribute(name, 'data-choose', actor);
    setAttribute(row, 'data-condition', condition);
    setAttribute(row.querySelector('.mark') ?? row, 'data-condition', condition ?? 'none');
    cells.forEach((cell, index) => {
      const there = row.children[index];
      const text = index === 0 ? there?.querySelector('.name') : there;
      if (text) setText(text, String(cell));
    });
    return row;
  }

  /**
   * @param {string} key
   * @param {number} columns
   */
  #made(key, columns) {
    // By keyboard the tree is there for it: nobody wants to pass a thousand channels.
    const name = this.#hasActors
      ? element('button', { type: 'button', class: 'name link', tabindex: -1 })
      : element('span', { class: 'name' });
    const first = element(
      'th',
      { scope: 'row' },
      element('span', { class: 'mark', 'aria-hidden': 'true' }),
      name,
    );
    const rest = Array.from({ length: columns - 1 }, () => element('td'));
    const row = element('tr', {}, first, ...rest);
    this.#rows.set(key, row);
    return row;
  }
}
