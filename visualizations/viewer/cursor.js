/** A place in a recording: the actors as they were after one of its entries. */
/** @import { Recording } from './recording.js' */
import { Actors } from './actors.js';
import { applyTo, isChange } from './entry.js';

/** Further than that a keyframe is nearer. */
const WALK_MAX = 512;

/**
 * By every entry, what was said among them; by every change of state; by what changes the chosen actor.
 *
 * @typedef {'event' | 'turn' | 'actor'} Step
 */

export class Cursor {
  #recording;
  #index = -1;
  #actors = new Actors();

  /** @param {Recording} recording */
  constructor(recording) {
    this.#recording = recording;
    this.moveTo(0);
  }

  get index() {
    return this.#index;
  }

  get actors() {
    return this.#actors;
  }

  /** When it is there, epoch milliseconds. */
  get wall() {
    return this.#recording.walls[this.#index] ?? 0;
  }

  /** Milliseconds from the beginning. */
  get time() {
    return this.#recording.times[this.#index] ?? 0;
  }

  get isAtEnd() {
    return this.#index === this.#recording.end - 1;
  }

  /** @param {number} wanted is kept within the recording */
  moveTo(wanted) {
    const index = Math.max(0, Math.min(this.#recording.end - 1, Math.round(wanted)));
    const isNear = index >= this.#index && index - this.#index <= WALK_MAX;
    let from = this.#index;
    if (!isNear) ({ index: from, actors: this.#actors } = this.#recording.keyframeBefore(index));
    for (let at = from + 1; at <= index; at += 1) {
      const entry = this.#recording.entries[at];
      if (entry !== undefined) applyTo(this.#actors, entry);
    }
    this.#index = index;
  }

  /**
   * Where a step leads; the same place when there is none such.
   * @param {1 | -1} direction
   * @param {Step} step
   * @param {string} chosen
   */
  next(direction, step, chosen) {
    const { entries } = this.#recording;
    for (let at = this.#index + direction; at >= 0 && at < entries.length; at += direction) {
      const entry = entries[at];
      if (entry === undefined) break;
      const isStop =
        step === 'event' ||
        entry.kind === 'begun' ||
        (isChange(entry) && (step === 'turn' || entry.path === chosen));
      if (isStop) return at;
    }
    return this.#index;
  }

  /** The last entry at or before a time. @param {number} time milliseconds from the beginning */
  indexAt(time) {
    const { times } = this.#recording;
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}
