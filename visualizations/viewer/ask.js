/** Asking before something is done: a dialog that says what will happen, and does nothing unless it is told to. */
/** @import { Daemon } from './daemon.js' */
/** @import { Order } from './orders.js' */
import { Refused } from './daemon.js';
import { byId, element, put } from './element.js';
import { notify } from './notice.js';
import { DURATION, doneText } from './orders.js';

/**
 * Asks, and does it. Says what came of it.
 * @param {Daemon} daemon
 * @param {Order} order
 * @returns {Promise<boolean>} whether it was done
 */
export async function askAndDo(daemon, order) {
  const forTime = await asked(order);
  if (forTime === undefined) return false;
  try {
    const answer = await daemon.ask('POST', order.path, {
      ...order.body,
      ...(forTime !== '' && { for: forTime }),
    });
    notify(doneText(order, answer), 'well');
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const remedy = error.status === 401 ? 'The session is over. Type: earshot open' : error.remedy;
    notify([error.message, remedy].filter(Boolean).join('. '), 'trouble');
    return false;
  }
}

/**
 * @param {Order} order
 * @returns {Promise<string | undefined>} for how long, or '' where that is not asked; undefined: not to be done
 */
function asked({ title, text, verb, takesDuration = false, isGrave = false }) {
  const dialog = byId('ask', HTMLDialogElement);
  const input = element('input', {
    type: 'text',
    id: 'ask-for',
    value: '30m',
    size: 8,
    'aria-describedby': 'ask-hint',
  });
  const hint = element('span', { id: 'ask-hint' }, 'such as 90s, 30m or 2h');
  const confirm = element(
    'button',
    { type: 'submit', value: 'yes', class: isGrave ? 'grave' : 'main' },
    verb,
  );
  const cancel = element('button', { type: 'button' }, 'Cancel');
  const form = element('form', { method: 'dialog' });
  put(
    form,
    element('h2', { id: 'ask-title' }, title),
    element('p', { id: 'ask-text' }, text),
    takesDuration &&
      element('p', {}, element('label', { for: 'ask-for' }, 'For how long? '), input, ' ', hint),
    element('p', { class: 'choices' }, cancel, confirm),
  );
  dialog.setAttribute('aria-describedby', 'ask-text');
  dialog.replaceChildren(form);
  cancel.addEventListener('click', () => dialog.close('no'));
  form.addEventListener('submit', (event) => {
    if (!takesDuration || DURATION.test(input.value)) return;
    event.preventDefault();
    input.setAttribute('aria-invalid', 'true');
    hint.textContent = `“${input.value}” is no duration; write 90s, 30m or 2h`;
    input.focus();
  });
  dialog.returnValue = '';
  dialog.showModal();
  (takesDuration ? input : cancel).focus();
  return new Promise((resolve) => {
    const closed = () =>
      resolve(
        dialog.returnValue !== 'yes' ? undefined : takesDuration ? input.value.replaceAll(' ', '') : '',
      );
    dialog.addEventListener('close', closed, { once: true });
  });
}
