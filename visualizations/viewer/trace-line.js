/** Lines of a trace, as src/trace/FORMAT.md describes them: cut out of a stream, and read one by one. */
/** @import { TraceLine, TraceHeader } from '../../src/trace/format.js' */

/** The form this page reads. */
export const FORMAT = 3;

/** Cuts text that comes in pieces into lines. Keeps a line's beginning until its end has come. */
export class LineCutter {
  #rest = '';

  /**
   * The lines that are whole now; an empty one is a sign of life.
   * @param {string} piece
   */
  cut(piece) {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }

  /** What came after the last end of a line: a writer that was killed leaves such a piece. */
  get rest() {
    return this.#rest;
  }
}

const KINDS = new Set(['header', 'actor', 'event', 'stopped', 'gap']);

/**
 * The line, or undefined when the text is none.
 * @param {string} text
 * @returns {TraceLine | undefined}
 */
export function readLine(text) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  const isKnown = typeof value.kind === 'string' && KINDS.has(value.kind);
  const isWhole = value.kind === 'header' || value.kind === 'gap' || ('path' in value && 'machine' in value);
  return isKnown && isWhole ? /** @type {TraceLine} */ (value) : undefined;
}

/** Clocks drift, and are set; a process that began at another time differs by more. */
const SAME_BEGINNING_MS = 5_000;

/**
 * Whether a header goes on with what the last one began: a further segment, or the same daemon met again. Another
 * process counts its lives and lines from 1, so nothing of the last one may be taken for its own.
 * @param {Pick<TraceHeader, 'at' | 'wall'>} header
 * @param {Pick<TraceHeader, 'at' | 'wall'> | undefined} last the last line with a time
 */
export function isSameProcess(header, last) {
  if (last === undefined) return false;
  const beganApart = Math.abs(header.wall - header.at - (last.wall - last.at));
  return header.at >= last.at && beganApart < SAME_BEGINNING_MS;
}
