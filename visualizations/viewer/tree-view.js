/** The supervision tree on the page: one row an actor, with its state as colour, shape and word. */
/** @import { Actors } from './actors.js' */
/** @import { Branch } from './tree-shape.js' */
/** @import { Condition } from './conditions.js' */
import { CONDITIONS, conditionOf, conditionOfActor } from './conditions.js';
import { element, mark, setAttribute, setText } from './element.js';
import { count } from './figures.js';
import { wordsOf } from './state-path.js';
import { inOrder, treeOf } from './tree-shape.js';

/** Where more are below one part than that, they are folded until somebody wants to see them. */
const UNFOLDED_MAX = 40;

/** @typedef {{ row: HTMLElement, mark: HTMLElement, name: HTMLElement, state: HTMLElement, below: HTMLElement }} Row */

export class TreeView {
  #list;
  #legend;
  #choose;
  /** @type {Branch} */
  #tree = treeOf([]);
  #shape = '';
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** By hand or by size. @type {Map<string, boolean>} */
  #folded = new Map();
  /** @type {Actors | undefined} */
  #actors;
  #chosen = '';

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} legend
   * @param {(path: string) => void} choose
   */
  constructor(list, legend, choose) {
    this.#list = list;
    this.#legend = legend;
    this.#choose = choose;
    list.addEventListener('click', (event) => this.#clicked(event));
    list.addEventListener('keydown', (event) => this.#typed(event));
  }

  /** The paths of all, in the order shown. */
  get paths() {
    return inOrder(this.#tree);
  }

  /**
   * @param {Actors} actors
   * @param {string} chosen
   */
  show(actors, chosen) {
    const hasMoved = chosen !== this.#chosen;
    this.#actors = actors;
    this.#chosen = chosen;
    const paths = actors.paths();
    const shape = paths.slice().sort().join('\n');
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#tree = treeOf(paths);
    }
    if (hasMoved) this.#unfoldTo(chosen);
    this.#draw();
  }

  focus() {
    this.#rows.get(this.#chosen)?.row.focus();
  }

  #draw() {
    /** @type {HTMLElement[]} */
    const wanted = [];
    /** @type {(branch: Branch, level: number) => void} */
    const walk = (branch, level) => {
      wanted.push(this.#rowOf(branch, level).row);
      if (!this.#isFolded(branch)) for (const below of branch.below) walk(below, level + 1);
    };
    walk(this.#tree, 1);
    const isSame =
      wanted.length === this.#list.children.length &&
      wanted.every((row, i) => row === this.#list.children[i]);
    if (!isSame) {
      const { activeElement } = document;
      this.#list.replaceChildren(...wanted);
      if (activeElement instanceof HTMLElement && this.#list.contains(activeElement)) activeElement.focus();
      for (const [path, { row }] of this.#rows) if (!row.isConnected) this.#rows.delete(path);
    }
    this.#drawLegend();
  }

  /**
   * @param {Branch} branch
   * @param {number} level
   */
  #rowOf(branch, level) {
    const known = this.#rows.get(branch.path) ?? this.#made(branch, level);
    const { row, mark, state, below } = known;
    const actor = this.#actors?.at(branch.path);
    const isFolded = this.#isFolded(branch);
    const isChosen = branch.path === this.#chosen;
    const condition = actor && conditionOfActor(actor);
    const living = this.#actors?.livingAt(branch.path) ?? 0;
    setAttribute(row, 'data-state', actor?.state);
    setAttribute(row, 'data-alive', actor && String(actor.isAlive));
    setAttribute(row, 'data-condition', condition);
    setAttribute(mark, 'data-condition', condition ?? 'none');
    setAttribute(row, 'aria-selected', String(isChosen));
    setAttribute(row, 'aria-expanded', branch.below.length > 0 ? String(!isFolded) : undefined);
    setAttribute(row, 'tabindex', isChosen || (this.#chosen === '' && level === 1) ? '0' : '-1');
    // How it was before it was cut off is told where it is looked at.
    const isCut = actor?.isAlive === false && conditionOf(actor.machine, actor.state) !== 'ended';
    setText(
      state,
      actor === undefined ? '' : isCut && condition === 'ended' ? 'ended' : wordsOf(actor.state),
    );
    setText(below, isFolded ? this.#summaryOf(branch) : living > 1 ? `×${living}` : '');
    return known;
  }

  /**
   * @param {Branch} branch
   * @param {number} level
   * @returns {Row}
   */
  #made({ path, name, below: branches }, level) {
    const fold = element('span', { class: 'fold', 'aria-hidden': 'true' });
    const shape = mark('none');
    const label = element('span', { class: 'name' }, name);
    const below = element('span', { class: 'below' });
    const state = element('span', { class: 'state' });
    const row = element(
      'div',
      {
        role: 'treeitem',
        'data-actor': path,
        'aria-level': level,
        title: path,
        class: branches.length > 0 && 'branch',
      },
      ...[fold, shape, label, below, state],
    );
    row.style.setProperty('--level', String(level - 1));
    const made = { row, mark: shape, name: label, state, below };
    this.#rows.set(path, made);
    return made;
  }

  /** What a folded part hides: how many, and what is not well. @param {Branch} branch */
  #summaryOf(branch) {
    const actors = inOrder(branch)
      .slice(1)
      .flatMap((path) => this.#actors?.at(path) ?? []);
    const parts = ['trouble', 'waiting'].flatMap((condition) => {
      const those = actors.filter((actor) => conditionOfActor(actor) === condition).length;
      return those > 0 ? [`${count(those)} ${condition === 'trouble' ? 'in trouble' : condition}`] : [];
    });
    return parts.join(', ') || count(actors.length);
  }

  #drawLegend() {
    /** @type {Record<Condition, number>} */
    const counts = { trouble: 0, waiting: 0, working: 0, well: 0, ended: 0 };
    for (const path of this.#actors?.paths() ?? []) {
      const actor = this.#actors?.at(path);
      if (actor) counts[conditionOfActor(actor)] += 1;
    }
    if (this.#legend.children.length === 0) {
      this.#legend.append(...CONDITIONS.map((it) => element('li', {}, mark(it), element('b'), ` ${it}`)));
    }
    CONDITIONS.forEach((condition, index) => {
      const item = this.#legend.children[index];
      if (item?.children[1]) setText(item.children[1], count(counts[condition]));
      item?.classList.toggle('none', counts[condition] === 0);
    });
  }

  /** @param {Branch} branch */
  #isFolded({ path, below }) {
    return below.length > 0 && (this.#folded.get(path) ?? below.length > UNFOLDED_MAX);
  }

  /** @param {string} path */
  #unfoldTo(path) {
    for (const branch of this.paths) if (path.startsWith(`${branch}/`)) this.#folded.set(branch, false);
  }

  /** @param {string} path */
  #toggle(path, isFolded = this.#rows.get(path)?.row.getAttribute('aria-expanded') === 'true') {
    this.#folded.set(path, isFolded);
    this.#draw();
  }

  /** @param {MouseEvent} event */
  #clicked({ target }) {
    const row = target instanceof Element ? target.closest('[data-actor]') : null;
    const path = row?.getAttribute('data-actor');
    if (path === null || path === undefined) return;
    if (target instanceof Element && target.matches('.fold')) this.#toggle(path);
    else this.#choose(path);
  }

  /** @param {KeyboardEvent} event */
  #typed(event) {
    const rows = /** @type {HTMLElement[]} */ ([...this.#list.children]);
    const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const row = rows[at];
    const path = row?.dataset.actor;
    if (row === undefined || path === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const isOpen = row.getAttribute('aria-expanded');
    const parent = rows.slice(0, at).findLast((it) => levelOf(it) < levelOf(row));
    const goTo = (/** @type {HTMLElement | undefined} */ other) => {
      if (other?.dataset.actor === undefined) return;
      this.#choose(other.dataset.actor);
      other.focus();
    };
    switch (event.key) {
      case 'ArrowDown':
        goTo(rows[at + 1]);
        break;
      case 'ArrowUp':
        goTo(rows[at - 1]);
        break;
      case 'ArrowRight':
        if (isOpen === 'false') this.#toggle(path, false);
        else if (isOpen === 'true') goTo(rows[at + 1]);
        break;
      case 'ArrowLeft':
        if (isOpen === 'true') this.#toggle(path, true);
        else goTo(parent);
        break;
      case 'Home':
        goTo(rows[0]);
        break;
      case 'End':
        goTo(rows.at(-1));
        break;
      case 'Enter':
      case ' ':
        this.#choose(path);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {Element} row */
const levelOf = (row) => Number(row.getAttribute('aria-level'));
