/** The page: what is looked at, the views of it, and one drawing of all at most ten times a second. */
/** @import { StatusDocument } from '../../src/status.js' */
/** @import { Filter } from './sieve.js' */
import { ActorView } from './actor-view.js';
import { Daemon, Refused } from './daemon.js';
import { byId, setText } from './element.js';
import { count, duration } from './figures.js';
import { LiveMode } from './live-mode.js';
import { inFull } from './log-row.js';
import { LogView } from './log-view.js';
import { Session, takeCode } from './session.js';
import { nowOf } from './status-lines.js';
import { StatusView } from './status-view.js';
import { TreeView } from './tree-view.js';
import { TroubleView } from './trouble-view.js';

const DRAW_MS = 100;

export class Page {
  #session = new Session(sessionStorage, Date.now);
  #daemon = new Daemon(this.#session);
  #live = new LiveMode(this.#daemon, () => this.#soon());
  #tree = new TreeView(byId('tree'), byId('legend'), (path) => this.#choose(path));
  #actor = new ActorView();
  #status = new StatusView(byId('figures-pane'));
  #trouble = new TroubleView();
  #log = new LogView(byId('log'), (_, entry) => {
    byId('entry').hidden = false;
    byId('entry').replaceChildren(...inFull(entry));
    if (entry.path !== '') this.#choose(entry.path);
  });
  #chosen = 'supervisor';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #drawing;

  async begin() {
    this.#listen();
    this.#log.look(this.#live.journal, this.#filter());
    const code = takeCode(window);
    if (code !== undefined) {
      await this.#daemon.open(code).catch((/** @type {unknown} */ error) => {
        if (!(error instanceof Refused)) throw error;
      });
    }
    this.#live.start();
  }

  #listen() {
    document.addEventListener('click', ({ target }) => {
      const link = target instanceof Element ? target.closest('[data-choose]') : null;
      if (link) this.#choose(link.getAttribute('data-choose') ?? '');
    });
    for (const id of ['filter', 'only', 'only-chosen']) {
      byId(id).addEventListener('input', () => {
        this.#log.sift(this.#filter());
        this.#soon();
      });
    }
    byId('newest').addEventListener('click', () => {
      this.#log.follow();
      this.#soon();
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#live.hurry();
    });
    window.addEventListener('online', () => this.#live.hurry());
  }

  /** @param {string} path */
  #choose(path) {
    this.#chosen = path;
    this.#log.sift(this.#filter());
    this.#draw();
  }

  /** @returns {Filter} */
  #filter() {
    const only = byId('only', HTMLSelectElement).value;
    return {
      words: byId('filter', HTMLInputElement).value,
      under: byId('only-chosen', HTMLInputElement).checked ? this.#chosen : '',
      only: only === 'turns' || only === 'dropped' ? only : 'all',
    };
  }

  #soon() {
    this.#drawing ??= setTimeout(() => this.#draw(), DRAW_MS);
  }

  #draw() {
    clearTimeout(this.#drawing);
    this.#drawing = undefined;
    if (document.hidden) return;
    const { actors, status, away } = this.#live;
    this.#tree.show(actors, this.#chosen);
    this.#actor.show(this.#chosen, actors.at(this.#chosen), this.#live.now());
    this.#log.refresh();
    setText(
      byId('log-count'),
      `${count(this.#log.size)} of ${count(this.#live.journal.end - this.#live.journal.first)}`,
    );
    byId('newest').hidden = this.#log.isFollowing;
    if (status) {
      this.#status.show(status);
      this.#trouble.show(troublesOf(status));
    }
    if (away) this.#status.away();
    const link = byId('link');
    link.hidden = away === undefined;
    setText(link, away === undefined ? '' : `${away.text}. ${away.remedy}`);
  }
}

/** @param {StatusDocument} status */
function troublesOf(status) {
  const now = nowOf(status);
  return status.reasons
    .map((reason) => ({
      key: reason.code + reason.actor,
      actor: reason.actor,
      condition: /** @type {'trouble' | 'waiting'} */ (
        reason.severity === 'degraded' ? 'trouble' : 'waiting'
      ),
      text: reason.text,
      remedy: reason.do,
      since: `for ${duration(now - reason.sinceAt)}`,
    }))
    .sort((a, b) => a.condition.localeCompare(b.condition));
}
