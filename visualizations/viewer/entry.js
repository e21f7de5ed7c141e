/**
 * One entry of the log: a line of a trace as it came, and what the log and the steps must know of it without
 * reading it again. The text is kept and not the object: a long trace is mostly text nobody looks at.
 */
/** @import { TraceLine } from '../../src/trace/format.js' */
import { stateOf } from './state-path.js';

/**
 * @typedef {object} Entry
 * @property {'begun' | 'actor' | 'event' | 'stopped' | 'gap'} kind `begun`: a process began, or was met again
 * @property {string} text the line
 * @property {string} path of its actor; empty where there is none
 * @property {boolean} isTurn led to another state
 * @property {boolean} isDropped
 * @property {readonly string[]} introduction of everyone alive, with `begun` only
 */

/** @type {readonly string[]} */
const NOBODY = [];

/**
 * @param {string} text
 * @param {TraceLine} line what the text says
 * @param {readonly string[]} [introduction]
 * @returns {Entry}
 */
export function entryOf(text, line, introduction = NOBODY) {
  const kind = line.kind === 'header' ? 'begun' : line.kind;
  return {
    kind,
    text,
    path: 'path' in line ? line.path : '',
    isTurn: line.kind === 'event' && stateOf(line.from) !== stateOf(line.to),
    isDropped: line.kind === 'event' && line.dropped === true,
    introduction,
  };
}
