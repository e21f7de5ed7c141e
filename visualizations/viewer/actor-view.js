/** The chosen actor: what it is doing and since when, its statechart, its context as text. */
/** @import { Actor } from './actors.js' */
import { ChartView } from './chart-view.js';
import { conditionOfActor } from './conditions.js';
import { byId, element, mark, setAttribute, setText } from './element.js';
import { duration, short, timeOfDay } from './figures.js';
import { wordsOf } from './state-path.js';

export class ActorView {
  #pane = byId('actor-pane');
  #title = byId('actor-title');
  #state = byId('actor-state');
  #last = byId('actor-last');
  #context = byId('context');
  #chart = new ChartView(byId('chart'));
  /** @type {Readonly<Record<string, unknown>> | undefined} */
  #shownContext;

  /**
   * @param {string} path
   * @param {Actor | undefined} actor undefined when nobody lives there at this moment
   * @param {number} now epoch milliseconds
   */
  show(path, actor, now) {
    setText(this.#title, path === '' ? 'No actor chosen' : path);
    setAttribute(this.#pane, 'data-path', path);
    this.#chart.show(actor);
    this.#showState(path, actor, now);
    setText(this.#last, actor === undefined ? '' : linesOf(actor, now).join(' · '));
    this.#showContext(actor?.context);
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
    setText(
      rest,
      actor === undefined
        ? nobody
        : `${actor.isAlive ? '' : 'ended, '}${duration(now - actor.since)} · ${actor.machine}`,
    );
  }

  /** @param {Readonly<Record<string, unknown>> | undefined} context */
  #showContext(context) {
    if (context === this.#shownContext) return;
    const before = this.#shownContext;
    this.#shownContext = context;
    this.#context.replaceChildren(
      ...Object.entries(context ?? {}).map(([key, value]) => {
        const isNew = before !== undefined && key in before && before[key] !== value;
        return element(
          'div',
          {},
          element('dt', {}, key),
          element('dd', { class: isNew && 'changed' }, short(value)),
        );
      }),
    );
  }
}

/**
 * @param {Actor} actor
 * @param {number} now
 */
function linesOf({ turn, timers }, now) {
  const due = Object.entries(timers)
    .filter(([, at]) => at > now - 1_000)
    .map(([event, at]) => `${delayOf(event)} is due in ${duration(at - now)}`);
  if (turn === null) return ['no change of state seen', ...due];
  return [`${turn.event}: ${wordsOf(turn.from)} → ${wordsOf(turn.to)} at ${timeOfDay(turn.wall)}`, ...due];
}

/** `xstate.after.recovery.breaker.open` → `recovery`. @param {string} event */
function delayOf(event) {
  return event.split('.')[2] ?? event;
}
