/**
 * What the statechart lights while a daemon runs on. A probe is over within milliseconds, and the page is drawn ten
 * times a second: a state that was passed through is lit for the length of a glance all the same, so that the way is
 * seen. Only the chart stays behind for it, by two seconds at most; all else on the page is the present.
 */
/** @import { Actor } from './actors.js' */

const GLANCE_MS = 200;
const PASSED_MAX = 10;

export class Glance {
  path = '';
  #last = '';
  /** States it came into and that were not lit yet, oldest first. @type {Actor[]} */
  #passed = [];
  /** @type {Actor | undefined} */
  #lit;
  #litAt = Number.NEGATIVE_INFINITY;

  /**
   * @param {string} path whose states are looked at from now on
   * @param {Actor | undefined} actor as it is there
   */
  follow(path, actor) {
    this.path = path;
    this.#last = actor?.state ?? '';
    this.#passed = [];
  }

  /** Told after every line what the actor at the path is. @param {Actor | undefined} actor */
  note(actor) {
    if (actor === undefined || actor.state === this.#last) return;
    this.#last = actor.state;
    this.#passed.push(actor);
    if (this.#passed.length > PASSED_MAX) this.#passed.shift();
  }

  /** Whether there is more to light than the present. */
  get isBehind() {
    return this.#passed.length > 0;
  }

  /**
   * Whom to light now.
   * @param {Actor | undefined} present
   * @param {number} now milliseconds
   */
  at(present, now) {
    if (this.isBehind && now - this.#litAt >= GLANCE_MS) {
      this.#lit = this.#passed.shift();
      this.#litAt = now;
    }
    return this.isBehind ? (this.#lit ?? present) : present;
  }
}
