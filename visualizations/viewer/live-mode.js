/** Watching a running daemon: its trace as it happens and its status once a second, for as long as the page is open. */
/** @import { StatusDocument } from '../../src/status.js' */
/** @import { Told } from './live-feed.js' */
/** @import { Daemon } from './daemon.js' */
import { Chronicle } from './chronicle.js';
import { Refused } from './daemon.js';
import { Glance } from './glance.js';
import { Journal } from './journal.js';
import { LiveFeed } from './live-feed.js';

const STATUS_MS = 1_000;
const STATUS_UNSEEN_MS = 10_000;
/** While there is no answer. */
const STATUS_RETRY_MAX_MS = 15_000;
/** Of actors that ended, so that one can see how. */
const ENDED_MAX = 60;

/**
 * What keeps the page from the daemon, in words; `isNone` when there is no daemon at this address at all.
 * @typedef {{ text: string, remedy: string, isNone: boolean } | undefined} Away
 */

export class LiveMode {
  journal = new Journal();
  glance = new Glance();
  /** @type {StatusDocument | undefined} */
  status;
  #chronicle = new Chronicle((entry) => this.journal.add(entry));
  #daemon;
  #changed;
  #feed;
  /** The trace and the status are asked apart, and may fail apart. */
  #away = { trace: /** @type {Away} */ (undefined), status: /** @type {Away} */ (undefined) };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isRunning = false;
  #failures = 0;

  /**
   * @param {Daemon} daemon
   * @param {() => void} changed something is to be shown
   */
  constructor(daemon, changed) {
    this.#daemon = daemon;
    this.#changed = changed;
    this.#feed = new LiveFeed({
      open: (signal) => daemon.stream('/trace', signal),
      told: (batch) => this.#told(batch),
      link: (link) => {
        if (link.kind === 'connecting') return;
        this.#away.trace = link.kind === 'down' ? reasonOf(link.error) : undefined;
        this.#changed();
      },
    });
  }

  get actors() {
    return this.#chronicle.actors;
  }

  /** Why what is shown may not be what is. */
  get away() {
    return this.#away.status ?? this.#away.trace;
  }

  start() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#feed.start();
    this.#askStatus();
  }

  stop() {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    this.#feed.stop();
  }

  /** Asks at once: something may have changed. */
  hurry() {
    if (!this.#isRunning) return;
    this.#feed.hurry();
    clearTimeout(this.#timer);
    this.#askStatus();
  }

  /** What the daemon's clock says, as far as this page can tell. */
  now() {
    return Date.now();
  }

  async #askStatus() {
    try {
      this.status = /** @type {StatusDocument} */ (await this.#daemon.ask('GET', '/status'));
      if (this.#away.status !== undefined) this.#feed.hurry();
      this.#away.status = undefined;
      this.#failures = 0;
    } catch (error) {
      this.#away.status = reasonOf(error);
      this.#failures += 1;
    }
    this.#changed();
    if (!this.#isRunning) return;
    clearTimeout(this.#timer);
    const waitMs = Math.min(
      STATUS_RETRY_MAX_MS,
      (document.hidden ? STATUS_UNSEEN_MS : STATUS_MS) * 2 ** this.#failures,
    );
    this.#timer = setTimeout(() => this.#askStatus(), waitMs);
  }

  /** @param {readonly Told[]} batch */
  #told(batch) {
    for (const { text, line } of batch) {
      this.#chronicle.take(text, line);
      this.glance.note(this.actors.at(this.glance.path));
    }
    // An introduction may come in pieces; a sign of life is not in the middle of one.
    if (batch.length === 0) this.#chronicle.settle();
    this.actors.forgetEnded(ENDED_MAX);
    this.#changed();
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  if (!(error instanceof Refused)) {
    return { text: error instanceof Error ? error.message : String(error), remedy: '', isNone: false };
  }
  const { status, message, remedy } = error;
  if (status === 401) {
    return {
      text: 'This address shows nothing without a session',
      remedy: 'type `earshot open` and open the address it prints',
      isNone: false,
    };
  }
  return { text: message, remedy, isNone: status === 404 };
}
