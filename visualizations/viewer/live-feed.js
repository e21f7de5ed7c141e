/**
 * The live trace: reads it, and when it ends or falls silent begins anew after a while, for as long as the page is
 * open. Each beginning names everyone alive, so nothing has to be asked for twice. Tells at most ten times a second.
 */
/** @import { TraceLine } from '../../src/trace/format.js' */
import { LineCutter, readLine } from './trace-line.js';

/**
 * A line as it came, and what it says.
 * @typedef {object} Told
 * @property {string} text
 * @property {TraceLine} line
 */

/** Connecting; connected; not, and when it is tried again. @typedef {{ kind: 'connecting' } | { kind: 'up' } | { kind: 'down', error: unknown, retryAt: number }} Link */

const TELL_MS = 100;
/** The daemon says nothing for five seconds at most. */
const SILENT_MS = 16_000;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 15_000;

export class LiveFeed {
  #open;
  #told;
  #link;
  #silentMs;
  /** @type {AbortController | undefined} */
  #attempt;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #failures = 0;
  #isEnded = false;
  /** @type {Told[]} */
  #batch = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #telling;

  /**
   * @param {object} options
   * @param {(signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>} options.open rejects when it is not to be had
   * @param {(batch: readonly Told[]) => void} options.told an empty batch: the introduction is over
   * @param {(link: Link) => void} options.link
   * @param {number} [options.silentMs] of silence after which it begins anew
   */
  constructor({ open, told, link, silentMs = SILENT_MS }) {
    this.#open = open;
    this.#told = told;
    this.#link = link;
    this.#silentMs = silentMs;
  }

  start() {
    this.#isEnded = false;
    this.#connect();
  }

  stop() {
    this.#isEnded = true;
    clearTimeout(this.#retry);
    this.#attempt?.abort();
  }

  /** Does not wait any longer, when it waits: the network may be back. */
  hurry() {
    if (this.#retry === undefined || this.#isEnded) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  async #connect() {
    this.#retry = undefined;
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#link({ kind: 'connecting' });
    /** @type {unknown} */
    let error = new Error('The daemon closed the connection');
    try {
      await this.#read(await this.#open(attempt.signal), attempt);
    } catch (failure) {
      error = failure;
    }
    attempt.abort();
    this.#tell();
    if (this.#isEnded) return;
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** this.#failures) * (0.75 + Math.random() / 2);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(), waitMs);
    this.#link({ kind: 'down', error, retryAt: Date.now() + waitMs });
  }

  /**
   * @param {ReadableStream<Uint8Array>} stream
   * @param {AbortController} attempt
   */
  async #read(stream, attempt) {
    const cutter = new LineCutter();
    const decoder = new TextDecoder();
    const reader = stream.getReader();
    let isUp = false;
    for (;;) {
      const silence = setTimeout(() => attempt.abort(new Error('The daemon fell silent')), this.#silentMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      if (!isUp) {
        isUp = true;
        this.#failures = 0;
        this.#link({ kind: 'up' });
      }
      for (const text of cutter.cut(decoder.decode(value, { stream: true }))) {
        const line = text === '' ? undefined : readLine(text);
        if (line !== undefined) this.#batch.push({ text, line });
      }
      this.#telling ??= setTimeout(() => this.#tell(), TELL_MS);
    }
  }

  #tell() {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    const batch = this.#batch;
    this.#batch = [];
    this.#told(batch);
  }
}
