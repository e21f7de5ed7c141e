/**
 * A recorded trace, ready to be looked at anywhere: its entries, when they were, the lanes of its actors, and every
 * so often a keyframe, so that a jump to any moment lives through a few hundred entries at most.
 */
/** @import { Entry } from './entry.js' */
import { Actors } from './actors.js';
import { Chronicle } from './chronicle.js';
import { Lane } from './lane.js';
import { FORMAT, readLine } from './trace-line.js';

/** What was opened is no trace that this page can show; the message says why. */
export class BadTrace extends Error {}

const KEYFRAME_EVERY = 512;
const HEADER = '{"kind":"header"';
const QUOTED_MAX = 60;
/** What is wrong is said, but not ten thousand times. */
const NOTES_MAX = 8;

export class Recording {
  /** @type {Entry[]} */
  entries = [];
  /** Milliseconds from the first entry, by entry; they never go back, whatever a wall clock did. @type {number[]} */
  times = [];
  /** Epoch milliseconds, by entry. @type {number[]} */
  walls = [];
  /** By path, in the order in which they were met. @type {Map<string, Lane>} */
  lanes = new Map();
  /** Of what was not whole, for people. @type {string[]} */
  notes = [];
  /** Earshot's, of the last process. */
  version = '';
  /** After every 512th entry. @type {Actors[]} */
  #keyframes = [new Actors()];
  #chronicle = new Chronicle((entry, stamp) => this.#write(entry, stamp));
  #lineNumber = 0;
  /** A line that could not be read; whether it matters is known by what follows. @type {number | undefined} */
  #badLine;
  #unsaid = 0;
  /** Of the process in hand: its first `at`, and the time then. */
  #process = { at: 0, time: 0 };

  /** For those who look entries up by number. */
  get first() {
    return 0;
  }

  get end() {
    return this.entries.length;
  }

  /** @param {number} number */
  get(number) {
    return this.entries[number];
  }

  /** Takes the next line of the file. Throws BadTrace. @param {string} text */
  take(text) {
    this.#lineNumber += 1;
    if (text.trim() === '') return;
    const line = readLine(text);
    if (line === undefined) {
      this.#notRead(text);
      return;
    }
    if (this.entries.length === 0 && this.version === '' && line.kind !== 'header' && line.kind !== 'gap') {
      throw new BadTrace(
        `Line ${this.#lineNumber} is a ${line.kind} line, but a trace begins with a header.`,
      );
    }
    if (line.kind === 'header') {
      if (line.format !== FORMAT) throw new BadTrace(otherFormat(line));
      this.version = line.version;
    }
    if (this.#badLine !== undefined) this.#sayBad(line.kind === 'header');
    this.#chronicle.take(text, line);
  }

  /** The file has ended. Throws BadTrace when there was nothing in it. */
  finish() {
    this.#chronicle.settle();
    if (this.#badLine !== undefined) {
      this.#note(`Its last line is cut: the process was killed while it wrote it. All before it is here.`);
    }
    if (this.entries.length === 0) throw new BadTrace('There is nothing in it.');
    if (this.#unsaid > 0) this.notes.push(`And ${this.#unsaid} more of the kind.`);
  }

  /** The actors as they were after an entry; a copy of one's own. @param {number} index */
  keyframeBefore(index) {
    const number = Math.min(Math.floor((index + 1) / KEYFRAME_EVERY), this.#keyframes.length - 1);
    return { index: number * KEYFRAME_EVERY - 1, actors: (this.#keyframes[number] ?? new Actors()).copy() };
  }

  /**
   * @param {Entry} entry
   * @param {{ at: number, wall: number }} stamp
   */
  #write(entry, { at, wall }) {
    const index = this.entries.length;
    const last = this.times[index - 1] ?? 0;
    if (entry.beginning !== null && !entry.beginning.isSame) {
      const pauseMs = index === 0 ? 0 : Math.max(0, wall - (this.walls[index - 1] ?? wall));
      this.#process = { at, time: last + pauseMs };
    }
    this.entries.push(entry);
    this.walls.push(wall);
    this.times.push(Math.max(last, this.#process.time + at - this.#process.at));
    const { actors } = this.#chronicle;
    // What was said is nobody's: it has no lane.
    const own = entry.kind === 'message' ? [] : [entry.path];
    const paths = entry.beginning === null ? own : [...this.lanes.keys(), ...actors.paths()];
    for (const path of paths) this.#noteState(path, index, actors);
    if ((index + 1) % KEYFRAME_EVERY === 0) this.#keyframes.push(actors.copy());
  }

  /**
   * @param {string} path
   * @param {number} index
   * @param {Actors} actors
   */
  #noteState(path, index, actors) {
    const actor = actors.at(path);
    const lane = this.lanes.get(path) ?? new Lane(path, actor?.machine ?? '');
    this.lanes.set(path, lane);
    lane.note(index, actor?.isAlive ? actor.state : '');
  }

  /** @param {string} text */
  #notRead(text) {
    if (this.version === '') {
      const quoted = text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text;
      throw new BadTrace(`Line ${this.#lineNumber} is no line of a trace: ${JSON.stringify(quoted)}`);
    }
    // A killed process leaves a piece of a line, and what comes after may stand right behind it.
    const header = text.lastIndexOf(HEADER);
    if (header > 0) {
      this.#badLine = this.#lineNumber;
      this.#lineNumber -= 1;
      this.take(text.slice(header));
    } else {
      if (this.#badLine !== undefined) this.#sayBad(false);
      this.#badLine = this.#lineNumber;
    }
  }

  /** @param {boolean} wasKilled */
  #sayBad(wasKilled) {
    this.#note(
      wasKilled
        ? `Line ${this.#badLine} is cut: its process was killed while it wrote it, and another began.`
        : `Line ${this.#badLine} cannot be read and is left out.`,
    );
    this.#badLine = undefined;
  }

  /** @param {string} text */
  #note(text) {
    if (this.notes.length < NOTES_MAX) this.notes.push(text);
    else this.#unsaid += 1;
  }
}

/** @param {{ format: number, version: string }} header */
function otherFormat({ format, version }) {
  return `It is of format ${format}, written by Earshot ${version}; this page reads format ${FORMAT}. Open it with the version that wrote it.`;
}
