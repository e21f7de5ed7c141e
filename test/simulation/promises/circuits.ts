/**
 * The circuit of each sink, reckoned from outside by what its service answered: while it must be open nothing is
 * asked, and then one probe at a time. It may be stricter than this, never laxer.
 */
import type { SinkMemory } from '../../../src/store.js';
import type { Hand } from '../plan.js';
import type { Timeline } from '../timeline.js';
import type { Exchange } from '../web.js';
import { verdictOf } from './answers.js';
import type { Verdict } from './verdict.js';

/** As the configuration has it, in milliseconds. */
export interface CircuitTerms {
  readonly type: 'discord' | 'postgrest';
  readonly failures: number;
  readonly recovery: number;
  readonly timeout: number;
}

interface Circuit {
  readonly terms: CircuitTerms;
  state: 'closed' | 'open' | 'halfOpen' | 'isolated';
  failures: number;
  trips: number;
  openUntil: number;
  probe: Exchange | undefined;
  /** Results of requests that began before count no more. */
  since: number;
  /** As it was committed last. */
  memory: SinkMemory['breaker'];
}

const RECOVERY_MAX_MS = 600_000;
const GRACE_MS = 5_000;
const OPEN = 'nothing is asked while the circuit is open';
/** Timers of the daemon and this reckoning differ by rounding. */
const ROUNDING_MS = 1;

export class Circuits {
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;
  readonly #circuits: ReadonlyMap<string, Circuit>;

  constructor(terms: ReadonlyMap<string, CircuitTerms>, timeline: Timeline, verdict: Verdict) {
    this.#timeline = timeline;
    this.#verdict = verdict;
    this.#circuits = new Map(
      [...terms].map(([sink, its]) => [
        sink,
        {
          terms: its,
          state: 'closed',
          failures: 0,
          trips: 0,
          openUntil: 0,
          probe: undefined,
          since: 0,
          memory: undefined,
        },
      ]),
    );
  }

  /** A life begins with what was committed of it; `wall` by the daemon's clock. */
  began(wall: number): void {
    const { now } = this.#timeline;
    for (const circuit of this.#circuits.values()) {
      const { memory, terms } = circuit;
      circuit.probe = undefined;
      circuit.since = now;
      circuit.failures = 0;
      circuit.trips = memory?.trips ?? 0;
      if (memory === undefined || memory.state === 'closed') circuit.state = 'closed';
      else if (memory.state === 'isolated') circuit.state = 'isolated';
      else {
        const waitMs = Math.max(
          0,
          Math.min(memory.openUntil - wall, Math.max(terms.recovery, RECOVERY_MAX_MS)),
        );
        circuit.state = 'open';
        circuit.openUntil = now + waitMs;
      }
    }
  }

  remembered(sink: string, { breaker }: SinkMemory): void {
    const circuit = this.#circuits.get(sink);
    if (circuit !== undefined) circuit.memory = breaker;
  }

  byHand(hand: Hand): void {
    const circuit = 'name' in hand ? this.#circuits.get(hand.name) : undefined;
    if (circuit === undefined) return;
    const { now } = this.#timeline;
    if (hand.how === 'isolate') {
      circuit.state = hand.for === undefined ? 'isolated' : 'open';
      circuit.openUntil = now + Number.parseFloat(hand.for ?? '0') * 1_000;
    } else if (hand.how === 'release' && circuit.state !== 'closed') circuit.state = 'halfOpen';
    else if (hand.how === 'reset') {
      circuit.state = 'closed';
      circuit.failures = 0;
      circuit.trips = 0;
    } else return;
    circuit.probe = undefined;
    circuit.since = now;
  }

  asks(sink: string, exchange: Exchange): void {
    const circuit = this.#circuits.get(sink);
    if (circuit === undefined) return;
    const { now } = this.#timeline;
    this.#verdict.holds(OPEN, circuit.state !== 'isolated', () => `${sink} is isolated, and asks`);
    if (circuit.state === 'open') {
      const leftMs = circuit.openUntil - now;
      this.#verdict.holds(
        OPEN,
        leftMs <= ROUNDING_MS,
        () => `${sink} asks ${(leftMs / 1_000).toFixed(3)} s too early, after ${circuit.trips} trips`,
      );
      circuit.state = 'halfOpen';
    }
    if (circuit.state !== 'halfOpen') return;
    this.#verdict.holds(
      'one probe at a time',
      circuit.probe === undefined,
      () => `${sink} asks while its probe ${circuit.probe?.id} is out`,
    );
    circuit.probe = exchange;
  }

  ended(sink: string, exchange: Exchange): void {
    const circuit = this.#circuits.get(sink);
    if (circuit === undefined || exchange.startedAt < circuit.since) return;
    const { terms } = circuit;
    const isProbe = circuit.probe === exchange;
    if (isProbe) circuit.probe = undefined;
    else if (circuit.state !== 'closed') return;
    const limitMs = terms.timeout + GRACE_MS;
    if (isProbe && exchange.endedAt - exchange.startedAt > limitMs) {
      this.#trip(circuit, exchange.startedAt + limitMs);
      return;
    }
    switch (verdictOf(exchange, terms)) {
      case 'well':
        circuit.state = 'closed';
        circuit.failures = 0;
        circuit.trips = 0;
        return;
      case 'ill':
        circuit.failures += 1;
        if (isProbe || circuit.failures >= terms.failures) this.#trip(circuit, this.#timeline.now);
        return;
      case 'nothing':
        return;
    }
  }

  #trip(circuit: Circuit, at: number): void {
    const { recovery } = circuit.terms;
    const waitMs = Math.min(recovery * 2 ** Math.min(circuit.trips, 30), Math.max(recovery, RECOVERY_MAX_MS));
    circuit.state = 'open';
    circuit.openUntil = at + waitMs;
    circuit.trips += 1;
  }
}
