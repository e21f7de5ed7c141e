/** Which part of a recording the timeline shows, along time or along events. */
/** @import { Recording } from './recording.js' */
import { count, duration } from './figures.js';

/** Milliseconds; marks stand at round ones. */
const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 12e5, 36e5, 72e5,
  216e5, 864e5,
];
const NARROWEST = { time: 20, events: 20 };

export class Window {
  #recording;
  #isByEvents;
  #from = 0;
  #to;

  /**
   * @param {Pick<Recording, 'times' | 'end'>} recording
   * @param {boolean} isByEvents
   */
  constructor(recording, isByEvents) {
    this.#recording = recording;
    this.#isByEvents = isByEvents;
    this.#to = this.#whole;
  }

  /** Differs whenever what is seen differs. */
  get key() {
    return `${this.#isByEvents} ${this.#from} ${this.#to}`;
  }

  get #whole() {
    const { times, end } = this.#recording;
    return Math.max(1, this.#isByEvents ? end : (times[end - 1] ?? 0));
  }

  /** Where an entry is: 0 at the left edge, 1 at the right one. @param {number} index one past the last is the end */
  shareOf(index) {
    return (this.#positionOf(index) - this.#from) / (this.#to - this.#from);
  }

  /** The entry nearest to a place. @param {number} share */
  indexAt(share) {
    const position = this.#from + share * (this.#to - this.#from);
    const { times, end } = this.#recording;
    if (this.#isByEvents) return Math.max(0, Math.min(end - 1, Math.round(position)));
    let low = 0;
    let high = end - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    const before = times[low - 1];
    return before !== undefined && position - before < (times[low] ?? position) - position ? low - 1 : low;
  }

  /**
   * @param {number} factor
   * @param {number} index stays where it is
   */
  zoom(factor, index) {
    const at = this.#positionOf(index);
    const narrowest = Math.min(this.#whole, this.#isByEvents ? NARROWEST.events : NARROWEST.time);
    const width = Math.max(narrowest, Math.min(this.#whole, (this.#to - this.#from) * factor));
    this.#place(at - this.shareOf(index) * width, width);
  }

  /** Brings an entry into sight. @param {number} index */
  follow(index) {
    const share = this.shareOf(index);
    if (share >= 0 && share <= 1) return;
    const width = this.#to - this.#from;
    this.#place(this.#positionOf(index) - width / 4, width);
  }

  /** @param {number} wanted at most so many */
  marks(wanted) {
    const width = this.#to - this.#from;
    const step = STEPS.find((it) => width / it <= wanted) ?? 864e5;
    const marks = [];
    for (let at = Math.ceil(this.#from / step) * step; at <= this.#to; at += step) {
      const text = this.#isByEvents ? count(at) : timeText(at, step);
      marks.push({ share: (at - this.#from) / width, text });
    }
    return marks;
  }

  /** @param {number} index */
  #positionOf(index) {
    const { times, end } = this.#recording;
    if (this.#isByEvents) return index;
    return index >= end ? this.#whole : (times[index] ?? 0);
  }

  /**
   * @param {number} from
   * @param {number} width
   */
  #place(from, width) {
    this.#from = Math.max(0, Math.min(this.#whole - width, from));
    this.#to = this.#from + width;
  }
}

/**
 * Milliseconds from the beginning, as fine as the marks are.
 * @param {number} ms
 * @param {number} step
 */
function timeText(ms, step) {
  if (step >= 1_000) return ms === 0 ? '0' : clock(ms);
  return `${(ms / 1_000).toFixed(step >= 100 ? 1 : 3)} s`;
}

/** "5 s", "1:30", "2:00:00". @param {number} ms */
function clock(ms) {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return duration(ms);
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
