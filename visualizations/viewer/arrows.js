/**
 * Which arrows of a statechart an event went along. A trace tells the states before and after; the picture may have
 * drawn the arrow from a state around the first to one around the second, and on the way through states that are
 * left again at once.
 */
import { isWithin } from './state-path.js';

/**
 * As the picture names it: `from` is empty where any state will do, an event may have a `*` at its end, and an
 * arrow without events is gone along at once.
 * @typedef {object} Arrow
 * @property {string} from
 * @property {string} to
 * @property {readonly string[]} events
 */

/** More states than that are not passed through in one step. */
const STEPS_MAX = 4;

/**
 * The arrows of the last turn, in order; none when the picture has no such way.
 * @template {Arrow} A
 * @param {readonly A[]} arrows
 * @param {{ event: string, from: string, to: string }} turn
 * @returns {A[]}
 */
export function arrowsOf(arrows, { event, from, to }) {
  const out = arrows
    .filter((arrow) => isWithin(arrow.from, from))
    .sort((a, b) => b.from.length - a.from.length);
  const byEvent = out.filter(({ events }) => events.some((it) => isNamed(it, event)));
  // What an event changed in the context may be what an arrow without events waited for.
  return wayTo(to, byEvent, arrows) ?? wayTo(to, out.filter(isGoneAtOnce), arrows) ?? [];
}

/**
 * @template {Arrow} A
 * @param {string} to
 * @param {readonly A[]} begins
 * @param {readonly A[]} arrows
 * @returns {A[] | undefined}
 */
function wayTo(to, begins, arrows) {
  let ways = begins.map((arrow) => [arrow]);
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const [arrived] = ways
      .filter((way) => isWithin(targetOf(way), to))
      .sort((a, b) => targetOf(b).length - targetOf(a).length);
    if (arrived !== undefined) return arrived;
    ways = ways.flatMap((way) =>
      arrows
        .filter((arrow) => isGoneAtOnce(arrow) && isWithin(targetOf(way), arrow.from))
        .map((arrow) => [...way, arrow]),
    );
  }
  return undefined;
}

/** @param {Arrow} arrow */
const isGoneAtOnce = ({ events }) => events.length === 0;

/** @param {readonly Arrow[]} way */
const targetOf = (way) => way.at(-1)?.to ?? '';

/**
 * @param {string} pattern
 * @param {string} event
 */
function isNamed(pattern, event) {
  return pattern.endsWith('*') ? event.startsWith(pattern.slice(0, -1)) : pattern === event;
}
