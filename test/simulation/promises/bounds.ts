/** Everything is bounded: queues, the pool, timers, actors, sockets; and the sums of the account are right. */
import { imbalance } from '../../../src/account.js';
import type { Config } from '../../../src/config.js';
import type { StatusDocument } from '../../../src/status.js';
import type { Actors } from '../actors.js';
import type { Life } from '../life.js';
import type { Wire } from '../sockets.js';
import type { Exchange } from '../web.js';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verdict.js';

export interface Measured {
  readonly status: StatusDocument;
  readonly life: Life;
  readonly actors: Actors;
  readonly config: Config;
  readonly exchanges: ReadonlySet<Exchange>;
  readonly wires: ReadonlySet<Wire>;
  readonly ledger: Ledger;
}

const WINDOW_MAX = 500;
const LOOKUPS_MAX = 4;
const CHANNELS_PER_CONNECTION = 80;
const ADDS_UP = 'the account adds up';
const BOUNDED = 'everything is bounded';

export class Bounds {
  readonly #verdict: Verdict;

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
  }

  measure(measured: Measured): void {
    this.#measureQueues(measured);
    this.#measureRest(measured);
    this.#addUp(measured);
  }

  #atMost(what: string, count: number, most: number): void {
    this.#verdict.holds(BOUNDED, count <= most, () => `${count} ${what}, and there may be ${most}`);
  }

  #measureQueues({ status, config }: Measured): void {
    const { messagesPerChannel } = config.limits;
    for (const { name, queue } of status.sinks)
      this.#atMost(`rows in the window of ${name}`, queue.size, WINDOW_MAX);
    for (const { channels } of status.sources) {
      for (const { slug, queue } of channels) {
        this.#atMost(`messages in the queue of ${slug}`, queue.size, 2 * messagesPerChannel);
        this.#atMost(`messages at the highest in the queue of ${slug}`, queue.highWater, messagesPerChannel);
      }
    }
  }

  #measureRest({ status, life, actors, config, exchanges, wires }: Measured): void {
    const sinks = config.sinks.length;
    const channels = config.kick.channels.length;
    const connections = Math.ceil(channels / CHANNELS_PER_CONNECTION);
    const open = [...exchanges].filter((exchange) => exchange.life === life);
    const lookups = open.filter(({ service }) => service.name === 'kick').length;
    this.#atMost('requests under way', open.length, config.limits.httpConnections);
    this.#atMost('requests to Kick under way', lookups, LOOKUPS_MAX);
    this.#atMost(
      'sockets',
      [...wires].filter((wire) => wire.life === life && !wire.isGivenUp).length,
      connections,
    );
    this.#atMost('places leased', status.pool.leased, config.limits.httpConnections);
    this.#atMost('timers', life.timers, 16 + 4 * connections + 6 * sinks + 2 * channels + 3 * open.length);
    this.#atMost('machines', actors.alive.size, 8 + 4 * connections + 7 * sinks + channels);
    this.#atMost('deadlines', actors.deadlines, open.length);
    // At rest a place is leased exactly as long as its request is out.
    this.#verdict.holds(
      'a place is returned once',
      status.pool.leased === open.length,
      () => `${status.pool.leased} places are leased, and ${open.length} requests are out`,
    );
  }

  #addUp({ status, ledger }: Measured): void {
    const wrong = imbalance(status.account);
    this.#verdict.holds(ADDS_UP, wrong === undefined, () => wrong ?? '');
    if (status.store.state !== 'ready' || ledger.refusesSince !== undefined || status.account.waiting > 0)
      return;
    for (const { name, pending, delivered, dead, expired } of status.sinks) {
      const left = ledger.pendingOf(name).size;
      // A row that was offered while the store was down, and then given up there, may still be on its way out.
      this.#verdict.holds(
        ADDS_UP,
        ledger.refusals > 0 ? pending >= left : pending === left,
        () => `${name} counts ${pending} pending, and ${left} rows are in the outbox`,
      );
      // What was offered while the store was down may have ended in ways that no row tells of.
      if (ledger.refusals > 0) continue;
      const sums = ledger.sums(name);
      const came = sums.atStart + sums.created + sums.reentered;
      const went = delivered + dead + expired + pending;
      this.#verdict.holds(
        ADDS_UP,
        came === went,
        () => `${came} rows came to ${name}, and ${went} are accounted for`,
      );
      const ends = [delivered, dead, expired].join(', ');
      const committed = [sums.delivered, sums.dead, sums.expired].join(', ');
      this.#verdict.holds(
        ADDS_UP,
        ends === committed,
        () => `${name} counts ${ends} delivered, dead, expired; committed are ${committed}`,
      );
    }
  }
}
