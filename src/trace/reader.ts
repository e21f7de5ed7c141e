/**
 * The reader: takes the lines of one recording, and gives what they say or one sentence about what is wrong with
 * them. A last line that breaks off is what a killed process leaves, and no fault; anywhere else it is one.
 */
import { EarshotError } from '../errors.js';
import { asNumber, asObject, asText, type JsonObject, parseJson } from '../untrusted-json.js';
import { TRACE_FORMAT, type TraceLine } from './format.js';

const HEADER = '{"kind":"header"';
const SHOWN_MAX = 60;

interface Unread {
  readonly number: number;
  readonly text: string;
}

export class TraceReader {
  readonly #name: string;
  #number = 0;
  #hasHeader = false;
  #unread: Unread | undefined;
  #cut = 0;

  /** @param name of what is read, as errors call it. */
  constructor(name: string) {
    this.#name = name;
  }

  /** The number of the last line, from 1. */
  get number(): number {
    return this.#number;
  }

  get hasHeader(): boolean {
    return this.#hasHeader;
  }

  /** Lines that break off where their process was killed. */
  get cut(): number {
    return this.#cut;
  }

  /** Undefined for an empty line (the live stream's heartbeat), and for one that breaks off. */
  read(text: string): TraceLine | undefined {
    this.#number += 1;
    if (text.trim() === '') return undefined;
    const whole = lineOf(text);
    // Segments that were put together: the one that breaks off has no end of a line before the next begins.
    const glued = whole === undefined ? text.indexOf(HEADER, 1) : -1;
    const line = glued > 0 ? lineOf(text.slice(glued)) : whole;
    if (this.#unread !== undefined && line?.kind !== 'header') throw this.#garbage(this.#unread);
    if (this.#unread !== undefined || (glued > 0 && line !== undefined)) this.#cut += 1;
    this.#unread = undefined;
    if (line === undefined) {
      if (!this.#hasHeader && !(isCut(text) && text.startsWith(HEADER))) throw this.#noTrace();
      if (!isCut(text)) throw this.#garbage({ number: this.#number, text });
      this.#unread = { number: this.#number, text };
    } else if (line.kind === 'header') {
      if (line.format !== TRACE_FORMAT) throw this.#otherFormat(line.format, line.version);
      this.#hasHeader = true;
    } else if (!this.#hasHeader) throw this.#headless();
    return line;
  }

  /** There are no more lines. */
  end(): void {
    if (this.#unread !== undefined) this.#cut += 1;
    if (!this.#hasHeader) throw this.#empty(this.#unread !== undefined);
    this.#unread = undefined;
  }

  #garbage({ number, text }: Unread): EarshotError {
    return new EarshotError(
      'noTrace',
      `${this.#name}, line ${number} is no line of a trace: ${shortened(text)}`,
      'the file was altered or damaged: take the recording anew, or replay the lines before that one',
    );
  }

  #noTrace(): EarshotError {
    return new EarshotError(
      'noTrace',
      `${this.#name} is no trace: its first line is not the header of one`,
      RECORD_ONE,
    );
  }

  #headless(): EarshotError {
    return new EarshotError(
      'noTrace',
      `${this.#name} begins in the middle of a trace: its header is missing`,
      'give a whole segment: every one begins with its header and everyone alive',
    );
  }

  #otherFormat(format: number, version: unknown): EarshotError {
    const by = asText(version) === undefined ? '' : `, written by Earshot ${version}`;
    return new EarshotError(
      'otherFormat',
      `${this.#name} is a trace of format ${format}${by}; this version reads format ${TRACE_FORMAT}`,
      `replay it with ${format > TRACE_FORMAT ? 'that version, or a newer one' : 'the version that wrote it'}`,
    );
  }

  #empty(isCut: boolean): EarshotError {
    const text = isCut ? 'breaks off within its first line' : 'is empty';
    return new EarshotError('noTrace', `${this.#name} ${text}: there is nothing to replay`, RECORD_ONE);
  }
}

/** What to do when there is no trace. */
export const RECORD_ONE = 'record one: earshot run --trace DIR, or earshot demo --trace DIR';

function shortened(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/** What breaks off is never JSON; what is JSON and no line was never one. */
function isCut(text: string): boolean {
  return parseJson(text) === undefined;
}

/** The line as its kind requires it, or undefined. Of a header of another format only `format` is sure. */
function lineOf(text: string): TraceLine | undefined {
  const line = asObject(parseJson(text));
  return line !== undefined && isLine(line) ? (line as object as TraceLine) : undefined;
}

function isLine(line: JsonObject): boolean {
  switch (line.kind) {
    case 'header':
      return asNumber(line.format) !== undefined && (line.format !== TRACE_FORMAT || isHeader(line));
    case 'actor':
      return (
        isOfActor(line) && isState(line.value) && asObject(line.context) !== undefined && hasDelays(line)
      );
    case 'event':
      return (
        isOfActor(line) &&
        asText(asObject(line.event)?.type) !== undefined &&
        isState(line.from) &&
        isState(line.to) &&
        asObject(line.changed) !== undefined &&
        hasDelays(line)
      );
    case 'stopped':
      return isOfActor(line);
    case 'message':
      return isMessage(line);
    case 'gap':
      return asNumber(line.lines) !== undefined;
    default:
      return false;
  }
}

function isHeader({ version, at, wall, machines }: JsonObject): boolean {
  const hashes = asObject(machines);
  return (
    asText(version) !== undefined &&
    asNumber(at) !== undefined &&
    asNumber(wall) !== undefined &&
    hashes !== undefined &&
    Object.values(hashes).every((hash) => typeof hash === 'string')
  );
}

function isOfActor({ seq, at, wall, life, path, machine }: JsonObject): boolean {
  return (
    [seq, at, wall, life].every((it) => asNumber(it) !== undefined) &&
    asText(path) !== undefined &&
    asText(machine) !== undefined
  );
}

function isMessage({ seq, at, wall, channel, username, text, rules, reasons, sinks }: JsonObject): boolean {
  return (
    [seq, at, wall].every((it) => asNumber(it) !== undefined) &&
    [channel, username, text].every((it) => asText(it) !== undefined) &&
    [rules, reasons, sinks].every((it) => Array.isArray(it) && it.every((name) => typeof name === 'string'))
  );
}

function isState(value: unknown): boolean {
  return typeof value === 'string' || asObject(value) !== undefined;
}

function hasDelays({ delays }: JsonObject): boolean {
  return delays === undefined || Object.values(asObject(delays) ?? { '': null }).every(Number.isFinite);
}
