/** The dead letters: what was given up and why, to be tried again or discarded. */
/** @import { DeadLetter } from '../../src/store.js' */
/** @import { Daemon } from './daemon.js' */
import { askAndDo } from './ask.js';
import { Refused } from './daemon.js';
import { byId, element, put, setText } from './element.js';
import { count, dayAndTime } from './figures.js';
import { notify } from './notice.js';
import { lettersOrder } from './orders.js';

/** As many as are shown; the rest is there once these are gone. */
const SHOWN_MAX = 200;

export class LettersView {
  #dialog = byId('letters', HTMLDialogElement);
  #daemon;
  #mayAct;
  /** @type {readonly DeadLetter[]} */
  #letters = [];
  /** @type {Set<number>} */
  #chosen = new Set();
  #buttons = {
    retry: element('button', { type: 'button', class: 'main' }),
    discard: element('button', { type: 'button', class: 'grave' }),
  };

  /**
   * @param {Daemon} daemon
   * @param {() => boolean} mayAct
   */
  constructor(daemon, mayAct) {
    this.#daemon = daemon;
    this.#mayAct = mayAct;
    this.#buttons.retry.addEventListener('click', () => this.#order('retry'));
    this.#buttons.discard.addEventListener('click', () => this.#order('discard'));
  }

  async open() {
    if (!(await this.#load())) return;
    this.#draw();
    this.#dialog.showModal();
  }

  async #load() {
    try {
      const answer = /** @type {{ letters: readonly DeadLetter[] }} */ (
        await this.#daemon.ask('GET', '/dead')
      );
      this.#letters = answer.letters;
      this.#chosen.clear();
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notify(error.message, 'trouble');
      return false;
    }
  }

  /** @param {'retry' | 'discard'} what */
  async #order(what) {
    const ids = this.#chosen.size > 0 ? [...this.#chosen] : 'all';
    const wasDone = await askAndDo(this.#daemon, lettersOrder(what, ids));
    if (wasDone && (await this.#load())) this.#draw();
  }

  #draw() {
    const close = element('button', { type: 'button' }, 'Close');
    close.addEventListener('click', () => this.#dialog.close());
    const total = this.#letters.length;
    const { retry, discard } = this.#buttons;
    this.#label();
    this.#dialog.replaceChildren();
    put(
      this.#dialog,
      element(
        'h2',
        { id: 'letters-title' },
        total === 0 ? 'Nothing was given up' : `${count(total)} dead letter${total === 1 ? '' : 's'}`,
      ),
      total > 0 &&
        element(
          'ul',
          { class: 'letters', tabindex: 0, 'aria-label': 'Dead letters' },
          ...this.#letters.slice(0, SHOWN_MAX).map((letter) => this.#itemOf(letter)),
        ),
      total > SHOWN_MAX && element('p', {}, `${count(total - SHOWN_MAX)} more are not listed.`),
      element(
        'p',
        { class: 'choices' },
        close,
        total > 0 && this.#mayAct() && discard,
        total > 0 && this.#mayAct() && retry,
      ),
    );
  }

  /** @param {DeadLetter} letter */
  #itemOf({ id, sink, end, at, code, text, notification: { message } }) {
    const box = element('input', { type: 'checkbox' });
    box.addEventListener('change', () => {
      if (box.checked) this.#chosen.add(id);
      else this.#chosen.delete(id);
      this.#label();
    });
    const why = end === 'expired' ? 'expired' : `${code}: ${text}`;
    return element(
      'li',
      {},
      element(
        'label',
        {},
        this.#mayAct() && box,
        element(
          'span',
          { class: 'said' },
          element('b', {}, message.sender.username),
          ` in ${message.channel}: ${message.text}`,
        ),
        element('span', { class: 'why' }, `${sink} · ${why} · ${dayAndTime(at)}`),
      ),
    );
  }

  #label() {
    const those = this.#chosen.size > 0 ? count(this.#chosen.size) : 'all';
    setText(this.#buttons.retry, `Retry ${those}…`);
    setText(this.#buttons.discard, `Discard ${those}…`);
  }
}
