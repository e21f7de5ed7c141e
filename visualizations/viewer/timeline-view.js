/** The timeline: every actor a coloured lane, and where in the recording one is. Lanes out of sight are not drawn. */
/** @import { Cursor } from './cursor.js' */
/** @import { Recording } from './recording.js' */
/** @import { Lane } from './lane.js' */
import { byId, element, setText } from './element.js';
import { wordsOf } from './state-path.js';
import { Window } from './window.js';

/** @typedef {{ lane: Lane, row: HTMLElement, canvas: HTMLCanvasElement, state: HTMLElement, drawn: string }} Row */

const HEIGHT = 14;

export class TimelineView {
  #list = byId('timeline');
  #axis = byId('axis', HTMLSelectElement);
  #ruler = element('canvas', { class: 'ruler', 'aria-hidden': 'true' });
  #choose;
  #jump;
  /** @type {{ recording: Recording, cursor: Cursor, window: Window } | undefined} */
  #shown;
  /** @type {Map<Element, Row>} */
  #rows = new Map();
  /** @type {Set<Row>} */
  #inSight = new Set();
  #observer = new IntersectionObserver((changes) => this.#sighted(changes), { rootMargin: '60px' });

  /**
   * @param {(path: string) => void} choose
   * @param {(index: number) => void} jump
   */
  constructor(choose, jump) {
    this.#choose = choose;
    this.#jump = jump;
    this.#list.addEventListener('pointerdown', (event) => this.#pressed(event));
    this.#list.addEventListener('pointermove', (event) => event.buttons === 1 && this.#pressed(event));
    this.#axis.addEventListener('change', () => this.#turned());
    byId('zoom-in').addEventListener('click', () => this.zoom(0.5));
    byId('zoom-out').addEventListener('click', () => this.zoom(2));
    new ResizeObserver(() => this.draw()).observe(this.#list);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      for (const row of this.#rows.values()) row.drawn = '';
      this.draw();
    });
  }

  /**
   * @param {Recording} recording
   * @param {Cursor} cursor
   * @param {readonly string[]} paths in the order of the tree
   */
  open(recording, cursor, paths) {
    this.#observer.disconnect();
    this.#rows.clear();
    this.#inSight.clear();
    this.#shown = { recording, cursor, window: new Window(recording, this.#axis.value === 'events') };
    const lanes = paths.flatMap((path) => recording.lanes.get(path) ?? []);
    this.#list.replaceChildren(
      element('li', { class: 'ruler-row', 'aria-hidden': 'true' }, element('span'), this.#ruler),
      ...lanes.map((lane) => this.#made(lane).row),
    );
  }

  close() {
    this.#observer.disconnect();
    this.#rows.clear();
    this.#inSight.clear();
    this.#shown = undefined;
    this.#list.replaceChildren();
  }

  /** @param {number} factor below 1: nearer */
  zoom(factor) {
    this.#shown?.window.zoom(factor, this.#shown.cursor.index);
    this.draw();
  }

  /** @param {string} [chosen] */
  draw(chosen) {
    const shown = this.#shown;
    if (shown === undefined) return;
    shown.window.follow(shown.cursor.index);
    const width = this.#ruler.clientWidth;
    if (width === 0) return;
    const play = shown.window.shareOf(shown.cursor.index);
    const last = this.#list.lastElementChild;
    this.#list.style.setProperty('--play', `${play * width}px`);
    if (last instanceof HTMLElement)
      this.#list.style.setProperty('--lanes', `${last.offsetTop + last.offsetHeight}px`);
    for (const row of this.#inSight) this.#drawRow(row, width, chosen);
    this.#drawRuler(width);
  }

  /**
   * @param {Row} row
   * @param {number} width
   * @param {string | undefined} chosen
   */
  #drawRow(row, width, chosen) {
    const shown = this.#shown;
    if (shown === undefined) return;
    const { recording, cursor, window } = shown;
    setText(row.state, wordsOf(row.lane.stateAt(cursor.index)));
    if (chosen !== undefined) row.row.classList.toggle('chosen', row.lane.path === chosen);
    const key = `${width} ${window.key}`;
    if (row.drawn === key) return;
    row.drawn = key;
    const context = sized(row.canvas, width, HEIGHT);
    if (context === null) return;
    const columns = row.canvas.width;
    const columnOf = (/** @type {number} */ index) => window.shareOf(index) * columns;
    for (const { from, to, condition } of row.lane.runs(columnOf, columns, recording.end)) {
      context.fillStyle = colorOf(`lane-${condition}`);
      context.fillRect(from, 0, to - from, row.canvas.height);
    }
  }

  /** @param {number} width */
  #drawRuler(width) {
    const shown = this.#shown;
    const context = sized(this.#ruler, width, 18);
    if (shown === undefined || context === null) return;
    const ratio = this.#ruler.width / width;
    context.scale(ratio, ratio);
    context.font = '11px system-ui, sans-serif';
    context.fillStyle = colorOf('soft');
    for (const { share, text } of shown.window.marks(Math.max(2, Math.floor(width / 110)))) {
      context.fillRect(share * width, 12, 1, 6);
      context.fillText(text, Math.min(share * width + 3, width - context.measureText(text).width), 11);
    }
  }

  /** @param {Lane} lane */
  #made(lane) {
    const canvas = element('canvas', { 'aria-hidden': 'true' });
    const state = element('span', { class: 'state' });
    const cut = lane.path.lastIndexOf('/') + 1;
    const name = element(
      'button',
      // By keyboard the tree is there for it: nobody wants to pass a thousand lanes.
      { type: 'button', class: 'link', 'data-choose': lane.path, title: lane.path, tabindex: -1 },
      element('span', { class: 'around' }, lane.path.slice(0, cut)),
      lane.path.slice(cut),
    );
    const row = element(
      'li',
      { 'data-lane': lane.path },
      element('span', { class: 'who' }, name, state),
      canvas,
    );
    const made = { lane, row, canvas, state, drawn: '' };
    this.#rows.set(row, made);
    this.#observer.observe(row);
    return made;
  }

  /** @param {IntersectionObserverEntry[]} changes */
  #sighted(changes) {
    for (const { target, isIntersecting } of changes) {
      const row = this.#rows.get(target);
      if (row === undefined) continue;
      if (isIntersecting) this.#inSight.add(row);
      else this.#inSight.delete(row);
    }
    this.draw();
  }

  /** @param {PointerEvent} event */
  #pressed(event) {
    const { target, clientX } = event;
    if (this.#shown === undefined || !(target instanceof HTMLCanvasElement)) return;
    const { left, width } = target.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (clientX - left) / width));
    const path = target.closest('[data-lane]')?.getAttribute('data-lane');
    if (path && event.type === 'pointerdown') this.#choose(path);
    this.#jump(this.#shown.window.indexAt(share));
  }

  #turned() {
    if (this.#shown === undefined) return;
    this.#shown.window = new Window(this.#shown.recording, this.#axis.value === 'events');
    this.draw();
  }
}

/**
 * As many pixels as the screen has there; cleared.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
function sized(canvas, width, height) {
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  return canvas.getContext('2d');
}

/** @param {string} name */
function colorOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
}
