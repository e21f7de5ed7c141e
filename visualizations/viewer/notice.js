/** Short messages at the edge of the page, read out and gone after a while. */
import { byId, element, mark } from './element.js';

const SHOWN_MS = 12_000;
const SHOWN_MAX = 4;

/**
 * @param {string} text
 * @param {'well' | 'waiting' | 'trouble'} condition
 */
export function notify(text, condition) {
  const box = byId('notices');
  const close = element('button', { type: 'button', class: 'link', 'aria-label': 'Dismiss' }, '×');
  const notice = element(
    'p',
    { 'data-condition': condition },
    mark(condition),
    element('span', {}, text),
    close,
  );
  close.addEventListener('click', () => notice.remove());
  setTimeout(() => notice.remove(), SHOWN_MS);
  box.append(notice);
  while (box.children.length > SHOWN_MAX) box.firstElementChild?.remove();
}
