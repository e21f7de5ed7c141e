/** What stands above the panes: what is looked at, whether it is there, and what a person may do about it. */
/** @import { StatusDocument } from '../../src/status.js' */
/** @import { Away } from './live-mode.js' */
import { byId, setAttribute, setText } from './element.js';
import { timeOfDay } from './figures.js';
import { nowOf } from './status-lines.js';

export class HeadView {
  #mode = byId('mode');
  #link = byId('link');
  #session = byId('session');

  /**
   * @param {'live' | 'recorded'} mode
   * @param {boolean} hasLive there is a daemon to go back to
   */
  showMode(mode, hasLive) {
    setAttribute(this.#mode, 'data-mode', mode);
    setText(this.#mode, mode);
    setAttribute(byId('panes'), 'data-mode', mode);
    byId('figures-pane').hidden = mode === 'recorded';
    byId('timeline-pane').hidden = mode === 'live';
    byId('back-to-live').hidden = mode === 'live' || !hasLive;
  }

  /** @param {string} text empty: nothing to say */
  say(text) {
    this.#link.hidden = text === '';
    setText(this.#link, text);
  }

  /**
   * Without a session nothing can be done from here, and the page says how to come by one.
   * @param {'may' | 'needsSession' | 'sessionEnded' | 'never'} acting
   */
  showActing(acting) {
    for (const button of document.querySelectorAll('[data-acts]')) {
      setAttribute(button, 'hidden', acting === 'may' ? undefined : '');
    }
    this.#session.hidden = acting === 'may' || acting === 'never';
    setText(byId('session-ended'), acting === 'sessionEnded' ? 'The session is over. ' : '');
  }
}

/**
 * Why what is shown may not be what is.
 * @param {Away} away
 * @param {StatusDocument | undefined} status the last that is known
 */
export function awayText(away, status) {
  if (away === undefined) return '';
  const { text, remedy, isNone } = away;
  if (status !== undefined) {
    // A time and not an age: it is read out whenever it changes.
    return `${text}. Shown is what was known at ${timeOfDay(nowOf(status)).slice(0, 8)}. ${remedy}`;
  }
  return isNone
    ? 'There is no daemon at this address. Open a trace, or drop one on this page.'
    : `${text}. ${remedy}`;
}
