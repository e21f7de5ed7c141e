/**
 * The circuit of each sink, reckoned from outside by what its service answered: while it must be open nothing is
 * asked, and then one probe at a time. What the daemon's own circuit says of itself must be the same.
 */
import type { SinkMemory } from '../../../src/store.js';
import type { Actors } from '../actors.js';
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
  /** Without end while it is isolated for as long as nobody releases it. */
  openUntil: number;
  /** The longest wait that jitter makes of it. */
  openUntilAtMost: number;
  probe: Exchange | undefined;
  /** Results of requests that began before count no more. */
  since: number;
  /** When something happened to it last. */
  turnedAt: number;
  /** As it was committed last. */
  memory: SinkMemory['breaker'];
}

const RECOVERY_MAX_MS = 600_000;
const GRACE_MS = 5_000;
const OPEN = 'nothing is asked while the circuit is open';
const SAME = 'the circuit is what the answers made of it';
/** Each wait may be a tenth longer. */
const JITTER = 0.1;
/** What is on its way inside the daemon has arrived by then. */
const SOON_MS = 100;
const WRITTEN_MS = 1_000;
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
          openUntilAtMost: 0,
          probe: undefined,
          since: 0,
          turnedAt: 0,
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
      circuit.failures = memory?.failures ?? 0;
      circuit.trips = memory?.trips ?? 0;
      circuit.openUntil = Number.POSITIVE_INFINITY;
      circuit.openUntilAtMost = Number.POSITIVE_INFINITY;
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

  /** What is written for the next life is what the circuit is; a probe that is out counts as none. */
  remembered(sink: string, { breaker }: SinkMemory, isRecalled: boolean): void {
    const circuit = this.#circuits.get(sink);
    if (circuit === undefined) return;
    circuit.memory = breaker;
    const { state, failures, trips } = circuit;
    if (breaker === undefined || !isRecalled) return;
    this.#verdict.holds(
      SAME,
      breaker.failures === failures && breaker.trips === trips,
      () =>
        `of ${sink} ${breaker.failures} failures, ${breaker.trips} trips are remembered; it is ${state}, ${failures} failures, ${trips} trips`,
    );
  }

  byHand(hand: Hand): void {
    const circuit = 'name' in hand ? this.#circuits.get(hand.name) : undefined;
    if (circuit === undefined) return;
    const { now } = this.#timeline;
    if (hand.how === 'isolate') {
      circuit.state = 'isolated';
      circuit.openUntil =
        hand.for === undefined ? Number.POSITIVE_INFINITY : now + Number.parseFloat(hand.for) * 1_000;
      circuit.openUntilAtMost = circuit.openUntil;
    } else if (hand.how === 'release' && circuit.state === 'isolated') circuit.state = 'halfOpen';
    else if (hand.how === 'reset') {
      circuit.state = 'closed';
      circuit.failures = 0;
      circuit.trips = 0;
    } else return;
    circuit.probe = undefined;
    circuit.since = now;
    circuit.turnedAt = now;
  }

  /**
   * Holds what each circuit says of itself against this reckoning; once the store was read, for it knows no better before.
   * @param isWritten the store could be written for a while: what a circuit is must stand there.
   */
  look(actors: Actors, isWritten: boolean): void {
    for (const [sink, circuit] of this.#circuits) {
      const actor = actors.alive.get(`sinks/${sink}/breaker`);
      const { now } = this.#timeline;
      if (actor === undefined || now - Math.max(circuit.turnedAt, actor.sinceAt) < SOON_MS) continue;
      const { failures, trips, dueAt } = actor.snapshot.context;
      const kept = circuit.memory?.state ?? 'closed';
      const isOver = circuit.state === 'isolated' && now >= circuit.openUntil - ROUNDING_MS;
      const isKept =
        circuit.state === 'closed' || (circuit.state === 'isolated' && !isOver)
          ? kept === circuit.state
          : kept !== 'closed';
      this.#verdict.holds(
        'what a circuit is stands in the store',
        isKept || !isWritten || now - circuit.turnedAt < WRITTEN_MS,
        () => `${sink} is ${circuit.state}, and a crash would make it ${kept}`,
      );
      const says = `${actor.state}, ${failures} failures, ${trips} trips`;
      this.#verdict.holds(
        SAME,
        this.#allows(circuit, actor.state, { failures, trips, dueAt }),
        () =>
          `${sink} is ${says}; should be ${circuit.state}, ${circuit.failures} failures, ${circuit.trips} trips`,
      );
    }
  }

  #allows(
    { state, failures, trips, openUntil, openUntilAtMost, probe }: Circuit,
    says: string,
    it: { readonly failures: number; readonly trips: number; readonly dueAt: number },
  ): boolean {
    const { now } = this.#timeline;
    const isDue = now >= openUntil - ROUNDING_MS;
    switch (state) {
      case 'closed':
        return says === 'closed' && it.failures === failures && it.trips === trips;
      case 'halfOpen':
        return says === (probe === undefined ? 'halfOpen' : 'probing') && it.trips === trips;
      case 'isolated':
        return says.startsWith('isolated') || (isDue && says === 'halfOpen');
      case 'open':
        if (it.trips !== trips || it.failures !== failures) return false;
        return says === 'open' ? it.dueAt <= openUntilAtMost + ROUNDING_MS : isDue && says === 'halfOpen';
    }
  }

  asks(sink: string, exchange: Exchange, messages: number): void {
    const circuit = this.#circuits.get(sink);
    if (circuit === undefined) return;
    const { now } = this.#timeline;
    circuit.turnedAt = now;
    if (circuit.state === 'open' || circuit.state === 'isolated') {
      const leftMs = circuit.openUntil - now;
      this.#verdict.holds(
        OPEN,
        leftMs <= ROUNDING_MS,
        () =>
          `${sink} is ${circuit.state} and asks ${(leftMs / 1_000).toFixed(3)} s too early, after ${circuit.trips} trips`,
      );
      circuit.state = 'halfOpen';
    }
    if (circuit.state !== 'halfOpen') return;
    this.#verdict.holds(
      'one probe at a time',
      circuit.probe === undefined,
      () => `${sink} asks while its probe ${circuit.probe?.id} is out`,
    );
    this.#verdict.holds(
      'a probe carries one message at most',
      messages <= 1,
      () => `the probe of ${sink} carries ${messages}`,
    );
    circuit.probe = exchange;
  }

  ended(sink: string, exchange: Exchange): void {
    const circuit = this.#circuits.get(sink);
    if (circuit === undefined || exchange.startedAt < circuit.since) return;
    const { terms } = circuit;
    circuit.turnedAt = this.#timeline.now;
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
    const capMs = Math.max(recovery, RECOVERY_MAX_MS);
    const waitMs = recovery * 2 ** Math.min(circuit.trips, 30);
    circuit.state = 'open';
    circuit.openUntil = at + Math.min(waitMs, capMs);
    circuit.openUntilAtMost = at + Math.min(waitMs * (1 + JITTER), capMs);
    circuit.trips += 1;
  }
}
