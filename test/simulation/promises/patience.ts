/** Whoever asks for patience gets it: limits, bans, and endpoints that refuse for good are asked nothing meanwhile. */
import type { SinkMemory } from '../../../src/store.js';
import type { Hand } from '../plan.js';
import type { Timeline } from '../timeline.js';
import type { Exchange } from '../web.js';
import { refusesForGood, type Terms, waitAfter } from './answers.js';
import type { Verdict } from './verdict.js';

interface Sink {
  readonly terms: Terms;
  waitsUntil: number;
  /** The endpoint refused, and the present life knows it. */
  isRefused: boolean;
  /** That is committed, for the lives to come. */
  isRefusedForGood: boolean;
  /** Since when it refuses, as is committed too, and when a person acted; epoch milliseconds by the daemon's clock. */
  refusedSince: number;
  refusedForGoodSince: number;
  resumedAt: number;
  /** What waited meanwhile begins to age again only when that was written. */
  hasRested: boolean;
}

interface Host {
  waitsUntil: number;
  /** After a ban one request alone goes out, until it is answered. */
  isOnTrial: boolean;
  bannedAt: number;
  readonly out: Set<Exchange>;
}

const ROUNDING_MS = 1;
const RESTS = 'what waits for a person does not age';
const REFUSED = 'an endpoint that refused is asked nothing until a person acts';

export class Patience {
  readonly #wall: () => number;
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;
  readonly #sinks: ReadonlyMap<string, Sink>;
  readonly #hosts = new Map<string, Host>();

  /** @param wall epoch milliseconds, by the daemon's clock. */
  constructor(terms: ReadonlyMap<string, Terms>, wall: () => number, timeline: Timeline, verdict: Verdict) {
    this.#wall = wall;
    this.#timeline = timeline;
    this.#verdict = verdict;
    this.#sinks = new Map(
      [...terms].map(([name, its]) => [
        name,
        {
          terms: its,
          waitsUntil: 0,
          isRefused: false,
          isRefusedForGood: false,
          refusedSince: 0,
          refusedForGoodSince: 0,
          resumedAt: 0,
          hasRested: false,
        },
      ]),
    );
  }

  /** A new life knows of refusals alone: what a limit or a ban was, the service says again. */
  began(): void {
    this.#hosts.clear();
    for (const sink of this.#sinks.values()) {
      sink.waitsUntil = 0;
      sink.isRefused = sink.isRefusedForGood;
      sink.refusedSince = sink.refusedForGoodSince;
    }
  }

  remembered(name: string, memory: SinkMemory): void {
    const sink = this.#sinks.get(name);
    if (sink === undefined) return;
    const isRefused = memory.refused !== undefined;
    this.#verdict.holds(
      RESTS,
      isRefused || !sink.isRefusedForGood || sink.hasRested,
      () => `${name} goes on, and its rows have aged`,
    );
    sink.isRefusedForGood = isRefused;
    sink.refusedForGoodSince = memory.refused?.since ?? 0;
    sink.hasRested = false;
  }

  /** Its rows are as old as they were when it began to wait. */
  rested(name: string, since: number, at: number): void {
    const sink = this.#sinks.get(name);
    if (sink === undefined) return;
    sink.hasRested = true;
    this.#verdict.holds(
      RESTS,
      since === sink.refusedSince && at === sink.resumedAt,
      () =>
        `${name} waited from ${sink.refusedSince} to ${sink.resumedAt}, and its rows rest from ${since} to ${at}`,
    );
  }

  byHand(hand: Hand): void {
    if (hand.how !== 'resume') return;
    const sink = this.#sinks.get(hand.name);
    if (sink === undefined || !sink.isRefused) return;
    sink.isRefused = false;
    sink.resumedAt = this.#wall();
  }

  isRefused(name: string): boolean {
    return this.#sinks.get(name)?.isRefused === true;
  }

  asks(name: string, exchange: Exchange): void {
    const sink = this.#sinks.get(name);
    if (sink === undefined) return;
    const { now } = this.#timeline;
    const host = this.#hostOf(sink);
    this.#verdict.holds(REFUSED, !sink.isRefused, () => `${name} asks again`);
    const leftMs = Math.max(sink.waitsUntil, host.waitsUntil) - now;
    this.#verdict.holds(
      'a limit is waited for',
      leftMs <= ROUNDING_MS,
      () => `${name} asks ${(leftMs / 1_000).toFixed(3)} s too early`,
    );
    const isAlone = !host.isOnTrial || [...host.out].every(({ startedAt }) => startedAt < host.bannedAt);
    this.#verdict.holds(
      'after a ban one request alone goes out',
      isAlone,
      () => `${name} asks while another request is on trial`,
    );
    host.out.add(exchange);
  }

  ended(name: string, exchange: Exchange): void {
    const sink = this.#sinks.get(name);
    if (sink === undefined) return;
    const { now } = this.#timeline;
    const host = this.#hostOf(sink);
    host.out.delete(exchange);
    if (refusesForGood(exchange, sink.terms)) {
      if (!sink.isRefused) sink.refusedSince = this.#wall();
      sink.isRefused = true;
    }
    const wait = waitAfter(exchange, sink.terms);
    // What was sent before a ban says nothing of what came after it.
    const isStale = exchange.startedAt < host.bannedAt;
    if (wait?.isBan) {
      if (isStale && host.waitsUntil > now) return;
      host.isOnTrial = true;
      host.bannedAt = now;
      host.waitsUntil = Math.max(host.waitsUntil, now + wait.ms);
    } else if (wait !== undefined) {
      const held = wait.of === 'host' ? host : sink;
      held.waitsUntil = Math.max(held.waitsUntil, now + wait.ms);
    }
    if (!wait?.isBan && !isStale && exchange.end?.kind === 'answered' && exchange.end.status < 500)
      host.isOnTrial = false;
  }

  #hostOf({ terms: { type } }: Sink): Host {
    const host = this.#hosts.get(type) ?? {
      waitsUntil: 0,
      isOnTrial: false,
      bannedAt: 0,
      out: new Set<Exchange>(),
    };
    this.#hosts.set(type, host);
    return host;
  }
}
