/** The keyboard: what each key does, and the page of help that lists them. */
import { byId, element } from './element.js';

/**
 * @typedef {object} Key
 * @property {string} key as the browser names it
 * @property {boolean} [shift] with it held; undefined: either way
 * @property {string} shown
 * @property {string} does
 * @property {() => void} act
 * @property {boolean} [isRecorded] of a recording only
 */

/** Where letters are typed, and arrows have a meaning of their own. */
const TYPING = 'input:not([type=checkbox]):not([type=range]), textarea, select, dialog';

/**
 * @param {readonly Key[]} keys
 * @param {() => boolean} isRecorded
 */
export function listenToKeys(keys, isRecorded) {
  document.addEventListener('keydown', (event) => {
    const { target, key, shiftKey, altKey, ctrlKey, metaKey, defaultPrevented } = event;
    if (defaultPrevented || altKey || ctrlKey || metaKey) return;
    if (target instanceof Element && target.closest(TYPING)) return;
    // A button is pressed with the space bar, and the slider moves with the arrows by itself.
    if (key === ' ' && target instanceof HTMLButtonElement) return;
    const found = keys.find(
      (it) =>
        it.key === key &&
        (it.shift === undefined || it.shift === shiftKey) &&
        (!it.isRecorded || isRecorded()),
    );
    if (found === undefined) return;
    event.preventDefault();
    found.act();
  });
}

/** @param {readonly Key[]} keys */
export function showHelp(keys) {
  const dialog = byId('help', HTMLDialogElement);
  const close = element('button', { type: 'button' }, 'Close');
  close.addEventListener('click', () => dialog.close());
  const listed = (/** @type {readonly Key[]} */ those) =>
    element(
      'dl',
      { class: 'keys' },
      ...those.flatMap(({ shown, does }) => [
        element('dt', {}, element('kbd', {}, shown)),
        element('dd', {}, does),
      ]),
    );
  dialog.replaceChildren(
    element('h2', { id: 'help-title' }, 'What this page does'),
    element(
      'p',
      {},
      'Every connection, breaker, queue and deadline of Earshot is a state machine. Here they are: all of them in the tree, one of them as a picture with its present state lit, and every transition in the log.',
    ),
    element('h3', {}, 'Keys'),
    listed(keys.filter(({ isRecorded }) => !isRecorded)),
    element('h3', {}, 'In a recording'),
    listed(keys.filter(({ isRecorded }) => isRecorded)),
    element('h3', {}, 'To act from here'),
    element(
      'p',
      {},
      'Type ',
      element('code', {}, 'earshot open'),
      ' where Earshot runs, and open the address it prints.',
    ),
    element('p', { class: 'choices' }, close),
  );
  dialog.showModal();
}
