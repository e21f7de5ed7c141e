/** The statechart of the chosen actor: its machine's picture, with the present state lit and the last turn drawn. */
/** @import { Actor } from './actors.js' */
/** @import { Arrow } from './arrows.js' */
import { arrowsOf } from './arrows.js';
import { conditionOfActor } from './conditions.js';
import { element, setAttribute, setText } from './element.js';
import { withAncestors, wordsOf } from './state-path.js';
import { isAttributeAllowed, isElementAllowed } from './svg-rules.js';

const SVG = 'http://www.w3.org/2000/svg';
/** Smaller than that its words cannot be read: what does not fit is scrolled to. */
const SCALE = { min: 0.82, max: 1.15 };

export class ChartView {
  #box;
  /** By machine. @type {Map<string, Promise<SVGElement | undefined>>} */
  #pictures = new Map();
  /** Whose picture is wanted, and whose is on the page. */
  #machine = '';
  #drawn = '';
  /** What it shows now. */
  #shown = '';
  /** @type {Actor | undefined} */
  #actor;
  #isWhole = false;
  #note = element('figcaption');

  /** @param {HTMLElement} box */
  constructor(box) {
    this.#box = box;
    new ResizeObserver(() => this.#fit()).observe(box);
  }

  /** All of it at once, however small. @param {boolean} isWhole */
  showWhole(isWhole) {
    this.#isWhole = isWhole;
    this.#fit();
  }

  /** @param {Actor | undefined} actor */
  show(actor) {
    this.#actor = actor;
    if (actor === undefined) {
      this.#machine = '';
      this.#drawn = '';
      this.#box.replaceChildren();
    } else if (actor.machine !== this.#machine) {
      this.#machine = actor.machine;
      this.#shown = '';
      this.#fetched(actor.machine).then((picture) => {
        if (this.#machine !== actor.machine) return;
        this.#drawn = picture === undefined ? '' : actor.machine;
        this.#box.replaceChildren(
          picture ?? element('p', { class: 'missing' }, `There is no picture of ${actor.machine} here.`),
        );
        this.#box.append(this.#note);
        this.#fit();
        this.#light();
      });
    } else this.#light();
  }

  /** @param {string} machine */
  #fetched(machine) {
    const picture = this.#pictures.get(machine) ?? pictureOf(machine);
    this.#pictures.set(machine, picture);
    picture.then((found) => found ?? this.#pictures.delete(machine));
    return picture;
  }

  /** As large as there is room for, within what can be read. */
  #fit() {
    const svg = this.#box.querySelector('svg');
    const { width = 0, height = 0 } = svg?.viewBox.baseVal ?? {};
    if (svg === null || width === 0 || height === 0 || this.#box.clientWidth === 0) return;
    const room = Math.min((this.#box.clientWidth - 18) / width, (this.#box.clientHeight - 18) / height);
    const scale = Math.max(this.#isWhole ? 0 : SCALE.min, Math.min(SCALE.max, room));
    svg.setAttribute('width', String(Math.floor(width * scale)));
    svg.setAttribute('height', String(Math.floor(height * scale)));
    this.#bringIntoSight();
  }

  /** The present state, when it is out of sight. */
  #bringIntoSight() {
    const leaf = this.#box.querySelector('.leaf');
    if (leaf === null) return;
    const { top, left, bottom, right } = leaf.getBoundingClientRect();
    const box = this.#box.getBoundingClientRect();
    const isSeen = top >= box.top && left >= box.left && bottom <= box.bottom && right <= box.right;
    if (isSeen) return;
    this.#box.scrollBy({
      top: (top + bottom) / 2 - (box.top + box.bottom) / 2,
      left: (left + right) / 2 - (box.left + box.right) / 2,
    });
  }

  #light() {
    const actor = this.#actor;
    const svg = this.#box.querySelector('svg');
    if (actor === undefined || svg === null || this.#drawn !== actor.machine) return;
    const condition = conditionOfActor(actor);
    const shown = `${actor.state} ${condition} ${actor.turn?.seq} ${actor.life}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    const lit = new Set(actor.state.split(' ').flatMap(withAncestors));
    const leaves = new Set(actor.state.split(' '));
    for (const state of svg.querySelectorAll('[data-state]')) {
      const name = state.getAttribute('data-state') ?? '';
      state.classList.toggle('lit', lit.has(name));
      state.classList.toggle('leaf', leaves.has(name));
      setAttribute(state, 'data-condition', lit.has(name) ? condition : undefined);
    }
    const drawn = [...svg.querySelectorAll('.transition')].map((node) => ({ node, ...arrowOf(node) }));
    const last = actor.turn === null ? [] : arrowsOf(drawn, actor.turn).map(({ node }) => node);
    for (const { node } of drawn) node.classList.toggle('last', last.includes(node));
    this.#bringIntoSight();
    // A trace of another version may name what this version's picture does not have.
    const isMissing = svg.querySelector('.leaf') === null;
    setText(this.#note, isMissing ? `${wordsOf(actor.state)}: not in the picture of this version` : '');
    setAttribute(this.#box, 'aria-label', `Statechart of ${actor.machine}, now in ${wordsOf(actor.state)}`);
  }
}

/**
 * @param {Element} node
 * @returns {Arrow}
 */
function arrowOf(node) {
  return {
    from: node.getAttribute('data-from') ?? '',
    to: node.getAttribute('data-to') ?? '',
    events: (node.getAttribute('data-event') ?? '').split(' ').filter(Boolean),
  };
}

/**
 * @param {string} machine
 * @returns {Promise<SVGElement | undefined>} undefined when there is none
 */
async function pictureOf(machine) {
  try {
    const answer = await fetch(`/machines/${encodeURIComponent(machine)}.svg`);
    if (!answer.ok) return undefined;
    const parsed = new DOMParser().parseFromString(await answer.text(), 'image/svg+xml').documentElement;
    const copied = allowedCopy(parsed);
    return copied instanceof SVGElement ? copied : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Built anew of what is allowed, so that nothing else can have come along.
 * @param {Element} source
 * @returns {Element | undefined}
 */
function allowedCopy(source) {
  if (source.namespaceURI !== SVG || !isElementAllowed(source.localName)) return undefined;
  const copy = document.createElementNS(SVG, source.localName);
  for (const { name, value } of source.attributes) {
    if (isAttributeAllowed(name, value)) copy.setAttribute(name, value);
  }
  for (const child of source.childNodes) {
    if (child instanceof Text) copy.append(child.data);
    else if (child instanceof Element) copy.append(allowedCopy(child) ?? '');
  }
  return copy;
}
