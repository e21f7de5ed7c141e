/** What the status says of sinks, deadlines and places, held against the requests that were really made. */
import type { StatusDocument } from '../../../src/status.js';
import type { Actors } from '../actors.js';
import type { Exchange } from '../web.js';
import type { Terms } from './answers.js';
import type { Patience } from './patience.js';
import type { Verdict } from './verdict.js';

interface Requests {
  /** Of the present life. */
  begun: number;
  timedOut: number;
  /** Given up within a millisecond of its limit: for that, or because it was to stop just then. */
  doubtful: number;
}

const COUNTS = 'the status counts what happened';
const SAYS = 'what is wrong with a sink is said, and nothing else';
const FREE = 'nobody waits for a place that is free';
const LOOKUPS_MAX = 4;
/** A reason is gone, or there, as soon as what it tells of. */
const SOON_MS = 100;

export class Figures {
  readonly #terms: ReadonlyMap<string, Terms>;
  readonly #patience: Patience;
  readonly #verdict: Verdict;
  #requests = new Map<string, Requests>();

  constructor(terms: ReadonlyMap<string, Terms>, patience: Patience, verdict: Verdict) {
    this.#terms = terms;
    this.#patience = patience;
    this.#verdict = verdict;
  }

  began(): void {
    this.#requests = new Map();
  }

  asks(sink: string): void {
    this.#of(sink).begun += 1;
  }

  ended(sink: string, { end, startedAt, endedAt }: Exchange): void {
    const limitMs = this.#terms.get(sink)?.timeout ?? 0;
    if (end?.kind !== 'aborted') return;
    const shortMs = limitMs - (endedAt - startedAt);
    if (shortMs <= 0) this.#of(sink).timedOut += 1;
    else if (shortMs <= 1) this.#of(sink).doubtful += 1;
  }

  poll(
    { state, sinks, timeouts, reasons, pool }: StatusDocument,
    actors: Actors,
    open: readonly Exchange[],
    now: number,
  ): void {
    for (const { name, requests } of sinks) {
      if (!this.#terms.has(name)) continue;
      const { begun, timedOut, doubtful } = this.#of(name);
      const counted = timeouts[`${name} send`]?.timedOut ?? 0;
      this.#verdict.holds(
        COUNTS,
        requests === begun && counted >= timedOut && counted <= timedOut + doubtful,
        () => `${name} counts ${requests} requests, ${counted} timed out; there were ${begun}, ${timedOut}`,
      );
      if (state !== 'running') continue;
      const said = reasons.filter(({ actor }) => actor === `sinks/${name}`).map(({ code }) => code);
      const should = this.#reasonOf(name, actors, now);
      this.#verdict.holds(
        SAYS,
        should === undefined || said.join() === should,
        () => `of ${name} it is said "${said.join()}", and should be "${should}"`,
      );
    }
    this.#placesAreTaken(pool, sinks.length, open);
  }

  /** Undefined while that is changing. */
  #reasonOf(name: string, { alive }: Actors, now: number): string | undefined {
    const breaker = alive.get(`sinks/${name}/breaker`);
    if (breaker === undefined || now - breaker.sinceAt < SOON_MS) return undefined;
    if (this.#patience.isRefused(name)) {
      const delivery = alive.get(`sinks/${name}/delivery`);
      return delivery?.state === 'refused' ? 'sinkRefused' : undefined;
    }
    if (breaker.state === 'closed') return '';
    return breaker.state.startsWith('isolated') ? 'circuitIsolated' : 'circuitOpen';
  }

  #placesAreTaken(
    { waiting, limit, state }: StatusDocument['pool'],
    sinks: number,
    open: readonly Exchange[],
  ): void {
    if (waiting === 0 || state === 'closed') return;
    const lookups = open.filter(({ service }) => service.name === 'kick').length;
    // One place is kept for each sink, whether or not it has a request out.
    const free = limit - lookups - sinks;
    this.#verdict.holds(
      FREE,
      lookups >= LOOKUPS_MAX || free <= 0,
      () => `${waiting} wait for a place; ${lookups} lookups are out, and there are ${limit} places`,
    );
  }

  #of(sink: string): Requests {
    const known = this.#requests.get(sink) ?? { begun: 0, timedOut: 0, doubtful: 0 };
    this.#requests.set(sink, known);
    return known;
  }
}
