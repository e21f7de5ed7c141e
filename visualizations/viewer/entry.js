/**
 * One entry of the log: a line of a trace as it came, and what the log and the steps must know of it without
 * reading it again. The text is kept and not the object: a long trace is mostly text nobody looks at.
 */
/** @import { TraceLine } from '../../src/trace/format.js' */
/** @import { Actors } from './actors.js' */
import { stateOf } from './state-path.js';
import { readLine } from './trace-line.js';

/**
 * Where a reader began, or began afresh: everyone alive is named.
 * @typedef {object} Beginning
 * @property {boolean} isSame goes on with the process of before
 * @property {number} missing lines of it that were not seen
 * @property {readonly string[]} introduction the lines that name them
 */

/**
 * @typedef {object} Entry
 * @property {'begun' | 'actor' | 'event' | 'stopped' | 'message'} kind
 * @property {string} text the line
 * @property {string} path of its actor; empty where there is none
 * @property {boolean} isTurn led to another state
 * @property {boolean} isDropped
 * @property {Beginning | null} beginning with `begun` only
 */

/**
 * @param {string} text
 * @param {Exclude<TraceLine, { kind: 'gap' }>} line what the text says
 * @param {Beginning} [beginning] of a header
 * @returns {Entry}
 */
export function entryOf(text, line, beginning) {
  return {
    kind: line.kind === 'header' ? 'begun' : line.kind,
    text,
    path: 'path' in line ? line.path : '',
    isTurn: line.kind === 'event' && stateOf(line.from) !== stateOf(line.to),
    isDropped: line.kind === 'event' && line.dropped === true,
    beginning: beginning ?? null,
  };
}

/**
 * Whether an actor is another after it: it turned, began or ended.
 * @param {Entry} entry
 */
export function isChange({ kind, isTurn }) {
  return isTurn || kind === 'actor' || kind === 'stopped';
}

/**
 * Has the actors live through an entry.
 * @param {Actors} actors
 * @param {Entry} entry
 */
export function applyTo(actors, { text, beginning }) {
  const line = readLine(text);
  if (line === undefined) return;
  actors.take(line, beginning?.isSame);
  for (const introduced of beginning?.introduction ?? []) {
    const actor = readLine(introduced);
    if (actor !== undefined) actors.take(actor);
  }
  if (beginning !== null) actors.settle();
}
