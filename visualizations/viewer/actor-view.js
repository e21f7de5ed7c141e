/** The chosen actor: what it is doing and since when, its statechart, its context as text. */
/** @import { Actor } from './actors.js' */
/** @import { Order } from './orders.js' */
import { ChartView } from './chart-view.js';
import { conditionOfActor } from './conditions.js';
import { byId, element, mark, setAttribute, setText } from './element.js';
import { eventWords } from './event-words.js';
import { duration, flat, timeOfDay } from './figures.js';
import { wordsOf } from './state-path.js';

export class ActorView {
  #pane = byId('actor-pane');
  #title = byId('actor-title');
  #state = byId('actor-state');
  #last = byId('actor-last');
  #context = byId('context');
  #chart = new ChartView(byId('chart'));
  #orders = byId('actor-orders');
  #act;
  /** @type {Actor | undefined} */
  #shown;
  #shownOrders = '';

  /** @param {(order: Order) => void} act */
  constructor(act) {
    this.#act = act;
    const whole = byId('whole-chart');
    whole.addEventListener('click', () => {
      const isWhole = whole.getAttribute('aria-pressed') !== 'true';
      setAttribute(whole, 'aria-pressed', String(isWhole));
      this.#chart.showWhole(isWhole);
    });
  }

  /**
   * @param {string} path
   * @param {Actor | undefined} actor undefined when nobody lives there at this moment
   * @param {Actor | undefined} charted the same, or as it was a glance ago
   * @param {number} now epoch milliseconds
   * @param {readonly Order[]} orders what a person may do about it
   */
  show(path, actor, charted, now, orders) {
    setText(this.#title, path === '' ? 'No actor chosen' : path);
    setAttribute(this.#pane, 'data-path', path);
    this.#chart.show(charted);
    this.#showState(path, actor, now);
    setText(this.#last, actor === undefined ? '' : linesOf(actor, now).join(' · '));
    this.#showContext(actor);
    this.#showOrders(orders);
    this.#shown = actor;
  }

  /**
   * @param {string} path
   * @param {Actor | undefined} actor
   * @param {number} now
   */
  #showState(path, actor, now) {
    const condition = actor === undefined ? 'none' : conditionOfActor(actor);
    if (this.#state.children.length === 0) this.#state.append(mark('none'), element('b'), element('span'));
    const [shape, word, rest] = this.#state.children;
    if (!shape || !word || !rest) return;
    setAttribute(shape, 'data-condition', condition);
    setAttribute(this.#state, 'data-condition', condition);
    setText(word, actor === undefined ? '' : wordsOf(actor.state));
    const nobody = path === '' ? '' : 'not alive at this moment';
    setText(rest, actor === undefined ? nobody : sinceOf(actor, now));
  }

  /** What changed since it was shown last stands out. @param {Actor | undefined} actor */
  #showContext(actor) {
    if (actor !== undefined && actor.context === this.#shown?.context) return;
    const isSame = actor !== undefined && this.#shown?.path === actor.path && this.#shown.life === actor.life;
    const before = isSame ? new Map(flat(this.#shown?.context ?? {})) : undefined;
    this.#context.replaceChildren(
      ...flat(actor?.context ?? {}).map(([key, value]) => {
        const isNew = before !== undefined && before.get(key) !== value;
        return element(
          'div',
          { class: isNew && 'changed' },
          element('dt', {}, key),
          element('dd', {}, value),
        );
      }),
    );
  }

  /** @param {readonly Order[]} orders */
  #showOrders(orders) {
    const shown = JSON.stringify(orders);
    if (shown === this.#shownOrders) return;
    this.#shownOrders = shown;
    this.#orders.replaceChildren(
      ...orders.map((order) => {
        const button = element('button', { type: 'button' }, order.label);
        button.addEventListener('click', () => this.#act(order));
        return button;
      }),
    );
  }
}

/**
 * @param {Actor} actor
 * @param {number} now
 */
function linesOf({ turn, timers }, now) {
  const due = Object.entries(timers).map(
    ([event, at]) => `${eventWords(event)}: ${at > now ? `in ${duration(at - now)}` : 'now'}`,
  );
  if (turn === null) return ['no change of state seen yet', ...due];
  return [
    `${eventWords(turn.event)}: ${wordsOf(turn.from)} → ${wordsOf(turn.to)}, ${timeOfDay(turn.wall)}`,
    ...due,
  ];
}

/**
 * @param {Actor} actor
 * @param {number} now
 */
function sinceOf({ machine, since, isMet, isAlive }, now) {
  const how = isAlive ? (isMet ? 'for at least' : 'for') : 'ended, last changed';
  return `${how} ${duration(now - since)}${isAlive ? '' : ' ago'} · ${machine}`;
}
