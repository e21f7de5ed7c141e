/** The watch: hears from every part of the stage what happens, and holds it against what is promised. */
import { secretsOf } from '../../src/config.js';
import type { DaemonEnd } from '../../src/daemon.js';
import type { Endpoint } from '../../src/demo/kick-http.js';
import type { StatusDocument } from '../../src/status.js';
import type { Store } from '../../src/store.js';
import { Actors } from './actors.js';
import type { Message } from './chat.js';
import { type StoreAct, type StoreMethod, type StoreWatch, WRITES } from './disk.js';
import type { KickWatch } from './kick.js';
import type { KickWebWatch } from './kick-web.js';
import type { Life } from './life.js';
import type { Hand } from './plan.js';
import { AccountCheck } from './promises/account.js';
import { Bounds } from './promises/bounds.js';
import { Circuits, type CircuitTerms } from './promises/circuits.js';
import { Contents } from './promises/contents.js';
import { Deliveries } from './promises/deliveries.js';
import { Ending } from './promises/ending.js';
import { Ends } from './promises/ends.js';
import { Figures } from './promises/figures.js';
import { Gaps } from './promises/gaps.js';
import { Hearings } from './promises/hearings.js';
import { Judgements } from './promises/judgements.js';
import { Ledger } from './promises/ledger.js';
import { Links } from './promises/links.js';
import { Lookups } from './promises/lookups.js';
import { Orders } from './promises/orders.js';
import { Patience } from './promises/patience.js';
import { Rest } from './promises/rest.js';
import { Restarts } from './promises/restarts.js';
import { Rooms } from './promises/rooms.js';
import { Verdict } from './promises/verdict.js';
import { configOf, roomOf, SECRETS } from './shape.js';
import type { SinkWatch } from './sink-watch.js';
import type { Wire } from './sockets.js';
import type { Running, Stage } from './stage.js';
import type { Exchange } from './web.js';

const STREAM_ENDED = /"channel\.(\d+)".*StopStreamBroadcast|StopStreamBroadcast.*"channel\.(\d+)"/s;
/** The breaker of the one connection. */
const CIRCUIT = 'sources/kick/connection-1/breaker';
const SECRET = 'no secret is written anywhere';
/** How often the states are looked at, and the status. */
const LOOK_MS = 500;
const POLL_MS = 4_000;
/** By then what waited for the store stands there. */
const WRITTEN_MS = 1_000;

export class Watch implements SinkWatch, StoreWatch, KickWatch, KickWebWatch {
  readonly verdict: Verdict;
  readonly ledger: Ledger;
  readonly deliveries: Deliveries;
  readonly #hearings: Hearings;
  readonly #account: AccountCheck;
  readonly #judgements: Judgements;
  readonly #gaps: Gaps;
  readonly circuits: Circuits;
  readonly patience: Patience;
  readonly ending: Ending;
  readonly ends: Ends;
  readonly #links: Links;
  readonly #lookups: Lookups;
  readonly #rest: Rest;
  readonly #rooms: Rooms;
  readonly #bounds: Bounds;
  readonly #contents: Contents;
  readonly #figures: Figures;
  readonly #orders: Orders;
  readonly #restarts: Restarts;
  readonly #stage: Stage;
  readonly #config;
  readonly #secrets: readonly string[] = Object.values(SECRETS);
  actors: Actors;
  #lookAt = 0;
  #struckAt = -1;
  #pollAt = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    const { timeline, chat, plan } = stage;
    const { shape } = plan;
    this.#config = configOf(shape, '');
    const terms = new Map<string, CircuitTerms>(
      this.#config.sinks.flatMap((sink) =>
        sink.type === 'console'
          ? []
          : [[sink.name, { type: sink.type, timeout: sink.timeout, ...sink.breaker }] as const],
      ),
    );
    const verdict = new Verdict(timeline);
    this.verdict = verdict;
    this.ledger = new Ledger(timeline, verdict);
    const { ledger } = this;
    this.deliveries = new Deliveries(ledger, chat, timeline, verdict);
    const dropped = () => stage.running?.daemon.status().account.dropped ?? 0;
    const judgements = new Judgements(shape, dropped, timeline, verdict);
    const orders = new Orders(ledger, dropped, verdict);
    this.#orders = orders;
    const hearings: Hearings = new Hearings(chat, shape, timeline, {
      first: (message, hearing) => {
        orders.heard(message, hearing.isSure);
        judgements.heard(message, hearings.rules(message.n), hearing);
      },
      live: (room, isSure) => this.#rooms.heard(room, isSure),
      doubted: (room) => {
        orders.doubted(room);
        judgements.doubted(room);
      },
    });
    this.#judgements = judgements;
    this.#hearings = hearings;
    this.#account = new AccountCheck(hearings, ledger, verdict);
    this.#gaps = new Gaps({ shape, hearings, ledger, timeline, verdict, dropped });
    this.circuits = new Circuits(terms, timeline, verdict);
    this.patience = new Patience(terms, () => stage.wall, timeline, verdict);
    const rules = new Map(this.#config.sinks.map((sink) => [sink.name, sink] as const));
    const { deliveries, patience } = this;
    this.ends = new Ends({ ledger, chat, rules, deliveries, patience, timeline, verdict });
    this.#rooms = new Rooms(this.#config, timeline, verdict);
    this.#links = new Links(this.#config, timeline, verdict);
    this.#lookups = new Lookups(timeline, verdict);
    this.ending = new Ending(timeline, verdict);
    this.#rest = new Rest(timeline, verdict);
    this.#bounds = new Bounds(verdict);
    this.#restarts = new Restarts(timeline, verdict);
    this.#contents = new Contents(ledger, verdict);
    this.#figures = new Figures(terms, this.patience, verdict);
    this.actors = this.#newActors();
    if (secretsOf(this.#config).length === 0)
      throw new Error('the configuration holds no secret to look for');
  }

  // Lives

  began(): void {
    this.actors = this.#newActors();
    this.deliveries.began();
    this.#hearings.began();
    this.#judgements.began();
    this.#gaps.began();
    this.#orders.began();
    this.#links.began();
    this.#rooms.began();
    this.#restarts.began();
    this.circuits.began(this.#stage.wall);
    this.patience.began();
    this.#figures.began();
    this.ending.began();
    this.ledger.began(this.#stage.plan.shape.sinks.map(({ name }) => name));
  }

  /** After every step, at rest. */
  step(): void {
    const { running, timeline, web, kick } = this.#stage;
    if (running === undefined || running.end !== undefined || timeline.now < this.#lookAt) return;
    this.#lookAt = timeline.now + LOOK_MS;
    const { life, daemon } = running;
    const { sinks } = this.#stage.plan.shape;
    const { ledger, deliveries, actors } = this;
    const scene = {
      actors,
      config: this.#config,
      sinks,
      ledger,
      deliveries,
      exchanges: web.open,
      wires: kick.wires,
      stalledUntil: life.stalledUntil,
    };
    this.#rest.lookAtWaits(scene);
    if (ledger.isOpen) {
      const store = actors.alive.get('store');
      const isWritten =
        store?.state === 'ready' &&
        ledger.refusesSince === undefined &&
        timeline.now - Math.max(store.sinceAt, life.stalledUntil) > WRITTEN_MS;
      this.circuits.look(actors, isWritten);
      this.patience.look(actors, isWritten);
    }
    if (this.ending.isStopping) this.ending.look(this.#config, life.stalledUntil);
    else {
      this.#rest.look(scene);
      this.#links.look(actors.stateOf(CIRCUIT));
      this.#rooms.look();
    }
    this.#isExpiryLookedFor(life);
    this.#restarts.look(actors, life.stalledUntil);
    if (timeline.now >= this.#pollAt) this.poll(daemon.status());
  }

  /** Looks at the status of the life that runs. */
  poll(status: StatusDocument): void {
    const { running, timeline, web, kick } = this.#stage;
    if (running === undefined) return;
    this.#pollAt = timeline.now + POLL_MS;
    this.#bounds.measure({
      status,
      life: running.life,
      actors: this.actors,
      config: this.#config,
      exchanges: web.open,
      wires: kick.wires,
      ledger: this.ledger,
    });
    this.#account.poll(status);
    const open = [...web.open].filter((exchange) => exchange.life === running.life);
    this.#figures.poll(status, this.actors, open, timeline.now);
    this.#contents.look(this.#stage.disk.db, status);
    this.#holdsNoSecret('the status', JSON.stringify(status));
  }

  stops(): void {
    this.ending.asked(this.ledger.refusesSince !== undefined);
    this.#gaps.stops();
  }

  byHand(hand: Hand): void {
    // Whoever is being started anew does not hear of it.
    if (!('name' in hand) || this.actors.alive.has(`sinks/${hand.name}/breaker`)) this.circuits.byHand(hand);
    this.patience.byHand(hand);
    if ('name' in hand && hand.name.startsWith('connection-')) this.#links.byHand();
  }

  /** A fault in the program strikes a machine now. */
  struck(): void {
    this.#struckAt = this.#stage.timeline.now;
  }

  lifeEnded({ life }: Running, end: DaemonEnd): void {
    life.endedWell = end.exitCode === 0;
    this.#stage.story.tell('daemon', () => `ends with exit code ${end.exitCode}`);
    const { web, kick } = this.#stage;
    this.ending.ended(life, end, {
      exchanges: web.open,
      wires: kick.wires,
      ledger: this.ledger,
      config: this.#config,
      hasStore: this.#stage.disk.isOpenFor(life),
      isWritable: this.ledger.isOpen && this.#stage.disk.isWell,
    });
    if (life.endedWell) this.deliveries.endedWell(life);
    if (life.endedWell && this.ledger.isOpen && this.#stage.disk.isWell) this.#gaps.endedWell();
    this.poll(end.status);
  }

  died(life: Life): void {
    this.#stage.story.tell('daemon', () => `is gone (life ${life.number})`);
    this.ends.died();
    this.#lookups.died();
  }

  /** All is over: whatever was accepted has come to its end. */
  isOver(): void {
    for (const row of this.ledger.rows.values()) {
      const { sink, message, seq, end } = row;
      const isTold = this.deliveries.times(sink, message) > 0;
      const isKept = end === 'dead' || end === 'expired' || end === 'discarded';
      this.verdict.holds(
        'nothing accepted is lost',
        isTold || isKept,
        () => `message ${message} (row ${seq}) never reached ${sink}, and is ${end ?? 'pending'}`,
      );
    }
  }

  failed(error: unknown): void {
    this.verdict.breaks(
      'nothing fails unseen',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }

  logged(line: string): void {
    this.ending.logged(line);
    if (line.includes('"phase":"')) this.#phaseEnded(line);
    this.#holdsNoSecret('the log', line);
    this.#stage.story.tell('log', () => line.trimEnd().replaceAll(this.#stage.disk.path, 'earshot.db'));
  }

  traced(line: string): void {
    this.#holdsNoSecret('the trace', line);
  }

  said({ n, room, kind }: Message): void {
    this.#stage.story.tell('chat', () => `message ${n} in room ${room} (${kind})`);
  }

  met(service: string, how: string): void {
    this.#stage.counters.count(`fault ${service}: ${how}`);
    this.#stage.story.tell(service, () => `fault: ${how}`);
  }

  // Sinks

  asks(sink: string, exchange: Exchange, messages: readonly number[]): void {
    this.#stage.story.tell(
      sink,
      () =>
        `is asked (request ${exchange.id}, ${exchange.asked.method}): ${messages.join(', ') || 'nothing'}`,
    );
    this.deliveries.asks(sink, exchange, messages);
    this.circuits.asks(sink, exchange, messages.length);
    this.patience.asks(sink, exchange);
    this.#figures.asks(sink);
    this.ending.requestBegins(sink);
    this.ends.sends(sink, messages);
    const state = this.actors.stateOf(`sinks/${sink}/breaker`);
    this.verdict.holds(
      'nothing is asked while the circuit is open',
      state === 'closed' || state === 'probing',
      () => `${sink} asks, and its circuit is ${state}`,
    );
  }

  isPoisoned(sink: string, messages: readonly number[]): boolean {
    return this.deliveries.isPoisoned(sink, messages);
  }

  taken(
    sink: string,
    exchange: Exchange,
    messages: readonly number[],
    fresh: readonly number[] = messages,
  ): void {
    this.#stage.story.tell(sink, () => `takes ${messages.join(', ')}`);
    this.#takes(sink, exchange.life, fresh);
    this.deliveries.taken(sink, exchange, exchange.life, fresh);
  }

  printed(sink: string, life: Life, messages: readonly number[]): void {
    this.#takes(sink, life, messages);
    this.deliveries.taken(sink, undefined, life, messages);
  }

  #takes(sink: string, { isDead }: Life, messages: readonly number[]): void {
    if (isDead) return;
    for (const n of messages) if (this.deliveries.times(sink, n) === 0) this.#orders.taken(sink, n);
  }

  printFailed(sink: string, messages: readonly number[]): void {
    this.#stage.counters.count('fault console: print');
    this.#stage.story.tell(sink, () => `cannot print ${messages.join(', ')}`);
    this.deliveries.printFailed(sink);
    this.ends.printFailed(sink, messages);
  }

  ended(sink: string, exchange: Exchange): void {
    const { end } = exchange;
    this.#stage.story.tell(sink, () => `request ${exchange.id} ends: ${endText(end)}`);
    this.deliveries.ended(sink, exchange);
    this.circuits.ended(sink, exchange);
    this.patience.ended(sink, exchange);
    this.#figures.ended(sink, exchange);
    // What a fault in the program ends has no time to end by itself.
    if (this.#struckAt !== this.#stage.timeline.now) this.ending.requestEnded(exchange, this.#config);
  }

  // Kick

  asked(endpoint: Endpoint, exchange: Exchange): void {
    this.#stage.story.tell('kick', () => `is asked (${endpoint}, request ${exchange.id})`);
    this.#beginsNothing(`asks Kick (${endpoint})`);
    if (endpoint === 'lookup') this.#lookups.asked(exchange);
    else if (endpoint === 'negotiation') this.#links.negotiates();
  }

  answered(endpoint: Endpoint, exchange: Exchange): void {
    const { end } = exchange;
    this.#stage.story.tell('kick', () => `${endpoint} ${exchange.id} ends: ${endText(end)}`);
    if (endpoint === 'token' && !(end?.kind === 'answered' && end.text.includes('"token"')))
      this.#links.tokenLost();
    if (endpoint === 'lookup')
      this.#rooms.lookedUp(exchange.asked.path, end?.kind === 'answered' ? end.status : undefined);
    if (endpoint !== 'history') return;
    const { path } = exchange.asked;
    if (end?.kind === 'answered') this.#gaps.answered(path, end.status, end.text);
    else this.#gaps.lost(path);
  }

  dialled(wire: Wire): void {
    this.#stage.story.tell('kick', () => `socket ${wire.id} is dialled (${wire.protocol.transport})`);
    this.#beginsNothing('dials');
    this.#links.dialled(wire, this.actors.stateOf(CIRCUIT));
    const open = [...this.#stage.kick.wires].filter(
      (other) => other !== wire && other.life === wire.life && other.state !== 'closed',
    );
    const most = Math.ceil(this.#stage.plan.shape.channels / 80);
    this.verdict.holds(
      'one socket at a time',
      open.length < most,
      () => `socket ${wire.id} is dialled while ${open[0]?.id} is ${open[0]?.state}`,
    );
  }

  handed(wire: Wire, text: string): void {
    this.#stage.story.tell('kick', () => `socket ${wire.id} says ${text.slice(0, 300)}`);
    this.#hearings.handedOver(wire, text);
    this.#links.handed(wire, text);
    const ended = text.includes('StopStream') ? STREAM_ENDED.exec(text) : null;
    if (ended !== null) this.#rooms.streamEnded(Number(ended[1] ?? ended[2]) - roomOf(0).channelId);
  }

  sent(wire: Wire, text: string): void {
    this.#stage.story.tell('daemon', () => `says on socket ${wire.id} ${text.slice(0, 300)}`);
    this.#hearings.sent(wire, text);
    this.#links.sent(wire, text);
    this.#rooms.sent(text);
  }

  over(wire: Wire, code: number, reason: string, error: Error | undefined): void {
    this.#links.over(wire, code, reason, error);
  }

  /** The process stands still until then. */
  stalls(until: number): void {
    this.#links.stalls(until);
    this.#rooms.stalls(until);
  }

  /** Frames of this room, or of all, change places or are lost. */
  mixed(room?: number): void {
    const { channels } = this.#stage.plan.shape;
    const all = Array.from({ length: channels }, (_, index) => index);
    for (const one of room === undefined ? all : [room]) this.#gaps.mixesOrder(one);
  }

  // Store

  opened(life: Life): void {
    this.#stage.story.tell('store', () => `opened (life ${life.number})`);
  }

  done(life: Life, act: StoreAct): void {
    this.#apply(life, act);
    if (WRITES.has(act.method)) this.ledger.wrote();
  }

  refused(_life: Life, method: StoreMethod | 'open', code: string): void {
    this.#stage.story.tell('store', () => `refuses ${method}: ${code}`);
    this.ledger.refused();
    this.ending.refused();
  }

  /** A line about one phase of the stop. */
  #phaseEnded(line: string): void {
    const { running, web } = this.#stage;
    const { phase, end, ms = 0 } = JSON.parse(line) as { phase?: string; end?: string; ms?: number };
    if (running === undefined) return;
    const isWritable = this.actors.stateOf('store') === 'ready' && this.ledger.refusesSince === undefined;
    if (phase === 'closingSources' && isWritable && end === 'done')
      this.ending.sourcesClosed(running.daemon.status().account.waiting);
    else if (phase === 'drainingQueues' && isWritable) this.#drained(ms);
    else if (phase === 'closingSinks')
      this.ending.sinksClosed([...web.open].filter(({ life }) => life === running.life).length);
  }

  /** Draining is over: whoever has rows and could go on has had all of its time. */
  #drained(ms: number): void {
    const { actors, ledger, deliveries } = this;
    for (const { name } of this.#config.sinks) {
      const state = actors.stateOf(`sinks/${name}/delivery`);
      const isWell = state === 'idle' || state?.startsWith('delivering') === true;
      const open = [...ledger.pendingOf(name).values()].filter(
        ({ message }) => !deliveries.isAcknowledged(name, message),
      );
      if (isWell && open.length > 0) this.ending.drained(name, ms, this.#config);
    }
  }

  #isExpiryLookedFor({ stalledUntil }: Life): void {
    const store = this.actors.alive.get('store');
    const tasks = this.actors.alive.get('tasks');
    if (store?.state !== 'ready' || tasks?.state !== 'open' || this.ledger.refusesSince !== undefined) return;
    this.ends.isLookedFor(Math.max(store.sinceAt, tasks.sinceAt, stalledUntil));
  }

  #beginsNothing(what: string): void {
    this.verdict.holds(
      'a source that is closed begins nothing',
      !this.ending.isStopping,
      () => `it stops, and ${what}`,
    );
  }

  #apply(life: Life, act: StoreAct): void {
    const { ledger } = this;
    switch (act.method) {
      case 'commit': {
        const [work] = act.given;
        const fresh = ledger.committed(life, work, act.gave.duplicates);
        this.#stage.story.tell('store', () => commitText(work, fresh));
        this.#judgements.committed(life, work, act.gave.duplicates, this.#hearings);
        this.#gaps.committed(work, act.gave.duplicates);
        this.#orders.committed(work);
        for (const settlement of work.settlements ?? []) {
          this.ends.settled(settlement);
          this.#holdsNoSecret('a dead letter', settlement.error?.text ?? '');
        }
        return;
      }
      case 'expire': {
        const [, at] = act.given;
        this.ends.expires(at, act.gave);
        return;
      }
      case 'crashed':
        this.ends.crashed(act.given[1], act.gave);
        for (const seq of act.gave) ledger.settled(seq, 'dead');
        return;
      case 'marks':
        ledger.isOpen = true;
        return;
      case 'rested': {
        const [sink, since, at] = act.given;
        ledger.rested(sink, since, at);
        this.patience.rested(sink, since, at);
        return;
      }
      case 'retry':
        ledger.reentered(life, act.gave);
        this.ends.reentered(act.gave);
        return;
      case 'discard':
        ledger.discarded();
        return;
      case 'rememberSink': {
        const [name, memory] = act.given;
        this.circuits.remembered(name, memory, ledger.refusals === 0);
        this.patience.remembered(name, memory);
        this.#holdsNoSecret('the database', JSON.stringify(memory));
        return;
      }
    }
  }

  #holdsNoSecret(where: string, text: string): void {
    for (const secret of this.#secrets) {
      if (text.includes(secret)) this.verdict.breaks(SECRET, `${where}: ${text.slice(0, 300)}`);
    }
  }

  #newActors(): Actors {
    const { counters, timeline } = this.#stage;
    return new Actors(timeline, ({ machine, state, path }, from, event) => {
      counters.count(`state ${machine} ${state}`);
      if (machine === 'connection') this.#links.turned(from, state, event);
      else if (machine === 'breaker' && path === CIRCUIT) this.#links.circuitTurned(from, state);
      else if (machine === 'branch') this.#restarts.turned(path, state);
      if (machine !== 'channel') return;
      const slug = path.slice(path.indexOf('channel-') + 'channel-'.length);
      this.#gaps.turned(slug, from, state, event, this.ledger.isOpen);
      this.#rooms.turned(slug, from, state, event);
    });
  }
}

function endText(end: Exchange['end']): string {
  if (end === undefined) return 'not at all';
  return end.kind === 'answered' ? String(end.status) : end.kind === 'failed' ? end.code : 'given up';
}

function commitText(
  { arrivals, settlements = [], marks = [] }: Parameters<Store['commit']>[0],
  fresh: readonly number[],
): string {
  const ends = settlements.map(({ seq, end }) => `${seq} ${end}`);
  const parts = [
    `${arrivals.length} arrivals (accepted ${fresh.join(', ') || 'none'})`,
    ...(ends.length > 0 ? [`ends ${ends.join(', ')}`] : []),
    ...(marks.length > 0 ? [`${marks.length} marks`] : []),
  ];
  return `commits ${parts.join('; ')}`;
}
