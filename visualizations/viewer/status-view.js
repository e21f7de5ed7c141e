/** The daemon's figures on the page: health in the head and the title, reasons, and tables of what there is. */
/** @import { StatusDocument } from '../../src/status.js' */
/** @import { Actor } from './actors.js' */
import { conditionOfActor } from './conditions.js';
import { byId, element, mark, put, setAttribute, setText } from './element.js';
import { duration, size } from './figures.js';
import { KeyedCards } from './keyed-cards.js';
import { KeyedTable } from './keyed-table.js';
import { wordsOf } from './state-path.js';
import * as lines from './status-lines.js';

const HEALTH = /** @type {const} */ ({
  starting: 'working',
  healthy: 'well',
  degraded: 'trouble',
  stopping: 'waiting',
});

/** Of the favicon; the same as in palette.css, in its light form. */
const COLORS = {
  working: '#0b5cad',
  well: '#1a7f4b',
  trouble: '#c2272d',
  waiting: '#8a5d00',
  ended: '#66707a',
};

export class StatusView {
  #health = byId('health');
  #facts = byId('facts');
  #icon = byId('icon', HTMLLinkElement);
  #sinks = new KeyedCards('Sinks');
  #connections = new KeyedCards('Connections');
  #tables = {
    channels: new KeyedTable('Channels', ['channel', 'state', 'heard', 'matched', 'dropped', 'last heard']),
    timeouts: new KeyedTable('Timeouts', ['operation', 'started', 'timed out', 'rate', 'longest']),
    account: new KeyedTable('Account', ['what was heard', 'messages'], false),
    parts: new KeyedTable('Other parts', ['part', 'how it is']),
  };

  /** @param {HTMLElement} pane */
  constructor(pane) {
    const { channels, timeouts, account, parts } = this.#tables;
    put(
      pane,
      sectionOf('Sinks', this.#sinks.element),
      sectionOf('Connections', this.#connections.element),
      sectionOf('Channels', channels.element),
      sectionOf('Timeouts', timeouts.element),
      sectionOf('Account', account.element),
      sectionOf('Parts', parts.element),
    );
  }

  /**
   * @param {StatusDocument} status
   * @param {readonly string[]} paths of the actors
   */
  show(status, paths) {
    const { health, version, uptimeMs, memory } = status;
    this.#showHealth(health, HEALTH[health]);
    setText(this.#facts, `${version} · up ${duration(uptimeMs)} · ${size(memory.rssBytes)}`);
    const trouble = status.reasons.find(({ severity }) => severity === 'degraded');
    document.title = `${trouble ? `${trouble.text} · ` : ''}${health} · Earshot`;
    this.#sinks.show(lines.sinkCards(status));
    this.#connections.show(lines.connectionCards(status));
    this.#tables.channels.show(lines.channelRows(status, paths));
    this.#tables.timeouts.show(lines.timeoutRows(status));
    this.#tables.account.show(lines.accountRows(status));
    this.#tables.parts.show(lines.partRows(status));
  }

  /** A moment of a recording: health is what its root said. @param {Actor | undefined} root @param {string} facts */
  showMoment(root, facts) {
    const isAlive = root?.isAlive === true;
    this.#showHealth(
      isAlive ? wordsOf(root.state) : 'not running',
      isAlive ? conditionOfActor(root) : 'ended',
    );
    setText(this.#facts, facts);
    document.title = 'recorded · Earshot';
  }

  /** The daemon is away; `isKnown`: but it was there. @param {boolean} isKnown */
  away(isKnown) {
    this.#showHealth(isKnown ? 'away' : 'not connected', 'ended');
    document.title = 'away · Earshot';
  }

  /**
   * @param {string} word
   * @param {keyof typeof COLORS} condition
   */
  #showHealth(word, condition) {
    if (this.#health.children.length === 0) this.#health.replaceChildren(mark(condition), element('b'));
    setAttribute(this.#health, 'data-condition', condition);
    setAttribute(this.#health.children[0] ?? this.#health, 'data-condition', condition);
    setText(this.#health.children[1] ?? this.#health, word);
    const circle = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><circle cx='8' cy='8' r='7' fill='${COLORS[condition]}'/></svg>`;
    setAttribute(this.#icon, 'href', `data:image/svg+xml,${encodeURIComponent(circle)}`);
  }
}

/**
 * @param {string} title
 * @param {HTMLElement} content
 */
function sectionOf(title, content) {
  const id = `figures-${title.toLowerCase()}`;
  return element(
    'section',
    { class: 'figures', 'aria-labelledby': id },
    element('h2', { id }, title),
    // A table may be wider than its place: then it is scrolled, by keyboard too.
    element('div', { class: 'scroll', role: 'group', 'aria-labelledby': id, tabindex: 0 }, content),
  );
}
