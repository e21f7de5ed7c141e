/** The page: what is looked at, live or recorded, and one drawing of all of it at most ten times a second. */
/** @import { Source } from './open-trace.js' */
/** @import { Filter } from './sieve.js' */
import { ActorView } from './actor-view.js';
import { askAndDo } from './ask.js';
import { Daemon, Refused } from './daemon.js';
import { listenToFiles } from './drop.js';
import { byId, setAttribute, setText } from './element.js';
import { count, duration } from './figures.js';
import { listenToKeys, showHelp } from './keys.js';
import { keysOf } from './keys-of-page.js';
import { LettersView } from './letters-view.js';
import { LiveMode } from './live-mode.js';
import { inFull } from './log-row.js';
import { LogView } from './log-view.js';
import { notify } from './notice.js';
import { readTrace } from './open-trace.js';
import { STOP, WRITE_BLACKBOX } from './orders.js';
import { Player } from './player.js';
import { RecordedMode } from './recorded-mode.js';
import { BadTrace } from './recording.js';
import { Session, takeCode } from './session.js';
import { nowOf, troublesOf } from './status-lines.js';
import { StatusView } from './status-view.js';
import { TimelineView } from './timeline-view.js';
import { inOrder, treeOf } from './tree-shape.js';
import { TreeView } from './tree-view.js';
import { TroubleView } from './trouble-view.js';

const DRAW_MS = 100;
const ROOT = 'supervisor';

export class Page {
  #session = new Session(sessionStorage, Date.now);
  #daemon = new Daemon(this.#session);
  #live = new LiveMode(this.#daemon, () => this.#soon());
  /** While a recording is looked at. @type {RecordedMode | undefined} */
  #recorded;
  #tree = new TreeView(byId('tree'), byId('legend'), (path) => this.choose(path));
  #actor = new ActorView((order) => this.#do(order));
  #status = new StatusView(byId('figures-pane'));
  #trouble = new TroubleView();
  #letters = new LettersView(this.#daemon, () => this.#mayAct);
  #log = new LogView(byId('log'), (number) => this.#picked(number));
  player = new Player(
    () => this.#moved(),
    () => this.#chosen,
  );
  #timeline = new TimelineView(
    (path) => this.choose(path),
    (index) => this.player.moveTo(index),
  );
  #chosen = ROOT;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #drawing;

  async begin() {
    this.#listen();
    this.#log.look(this.#live.journal, this.#filter());
    await this.#followAddress();
    if (this.#recorded === undefined && location.hash !== '#recorded') this.#live.start();
  }

  /** @param {string} path */
  choose(path) {
    this.#chosen = path;
    this.#live.glance.follow(path, this.#live.actors.at(path));
    this.#log.sift(this.#filter());
    this.#draw();
  }

  /** Shows a recording instead of the daemon. @param {readonly Source[]} sources */
  async open(sources) {
    const name = sources.length === 1 ? (sources[0]?.name ?? '') : `${sources.length} segments`;
    const link = byId('link');
    try {
      link.hidden = false;
      const recording = await readTrace(sources, (share) =>
        setText(link, `Reading ${name}: ${Math.round(share * 100)} %`),
      );
      this.#live.stop();
      this.#show(new RecordedMode(recording, name));
    } catch (error) {
      if (!(error instanceof BadTrace) && !(error instanceof Refused)) throw error;
      notify(error.message, 'trouble');
    }
    this.#draw();
  }

  backToLive() {
    if (this.#recorded === undefined) return;
    history.replaceState(history.state, '', location.pathname);
    this.player.close();
    this.#timeline.close();
    this.#show(undefined);
    this.#live.start();
  }

  zoom(/** @type {number} */ factor) {
    this.#timeline.zoom(factor);
  }

  focusTree() {
    this.#tree.focus();
  }

  /** @param {RecordedMode | undefined} recorded */
  #show(recorded) {
    this.#recorded = recorded;
    const mode = recorded === undefined ? 'live' : 'recorded';
    byId('mode').dataset.mode = mode;
    setText(byId('mode'), mode);
    byId('panes').dataset.mode = mode;
    byId('figures-pane').hidden = recorded !== undefined;
    byId('timeline-pane').hidden = recorded === undefined;
    byId('back-to-live').hidden = recorded === undefined || this.#live.status === undefined;
    byId('entry').hidden = recorded === undefined;
    this.#log.look(recorded?.recording ?? this.#live.journal, this.#filter());
    if (recorded === undefined) this.#log.follow();
    else {
      const { recording, cursor } = recorded;
      this.#timeline.open(recording, cursor, inOrder(treeOf(recorded.paths)));
      this.player.open(recording, cursor);
      setText(byId('recording-notes'), recording.notes.join(' '));
      this.#moved();
    }
    this.#draw();
  }

  #listen() {
    const on = (/** @type {string} */ id, /** @type {() => void} */ act) =>
      byId(id).addEventListener('click', act);
    document.addEventListener('click', ({ target }) => {
      const link = target instanceof Element ? target.closest('[data-choose]') : null;
      if (link) this.choose(link.getAttribute('data-choose') ?? '');
    });
    for (const id of ['filter', 'only', 'only-chosen']) {
      byId(id).addEventListener('input', () => {
        this.#log.sift(this.#filter());
        this.#soon();
      });
    }
    on('newest', () => {
      this.#log.follow();
      this.#soon();
    });
    on('write-blackbox', () => this.#do(WRITE_BLACKBOX));
    on('stop-daemon', () => this.#do(STOP));
    on('show-letters', () => this.#letters.open());
    on('back-to-live', () => this.backToLive());
    listenToFiles((sources) => this.open(sources));
    const keys = keysOf(this);
    on('show-help', () => showHelp(keys));
    listenToKeys(keys, () => this.#recorded !== undefined);
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) return;
      this.#live.hurry();
      this.#soon();
    });
    window.addEventListener('online', () => this.#live.hurry());
    window.addEventListener('hashchange', () => this.#followAddress());
  }

  /** `#code=…` begins a session, `#recorded` opens what `earshot replay --open` serves. */
  async #followAddress() {
    const code = takeCode(window);
    if (code !== undefined) {
      await this.#daemon.open(code).catch((/** @type {unknown} */ error) => {
        if (!(error instanceof Refused)) throw error;
        notify(`No session: ${error.message}. ${error.remedy}`, 'waiting');
      });
      this.#live.hurry();
    }
    if (location.hash === '#recorded') await this.#openServed();
  }

  async #openServed() {
    const signal = new AbortController().signal;
    try {
      const body = await this.#daemon.stream('/recording', signal);
      await this.open([{ name: 'recording', size: 0, stream: () => body }]);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notify(`There is no recording at this address: ${error.message}`, 'trouble');
    }
  }

  /** @param {number} number */
  #picked(number) {
    if (this.#recorded !== undefined) this.player.moveTo(number);
    const path = this.#showEntry(number);
    if (path) this.choose(path);
  }

  /** @param {number} number */
  #showEntry(number) {
    const entry = (this.#recorded?.recording ?? this.#live.journal).get(number);
    byId('entry').hidden = entry === undefined;
    if (entry !== undefined) byId('entry').replaceChildren(...inFull(entry));
    return entry?.path;
  }

  /** Within the recording. */
  #moved() {
    const index = this.#recorded?.cursor.index;
    if (index === undefined) return;
    this.#log.showNumber(index);
    this.#showEntry(index);
    this.#soon();
  }

  get #mayAct() {
    return this.#recorded === undefined && this.#session.token !== undefined;
  }

  /** @param {import('./orders.js').Order} order */
  async #do(order) {
    if (await askAndDo(this.#daemon, order)) this.#live.hurry();
    this.#soon();
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
    const recorded = this.#recorded;
    const actors = recorded?.cursor.actors ?? this.#live.actors;
    const now = recorded?.cursor.wall ?? Date.now();
    this.#tree.show(actors, this.#chosen);
    const actor = actors.at(this.#chosen);
    const { glance } = this.#live;
    const charted = recorded === undefined ? glance.at(actor, performance.now()) : actor;
    this.#actor.show(this.#chosen, actor, charted, now, this.#mayAct);
    if (recorded === undefined && glance.isBehind) this.#soon();
    this.#log.refresh();
    const all = recorded?.recording ?? this.#live.journal;
    setText(byId('log-count'), `${count(this.#log.size)} of ${count(all.end - all.first)}`);
    byId('log-empty').hidden = this.#log.size > 0;
    const isFiltered = all.end > all.first;
    setText(
      byId('log-empty'),
      isFiltered ? 'No line passes the filter.' : 'Nothing has happened since this page met Earshot.',
    );
    byId('newest').hidden = recorded !== undefined || this.#log.isFollowing;
    if (recorded === undefined) this.#drawLive();
    else this.#drawRecorded(recorded);
  }

  /** @param {RecordedMode} recorded */
  #drawRecorded(recorded) {
    this.#timeline.draw(this.#chosen);
    this.#trouble.show(recorded.troubles());
    this.#status.showMoment(recorded.cursor.actors.at(ROOT), recorded.facts);
    byId('link').hidden = true;
    byId('session').hidden = true;
    for (const button of document.querySelectorAll('[data-acts]')) setAttribute(button, 'hidden', '');
  }

  #drawLive() {
    const { status, away } = this.#live;
    if (status) {
      this.#status.show(status);
      this.#trouble.show(troublesOf(status));
    }
    if (away) this.#status.away(status !== undefined);
    const link = byId('link');
    link.hidden = away === undefined;
    setText(link, away === undefined ? '' : awayText(away, status));
    for (const button of document.querySelectorAll('[data-acts]')) {
      setAttribute(button, 'hidden', this.#mayAct ? undefined : '');
    }
    byId('session').hidden = this.#mayAct || status === undefined;
    byId('session-ended').hidden = !this.#session.hasEnded;
  }
}

/**
 * @param {NonNullable<LiveMode['away']>} away
 * @param {LiveMode['status']} status
 */
function awayText({ text, remedy, isNone }, status) {
  if (status !== undefined) {
    return `${text}. Shown is the last that is known, ${duration(Date.now() - nowOf(status))} old. ${remedy}`;
  }
  return isNone
    ? 'There is no daemon at this address. Open a trace, or drop one on this page.'
    : `${text}. ${remedy}`;
}
