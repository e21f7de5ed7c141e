/** Moving through a recording: the slider, the step buttons, and playing it as it went. */
/** @import { Cursor, Step } from './cursor.js' */
/** @import { Recording } from './recording.js' */
import { byId, setAttribute, setText } from './element.js';
import { count, dayAndTime, duration, timeOfDay } from './figures.js';

const FRAME_MS = 100;
/** Where nothing happens for long, playing waits no longer than this. */
const PAUSE_MAX_MS = 1_000;

export class Player {
  #slider = byId('slider', HTMLInputElement);
  #moment = byId('moment');
  #play = byId('play', HTMLButtonElement);
  #moved;
  /** @type {{ recording: Recording, cursor: Cursor } | undefined} */
  #shown;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Where playing is; between two entries too. */
  #time = 0;
  #chosen = () => '';

  /**
   * @param {() => void} moved
   * @param {() => string} chosen the path of the chosen actor
   */
  constructor(moved, chosen) {
    this.#moved = moved;
    this.#chosen = chosen;
    this.#slider.addEventListener('input', () => this.moveTo(Number(this.#slider.value)));
    byId('step-back').addEventListener('click', () => this.step(-1));
    byId('step-forward').addEventListener('click', () => this.step(1));
    byId('to-start').addEventListener('click', () => this.moveTo(0));
    byId('to-end').addEventListener('click', () => this.moveTo(Number.MAX_SAFE_INTEGER));
    this.#play.addEventListener('click', () => this.toggle());
  }

  /**
   * @param {Recording} recording
   * @param {Cursor} cursor
   */
  open(recording, cursor) {
    this.close();
    this.#shown = { recording, cursor };
    this.#slider.max = String(recording.end - 1);
    this.#show();
  }

  close() {
    this.#pause();
    this.#shown = undefined;
  }

  /** @param {number} index */
  moveTo(index) {
    this.#pause();
    this.#go(index);
  }

  /**
   * @param {1 | -1} direction
   * @param {Step} [by]
   */
  step(direction, by = this.#stepBy()) {
    if (this.#shown) this.moveTo(this.#shown.cursor.next(direction, by, this.#chosen()));
  }

  toggle() {
    const shown = this.#shown;
    if (this.#timer !== undefined || shown === undefined) {
      this.#pause();
      return;
    }
    if (shown.cursor.isAtEnd) this.#go(0);
    this.#time = shown.cursor.time;
    this.#timer = setTimeout(() => this.#frame(), FRAME_MS);
    this.#showPlaying(true);
  }

  #frame() {
    const shown = this.#shown;
    if (shown === undefined) return;
    const { recording, cursor } = shown;
    const speed = Number(byId('speed', HTMLSelectElement).value);
    const next = recording.times[cursor.index + 1];
    if (next === undefined) {
      this.#pause();
      return;
    }
    this.#time = Math.max(this.#time + FRAME_MS * speed, next - PAUSE_MAX_MS * speed);
    const index = cursor.indexAt(this.#time);
    if (index > cursor.index) this.#go(index);
    this.#timer = setTimeout(() => this.#frame(), FRAME_MS);
  }

  #pause() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#showPlaying(false);
  }

  /** @param {number} index */
  #go(index) {
    if (this.#shown === undefined) return;
    this.#shown.cursor.moveTo(index);
    this.#show();
    this.#moved();
  }

  #show() {
    const shown = this.#shown;
    if (shown === undefined) return;
    const { cursor, recording } = shown;
    this.#slider.value = String(cursor.index);
    const moment = `${dayAndTime(cursor.wall)}${timeOfDay(cursor.wall).slice(8)}`;
    setText(
      this.#moment,
      `${count(cursor.index + 1)} of ${count(recording.end)} · ${moment} · +${duration(cursor.time)}`,
    );
    setAttribute(this.#slider, 'aria-valuetext', `entry ${cursor.index + 1} of ${recording.end}, ${moment}`);
  }

  /** @param {boolean} isPlaying */
  #showPlaying(isPlaying) {
    setAttribute(this.#play, 'aria-pressed', String(isPlaying));
    setText(this.#play, isPlaying ? 'pause' : 'play');
  }

  /** @returns {Step} */
  #stepBy() {
    const { value } = byId('step-by', HTMLSelectElement);
    return value === 'turn' || value === 'actor' ? value : 'event';
  }
}
