/**
 * Whose lines these are. A folder may hold segments of one process and of the next one, and flight recordings that
 * overlap; each process numbers its lines and its lives from 1. A header names its process; where older versions did
 * not, another one can only have begun after the last line of the one before it was written.
 */
import type { TraceHeader, TraceLine } from './format.js';

/** A line of an actor. */
export type Numbered = Extract<TraceLine, { readonly life: number }>;

interface Writer {
  readonly process: string | undefined;
  /** Wall time at which its monotonic clock read 0. */
  readonly beganAt: number;
  last: Numbered;
  seqMax: number;
  lifeMax: number;
}

export interface Place {
  /** Nothing is missing before it; a header may stand there. */
  readonly isNext: boolean;
  /** After everyone alive was introduced: an actor that it tells of for the first time has just started. */
  readonly isLater: boolean;
  /** No earlier line tells of the same: overlapping flight recordings do. */
  readonly isNew: boolean;
  readonly isNewLife: boolean;
}

/** Two clocks agree so far when one process began, unless somebody set the wall's meanwhile. */
const SAME_BEGINNING_MS = 1_000;

export class Writers {
  #writer: Writer | undefined;
  #header: TraceHeader | undefined;
  #introducedAt = 0;
  #missing = 0;

  /** Lines that are missing between others. */
  get missing(): number {
    return this.#missing;
  }

  begin(header: TraceHeader): void {
    this.#header = header;
  }

  follow(line: Numbered): Place {
    const known = this.#known(line);
    const writer = known ?? {
      process: this.#header?.process,
      beganAt: line.wall - line.at,
      last: line,
      seqMax: 0,
      lifeMax: 0,
    };
    const isNew = line.seq > writer.seqMax;
    const isNewLife = line.life > writer.lifeMax;
    // All that a segment begins with has the number of the last line before it.
    const isIntroduction = this.#header !== undefined && line.kind === 'actor' && !isNewLife;
    const missing = line.seq - writer.last.seq - (isIntroduction ? 0 : 1);
    if (this.#header !== undefined) this.#introducedAt = line.seq;
    this.#header = undefined;
    this.#writer = writer;
    this.#missing += Math.max(0, missing);
    writer.last = line;
    writer.seqMax = Math.max(writer.seqMax, line.seq);
    writer.lifeMax = Math.max(writer.lifeMax, line.life);
    const isNext = known !== undefined && (missing === 0 || missing === -1);
    return { isNext, isLater: line.seq > this.#introducedAt, isNew, isNewLife };
  }

  #known({ seq }: Numbered): Writer | undefined {
    const [writer, header] = [this.#writer, this.#header];
    if (writer === undefined || header === undefined) return writer;
    if (header.process !== undefined && writer.process !== undefined)
      return header.process === writer.process ? writer : undefined;
    const { last } = writer;
    const beganAt = header.wall - header.at;
    if (beganAt > last.wall) return undefined;
    if (seq >= last.seq) return writer;
    // Flight recordings overlap: the later file begins before the earlier one ends.
    const overlaps = header.at < last.at && Math.abs(beganAt - writer.beganAt) < SAME_BEGINNING_MS;
    return overlaps ? writer : undefined;
  }
}
