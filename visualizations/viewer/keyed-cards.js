/** A few things with many figures each: a card a thing, written to only where something differs. */
import { element, mark, setAttribute, setText } from './element.js';

/**
 * @typedef {object} Card
 * @property {string} key
 * @property {string} condition
 * @property {string} actor chosen by a click on its name
 * @property {string} name
 * @property {string} state
 * @property {Readonly<Record<string, string>>} figures by what they tell
 * @property {string} note what went wrong last, or nothing
 */

export class KeyedCards {
  element;
  /** @type {Map<string, HTMLElement>} */
  #cards = new Map();

  /** @param {string} label */
  constructor(label) {
    this.element = element('ul', { class: 'cards', 'aria-label': label });
  }

  /** @param {readonly Card[]} cards */
  show(cards) {
    const wanted = cards.map((card) => this.#cardOf(card));
    const keys = new Set(cards.map(({ key }) => key));
    for (const key of this.#cards.keys()) if (!keys.has(key)) this.#cards.delete(key);
    const { children } = this.element;
    const isSame = wanted.length === children.length && wanted.every((card, at) => card === children[at]);
    if (!isSame) this.element.replaceChildren(...wanted);
  }

  /** @param {Card} card */
  #cardOf({ key, condition, actor, name, state, figures, note }) {
    const card = this.#cards.get(key) ?? this.#made(key, actor, Object.keys(figures));
    setAttribute(card, 'data-condition', condition);
    const text = (/** @type {string} */ selector, /** @type {string} */ value) => {
      const found = card.querySelector(selector);
      if (found) setText(found, value);
    };
    setAttribute(card.querySelector('.mark') ?? card, 'data-condition', condition);
    text('.name', name);
    text('.state', state);
    text('.note', note);
    const values = card.querySelectorAll('dd');
    Object.values(figures).forEach((value, at) => {
      const there = values[at];
      if (there) setText(there, value);
    });
    return card;
  }

  /**
   * @param {string} key
   * @param {string} actor
   * @param {readonly string[]} labels
   */
  #made(key, actor, labels) {
    const card = element(
      'li',
      {},
      element(
        'p',
        { class: 'card-head' },
        mark('none'),
        element('button', { type: 'button', class: 'name link', 'data-choose': actor }),
        element('span', { class: 'state' }),
        element('span', { class: 'note' }),
      ),
      element(
        'dl',
        {},
        ...labels.map((label) => element('div', {}, element('dt', {}, label), element('dd'))),
      ),
    );
    this.#cards.set(key, card);
    return card;
  }
}
