/**
 * Makes entries of lines, and keeps who is alive. A header and those it introduces are one entry; a further segment
 * of the same process, of which nothing is missing, is none.
 */
/** @import { TraceActor, TraceHeader, TraceLine } from '../../src/trace/format.js' */
/** @import { Entry } from './entry.js' */
import { Actors } from './actors.js';
import { entryOf } from './entry.js';
import { isSameProcess } from './trace-line.js';

/** @typedef {{ text: string, line: TraceHeader, introduction: string[], seq: number | undefined, isSame: boolean }} Opening */

export class Chronicle {
  actors = new Actors();
  #write;
  /** @type {Opening | undefined} */
  #opening;
  /** Whose lines these are, and when the last one was. @type {Pick<TraceHeader, 'process' | 'at' | 'wall'> | undefined} */
  #last;
  #lastSeq = 0;
  #missed = 0;

  /** @param {(entry: Entry, at: { at: number, wall: number }) => void} write called when the actors have lived through it */
  constructor(write) {
    this.#write = write;
  }

  /**
   * @param {string} text
   * @param {TraceLine} line what it says
   */
  take(text, line) {
    if (line.kind === 'gap') {
      this.#missed += line.lines;
      return;
    }
    if (line.kind === 'header') {
      this.settle();
      const isSame = isSameProcess(line, this.#last);
      this.#opening = { text, line, introduction: [], seq: undefined, isSame };
      this.actors.take(line, isSame);
    } else if (line.kind === 'actor' && this.#isIntroduced(line)) {
      this.actors.take(line);
      this.#opening?.introduction.push(text);
    } else {
      this.settle();
      this.actors.take(line);
      this.#lastSeq = line.seq;
      this.#write(entryOf(text, line), line);
    }
    const { process } = line.kind === 'header' ? line : (this.#last ?? {});
    this.#last = { ...(process !== undefined && { process }), at: line.at, wall: line.wall };
  }

  /** The introduction is over: nothing more of it can come. */
  settle() {
    const opening = this.#opening;
    if (opening === undefined) return;
    this.#opening = undefined;
    this.actors.settle();
    const { text, line, introduction, seq, isSame } = opening;
    const unseen = isSame && seq !== undefined ? Math.max(0, seq - this.#lastSeq) : 0;
    const missing = Math.max(unseen, this.#missed);
    this.#missed = 0;
    this.#lastSeq = seq ?? (isSame ? this.#lastSeq : 0);
    if (isSame && missing === 0) return;
    this.#write(entryOf(text, line, { isSame, missing, introduction }), line);
  }

  /**
   * Those who are introduced all bear the number of the line before. The very first of a process is born.
   * @param {TraceActor} line
   */
  #isIntroduced({ seq }) {
    const opening = this.#opening;
    if (opening === undefined || (seq === 1 && !opening.isSame)) return false;
    opening.seq ??= seq;
    return opening.seq === seq;
  }
}
