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

/** What every line of a kind has, and of which type; so that whoever takes one need not ask again. */
const STAMP = { at: 'number', wall: 'number' };
const WHOSE = { ...STAMP, seq: 'number', life: 'number', path: 'string', machine: 'string' };
/** @type {Readonly<Record<string, Readonly<Record<string, string>>>>} */
const SHAPES = {
  header: { ...STAMP, format: 'number', version: 'string' },
  actor: { ...WHOSE, context: 'object' },
  event: { ...WHOSE, event: 'object', changed: 'object' },
  stopped: WHOSE,
  message: { ...STAMP, seq: 'number', channel: 'string', username: 'string', text: 'string' },
  gap: { lines: 'number' },
};

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
  return isLine(value) ? value : undefined;
}

/** @param {unknown} value @returns {value is TraceLine} */
function isLine(value) {
  if (!isRecord(value)) return false;
  const kind = String(value.kind);
  if (!Object.hasOwn(SHAPES, kind)) return false;
  const isWhole = Object.entries(SHAPES[kind] ?? {}).every(([key, type]) =>
    type === 'object' ? isRecord(value[key]) : typeof value[key] === type,
  );
  const isNamed = kind !== 'event' || (isRecord(value.event) && typeof value.event.type === 'string');
  return isWhole && isNamed && (value.delays === undefined || isRecord(value.delays));
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isRecord(value) {
  return typeof value === 'object' && value !== null;
}

/** Of processes without a name. Clocks drift, and are set; a process that began at another time differs by more. */
const SAME_BEGINNING_MS = 5_000;

/**
 * Whether a header goes on with what the last one began: a further segment, or the same daemon met again. Another
 * process counts its lives and lines from 1, so nothing of the last one may be taken for its own.
 * @param {Pick<TraceHeader, 'process' | 'at' | 'wall'>} header
 * @param {Pick<TraceHeader, 'process' | 'at' | 'wall'> | undefined} last the last process, and when it was last heard of
 */
export function isSameProcess(header, last) {
  if (last === undefined) return false;
  if (header.process !== undefined && last.process !== undefined) return header.process === last.process;
  const beganApart = Math.abs(header.wall - header.at - (last.wall - last.at));
  return header.at >= last.at && beganApart < SAME_BEGINNING_MS;
}
