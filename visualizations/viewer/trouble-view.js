/** What is wrong, above everything else: what it is, since when, and what to do about it. */
import { byId, element, mark, setAttribute } from './element.js';

/**
 * @typedef {object} Trouble
 * @property {string} key
 * @property {string} actor a path that can be looked at
 * @property {'trouble' | 'waiting'} condition
 * @property {string} text
 * @property {string} remedy what to type or change; may be empty
 * @property {string} since
 */

export class TroubleView {
  #pane = byId('trouble');
  #list = byId('reasons');
  #shown = '';

  /**
   * @param {readonly Trouble[]} troubles the worst first
   * @param {string} calm what to say when there are none
   * @param {'well' | 'ended'} [condition] that this is
   */
  show(troubles, calm, condition = 'well') {
    const shown = JSON.stringify([troubles, calm]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    setAttribute(this.#pane, 'data-condition', troubles[0]?.condition ?? condition);
    this.#list.replaceChildren(
      ...(troubles.length === 0
        ? [element('li', { class: 'calm' }, mark(condition), calm)]
        : troubles.map(itemOf)),
    );
  }
}

/** @param {Trouble} trouble */
function itemOf({ actor, condition, text, remedy, since }) {
  const what =
    actor === ''
      ? element('span', { class: 'text' }, text)
      : element('button', { type: 'button', class: 'link text', 'data-choose': actor, title: actor }, text);
  return element(
    'li',
    { 'data-condition': condition },
    mark(condition),
    element(
      'p',
      {},
      what,
      ' ',
      element('span', { class: 'since' }, since),
      remedy !== '' && element('span', { class: 'remedy' }, ` → ${remedy}`),
    ),
  );
}
