/** The page: what is looked at, live or recorded, and one drawing of all of it at most ten times a second. */
/** @import { Source } from './open-trace.js' */
/** @import { Order } from './orders.js' */
import { ActorView } from './actor-view.js';
import { askAndDo } from './ask.js';
import { listenToControls } from './controls.js';
import { Daemon, Refused } from './daemon.js';
import { byId, setText } from './element.js';
import { awayText, HeadView } from './head-view.js';
import { LettersView } from './letters-view.js';
import { LiveMode } from './live-mode.js';
import { LogPane } from './log-pane.js';
import { notify } from './notice.js';
import { readTrace } from './open-trace.js';
import { ordersFor } from './orders.js';
import { Player } from './player.js';
import { RecordedMode } from './recorded-mode.js';
import { BadTrace } from './recording.js';
import { Session, takeCode } from './session.js';
import { troublesOf } from './status-lines.js';
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
  #actor = new ActorView((order) => this.act(order));
  #status = new StatusView(byId('figures-pane'));
  #trouble = new TroubleView();
  #letters = new LettersView(this.#daemon, () => this.#mayAct);
  #log = new LogPane((number) => this.#picked(number));
  #head = new HeadView();
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
    listenToControls(this);
    this.#log.look(this.#live.journal, true);
    await this.followAddress();
    if (this.#recorded === undefined && location.hash !== '#recorded') this.#live.start();
  }

  get isRecorded() {
    return this.#recorded !== undefined;
  }

  /** `#code=…` begins a session, `#recorded` opens what `earshot replay --open` serves. */
  async followAddress() {
    const code = takeCode(window);
    if (code !== undefined) {
      await this.#daemon.open(code).catch((/** @type {unknown} */ error) => {
        if (!(error instanceof Refused)) throw error;
        notify(`No session: ${error.message}. ${error.remedy}`, 'waiting');
      });
      this.hurry();
    }
    if (location.hash !== '#recorded') return;
    try {
      const body = await this.#daemon.stream('/recording', new AbortController().signal);
      await this.open([{ name: 'recording', size: 0, stream: () => body }]);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notify(`There is no recording at this address: ${error.message}`, 'trouble');
    }
  }

  /** The network may be back, or somebody looks again. */
  hurry() {
    this.#live.hurry();
    this.#soon();
  }

  /** @param {string} path */
  choose(path) {
    this.#chosen = path;
    this.#live.glance.follow(path, this.#live.actors.at(path));
    this.#log.choose(path);
    this.#draw();
  }

  /** Shows a recording instead of the daemon. @param {readonly Source[]} sources */
  async open(sources) {
    const name = sources.length === 1 ? (sources[0]?.name ?? '') : `${sources.length} segments`;
    try {
      const recording = await readTrace(sources, (share) =>
        this.#head.say(`Reading ${name}${share > 0 ? `: ${Math.round(share * 100)} %` : '…'}`),
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

  /** The filter of the log has changed. */
  sift() {
    this.#log.sift();
    this.#soon();
  }

  /** To the newest line of the log, and on with it. */
  follow() {
    this.#log.follow();
    this.#soon();
  }

  showLetters() {
    this.#letters.open();
  }

  /** Asks, and has the daemon do it. @param {Order} order */
  async act(order) {
    if (await askAndDo(this.#daemon, order)) this.#live.hurry();
    this.#soon();
  }

  /** @param {RecordedMode | undefined} recorded */
  #show(recorded) {
    this.#recorded = recorded;
    this.#head.showMode(recorded === undefined ? 'live' : 'recorded', this.#live.status !== undefined);
    this.#log.look(recorded?.recording ?? this.#live.journal, recorded === undefined);
    if (recorded !== undefined) {
      const { recording, cursor } = recorded;
      this.#timeline.open(recording, cursor, inOrder(treeOf(recorded.paths)));
      this.player.open(recording, cursor);
      setText(byId('recording-notes'), recording.notes.join(' '));
      this.#moved();
    }
    this.#draw();
  }

  /** @param {number} number */
  #picked(number) {
    if (this.#recorded !== undefined) this.player.moveTo(number);
    const path = this.#log.showLine(number);
    if (path) this.choose(path);
  }

  /** Within the recording. */
  #moved() {
    if (this.#recorded === undefined) return;
    this.#log.showLine(this.#recorded.cursor.index);
    this.#soon();
  }

  get #mayAct() {
    return this.#recorded === undefined && this.#session.token !== undefined;
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
    const living = (/** @type {string} */ path) => {
      const found = actors.at(path);
      return found?.isAlive ? found.state : undefined;
    };
    const orders = this.#mayAct ? ordersFor(this.#chosen, living) : [];
    this.#actor.show(this.#chosen, actor, charted, now, orders);
    if (recorded === undefined && glance.isBehind) this.#soon();
    this.#log.draw();
    if (recorded === undefined) this.#drawLive();
    else this.#drawRecorded(recorded);
  }

  /** @param {RecordedMode} recorded */
  #drawRecorded(recorded) {
    this.#timeline.draw(this.#chosen);
    this.#trouble.show(recorded.troubles(), recorded.calm);
    this.#status.showMoment(recorded.cursor.actors.at(ROOT), recorded.facts);
    this.#head.say('');
    this.#head.showActing('never');
  }

  #drawLive() {
    const { status, away } = this.#live;
    if (status) {
      this.#status.show(status, this.#live.actors.paths());
      if (away)
        this.#trouble.show(troublesOf(status), 'Whether anything is wrong is not known now.', 'ended');
      else this.#trouble.show(troublesOf(status), 'Nothing is wrong.');
    }
    if (away) this.#status.away(status !== undefined);
    this.#head.say(awayText(away, status));
    const without = this.#session.hasEnded ? 'sessionEnded' : 'needsSession';
    this.#head.showActing(this.#mayAct ? 'may' : status === undefined ? 'never' : without);
  }
}
