/**
 * Who is alive, in which state: what the lines of a trace add up to. The same for a daemon that is watched and for
 * a recording. Records are never changed, only replaced; so a copy at a moment costs one Map.
 */
/** @import { TraceActor, TraceEvent, TraceLine, ScheduledDelays } from '../../src/trace/format.js' */
import { isWithin, stateOf } from './state-path.js';

/**
 * An event that led from one state to another.
 * @typedef {object} Turn
 * @property {string} event
 * @property {string} from
 * @property {string} to
 * @property {number} wall epoch milliseconds
 * @property {number} seq
 */

/**
 * @typedef {object} Actor
 * @property {number} life
 * @property {string} path
 * @property {string} machine
 * @property {string} state as `stateOf` writes it
 * @property {Readonly<Record<string, unknown>>} context
 * @property {number} since when it came into this state, epoch milliseconds
 * @property {boolean} isMet it was in this state already when it was met, nobody knows since when
 * @property {Turn | null} turn the last one
 * @property {Readonly<Record<string, number>>} timers epoch milliseconds at which its delays are due, by their event
 * @property {boolean} isAlive
 */

export class Actors {
  /** By path: those alive there, or the one that lived there last. @type {Map<string, readonly Actor[]>} */
  #byPath;
  /** Paths of before the last header that have not been named since. @type {Set<string>} */
  #unconfirmed = new Set();
  #isSameProcess = false;
  /** Between a header and what happens next: who is named now was alive before. */
  #isIntroducing = false;

  /** @param {Map<string, readonly Actor[]>} [byPath] */
  constructor(byPath = new Map()) {
    this.#byPath = byPath;
  }

  /** A copy that stays as it is. */
  copy() {
    return new Actors(new Map(this.#byPath));
  }

  /** The paths of all, in the order in which they were met. */
  paths() {
    return [...this.#byPath.keys()];
  }

  /**
   * The actor at a path: the youngest that is alive, or the last that was.
   * @param {string} path
   */
  at(path) {
    return this.#byPath.get(path)?.at(-1);
  }

  /**
   * How many are alive at a path; more than one only of deadlines.
   * @param {string} path
   */
  livingAt(path) {
    return (this.#byPath.get(path) ?? []).filter(({ isAlive }) => isAlive).length;
  }

  /**
   * Takes one line. After a header everyone alive is named again; who is not, is gone.
   * @param {TraceLine} line
   * @param {boolean} [isSameProcess] for a header: whether lives are still the same ones
   */
  take(line, isSameProcess = false) {
    switch (line.kind) {
      case 'header':
        this.#unconfirmed = new Set(this.#byPath.keys());
        this.#isSameProcess = isSameProcess;
        this.#isIntroducing = true;
        return;
      case 'actor':
        this.#met(line);
        return;
      case 'event':
        this.settle();
        this.#took(line);
        return;
      case 'stopped':
        this.settle();
        this.#ended(line.path, line.life);
        return;
      case 'message':
      case 'gap':
        return;
    }
  }

  /** The introduction is over: forgets whom it did not name. Lines do it too. */
  settle() {
    for (const path of this.#unconfirmed) this.#byPath.delete(path);
    this.#unconfirmed.clear();
    this.#isIntroducing = false;
  }

  /**
   * Forgets those who ended longest ago, but for `kept` of them.
   * @param {number} kept
   */
  forgetEnded(kept) {
    const ended = [...this.#byPath].filter(([, [first]]) => first && !first.isAlive);
    for (const [path] of ended.slice(0, Math.max(0, ended.length - kept))) this.#byPath.delete(path);
  }

  /** @param {TraceActor} line */
  #met({ path, life, machine, value, context, wall, delays }) {
    const isIntroduced = this.#unconfirmed.delete(path);
    const there = this.#byPath.get(path) ?? [];
    const known = this.#isSameProcess ? there.find((it) => it.life === life) : undefined;
    const state = stateOf(value);
    /** @type {Actor} */
    const met = {
      life,
      path,
      machine,
      state,
      context,
      since: known?.state === state ? known.since : wall,
      isMet: known?.state === state ? known.isMet : this.#isIntroducing,
      turn: known?.turn ?? null,
      timers: known?.timers ?? dueAt(wall, delays),
      isAlive: true,
    };
    const others = isIntroduced ? [] : there.filter((it) => it.isAlive && it.life !== life);
    this.#byPath.delete(path);
    this.#byPath.set(path, [...others, met]);
  }

  /** @param {TraceEvent} line */
  #took({ path, life, machine, event, from, to, changed, delays, wall, seq }) {
    const there = this.#byPath.get(path) ?? [];
    const before = there.find((it) => it.life === life);
    const state = stateOf(to);
    const was = stateOf(from);
    const hasTurned = state !== was;
    /** @type {Actor} */
    const after = {
      life,
      path,
      machine,
      state,
      context: withChanges(before?.context ?? {}, changed),
      since: hasTurned || before === undefined ? wall : before.since,
      isMet: !hasTurned && (before?.isMet ?? true),
      turn: hasTurned ? { event: event.type, from: was, to: state, wall, seq } : (before?.turn ?? null),
      timers: stillRunning({ ...before?.timers, ...dueAt(wall, delays) }, machine, state, event.type, delays),
      isAlive: true,
    };
    const replaced =
      before === undefined
        ? [...there.filter(({ isAlive }) => isAlive), after]
        : there.map((it) => (it === before ? after : it));
    this.#byPath.set(path, replaced);
  }

  /**
   * @param {string} path
   * @param {number} life
   */
  #ended(path, life) {
    const there = this.#byPath.get(path) ?? [];
    const others = there.filter((it) => it.life !== life);
    const own = there.find((it) => it.life === life);
    if (others.some(({ isAlive }) => isAlive)) this.#byPath.set(path, others);
    else if (own !== undefined) {
      // To the end of the order: those who ended longest ago come first.
      this.#byPath.delete(path);
      this.#byPath.set(path, [{ ...own, timers: {}, isAlive: false }]);
    }
  }
}

/**
 * @param {Readonly<Record<string, unknown>>} context
 * @param {Readonly<Record<string, unknown>>} changed null: the key is gone, or holds nothing
 */
function withChanges(context, changed) {
  return Object.keys(changed).length === 0 ? context : { ...context, ...changed };
}

/**
 * @param {number} wall
 * @param {ScheduledDelays} [delays]
 */
function dueAt(wall, delays = {}) {
  return Object.fromEntries(Object.entries(delays).map(([event, ms]) => [event, wall + ms]));
}

const AFTER = /^xstate\.after\.[^.]+\.([^.]+)(?:\.(.+))?$/;

/**
 * Timers live as long as the state that set them; one that fired is over unless it was set anew.
 * @param {Readonly<Record<string, number>>} timers
 * @param {string} machine
 * @param {string} state
 * @param {string} fired
 * @param {ScheduledDelays} [setNow]
 */
function stillRunning(timers, machine, state, fired, setNow = {}) {
  const running = Object.entries(timers).filter(([event]) => {
    const [, id, owner = ''] = AFTER.exec(event) ?? [];
    const isHeld = id === machine && state.split(' ').some((leaf) => isWithin(owner, leaf));
    return isHeld && (event !== fired || Object.hasOwn(setNow, event));
  });
  return Object.fromEntries(running);
}
