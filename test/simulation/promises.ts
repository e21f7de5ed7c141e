/**
 * All that is promised, over the lives of one run, and the actors of the present life. They know of one another what
 * they need; what happens on the stage, the watch brings them.
 */
import type { Config } from '../../src/config.js';
import { Actors } from './actors.js';
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
import { Secrets } from './promises/secrets.js';
import { Verdict } from './promises/verdict.js';
import { configOf } from './shape.js';
import type { Stage } from './stage.js';

/** The breaker of the one connection. */
const CIRCUIT = 'sources/kick/connection-1/breaker';

export class Promises {
  readonly config: Config;
  readonly verdict: Verdict;
  readonly ledger: Ledger;
  readonly deliveries: Deliveries;
  readonly hearings: Hearings;
  readonly account: AccountCheck;
  readonly judgements: Judgements;
  readonly gaps: Gaps;
  readonly circuits: Circuits;
  readonly patience: Patience;
  readonly ending: Ending;
  readonly ends: Ends;
  readonly links: Links;
  readonly lookups: Lookups;
  readonly rest: Rest;
  readonly rooms: Rooms;
  readonly bounds: Bounds;
  readonly contents: Contents;
  readonly figures: Figures;
  readonly orders: Orders;
  readonly restarts: Restarts;
  readonly secrets: Secrets;
  /** Of the present life alone. */
  actors: Actors;
  readonly #stage: Stage;

  /** @param stage it is only being set up: its services are not there yet. */
  constructor(stage: Stage) {
    this.#stage = stage;
    const { timeline, chat, plan } = stage;
    const { shape } = plan;
    const config = configOf(shape, '');
    this.config = config;
    const terms = new Map<string, CircuitTerms>(
      config.sinks.flatMap((sink) =>
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
    const hearings: Hearings = new Hearings(chat, shape, timeline, {
      first: (message, hearing) => {
        orders.heard(message, hearing.isSure);
        judgements.heard(message, hearings.rules(message.n), hearing);
      },
      live: (room, isSure) => this.rooms.heard(room, isSure),
      doubted: (room) => {
        orders.doubted(room);
        judgements.doubted(room);
      },
    });
    this.orders = orders;
    this.judgements = judgements;
    this.hearings = hearings;
    this.account = new AccountCheck(hearings, ledger, verdict);
    this.gaps = new Gaps({ shape, hearings, ledger, timeline, verdict, dropped });
    this.circuits = new Circuits(terms, timeline, verdict);
    this.patience = new Patience(terms, () => stage.wall, timeline, verdict);
    const rules = new Map(config.sinks.map((sink) => [sink.name, sink] as const));
    const { deliveries, patience } = this;
    this.ends = new Ends({ ledger, chat, rules, deliveries, patience, timeline, verdict });
    this.rooms = new Rooms(config, timeline, verdict);
    this.links = new Links(config, timeline, verdict);
    this.lookups = new Lookups(timeline, verdict);
    this.ending = new Ending(timeline, verdict);
    this.rest = new Rest(timeline, verdict);
    this.bounds = new Bounds(verdict);
    this.restarts = new Restarts(timeline, verdict);
    this.contents = new Contents(ledger, verdict);
    this.figures = new Figures(terms, patience, verdict);
    this.secrets = new Secrets(config, verdict);
    this.actors = this.#newActors();
  }

  /** The state of the one connection's circuit; undefined while there is none. */
  get linkCircuit(): string | undefined {
    return this.actors.stateOf(CIRCUIT);
  }

  /** A life begins: what was so for the last one alone is forgotten. */
  began(): void {
    const { wall, plan } = this.#stage;
    this.actors = this.#newActors();
    this.deliveries.began();
    this.hearings.began();
    this.judgements.began();
    this.gaps.began();
    this.orders.began();
    this.links.began();
    this.rooms.began();
    this.restarts.began();
    this.circuits.began(wall);
    this.patience.began();
    this.figures.began();
    this.ending.began();
    this.ledger.began(plan.shape.sinks.map(({ name }) => name));
  }

  #newActors(): Actors {
    const { counters, timeline } = this.#stage;
    return new Actors(timeline, ({ machine, state, path }, from, event) => {
      counters.count(`state ${machine} ${state}`);
      if (machine === 'connection') this.links.turned(from, state, event);
      else if (machine === 'breaker' && path === CIRCUIT) this.links.circuitTurned(from, state);
      else if (machine === 'branch') this.restarts.turned(path, state);
      if (machine !== 'channel') return;
      const slug = path.slice(path.indexOf('channel-') + 'channel-'.length);
      this.gaps.turned(slug, from, state, event, this.ledger.isOpen);
      this.rooms.turned(slug, from, state, event);
    });
  }
}
