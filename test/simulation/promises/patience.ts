/** Whoever asks for patience gets it: limits, bans, and endpoints that refuse for good are asked nothing meanwhile. */
import type { SinkMemory } from '../../../src/store.js';
import type { Actor, Actors } from '../actors.js';
import type { Hand } from '../plan.js';
import type { Timeline } from '../timeline.js';
import type { Exchange } from '../web.js';
import { refusesForGood, type Terms, type Wait, waitAfter } from './answers.js';
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
  /** When a refusal began or ended last, and when a request ended. */
  turnedAt: number;
  endedAt: number;
  /** Requests in a row that were not answered well; at least as many as the daemon counts. */
  failures: number;
  /** From then on a limit is reckoned with that no header tells of. */
  knowsLongLimit: boolean;
}

interface Host {
  waitsUntil: number;
  /** The longest wait that bans in a row, and jitter, make of it. */
  waitsUntilAtMost: number;
  bans: number;
  /** After a ban one request alone goes out, until it is answered. */
  isOnTrial: boolean;
  bannedAt: number;
  readonly out: Set<Exchange>;
}

const ROUNDING_MS = 1;
const WRITTEN_MS = 1_000;
const BAN_MAX_MS = 3_600_000;
const JITTER = 0.1;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 60_000;
/** What a webhook is known to allow without a word: five in two seconds, thirty in a minute. */
const BUCKET_MS = 2_000;
const HIDDEN_MS = 60_000;
const LONGER_THAN_A_BUCKET_MS = 5_000;
const TRIAL_MS = 30_000;
const PACE_MS = 1_000;
/** Who waits for a host is woken by it; else he looks so much later. */
const OPENING_MS = 250;
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
          turnedAt: 0,
          endedAt: 0,
          failures: 0,
          knowsLongLimit: false,
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
    sink.turnedAt = this.#timeline.now;
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
    const wasRefused = sink.isRefused;
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
      const banMs = Math.min(wait.ms * 2 ** host.bans, BAN_MAX_MS);
      host.waitsUntil = Math.max(host.waitsUntil, now + banMs);
      host.waitsUntilAtMost = Math.max(host.waitsUntilAtMost, now + banMs * (1 + JITTER));
      host.bans += 1;
    } else if (wait !== undefined) {
      const held = wait.of === 'host' ? host : sink;
      held.waitsUntil = Math.max(held.waitsUntil, now + wait.ms);
      host.waitsUntilAtMost = Math.max(host.waitsUntilAtMost, host.waitsUntil);
      sink.knowsLongLimit ||= wait.ms > LONGER_THAN_A_BUCKET_MS;
    }
    if (!wait?.isBan && !isStale && exchange.end?.kind === 'answered' && exchange.end.status < 500)
      this.#standsTrial(host, wait);
    const isWell = exchange.end?.kind === 'answered' && exchange.end.status < 300;
    sink.failures = isWell ? 0 : sink.failures + 1;
    sink.endedAt = now;
    if (sink.isRefused !== wasRefused) sink.turnedAt = now;
  }

  /**
   * Nobody waits for longer than he was asked to, and who was refused has it written down.
   * @param isWritten the store could be written for a while.
   */
  look(actors: Actors, isWritten: boolean): void {
    const { now } = this.#timeline;
    for (const [name, sink] of this.#sinks) {
      const delivery = actors.alive.get(`sinks/${name}/delivery`);
      if (delivery === undefined) continue;
      // After a ban it is the trials that decide, and whoever has his turn in them.
      if (delivery.state.startsWith('waiting') && this.#hostOf(sink).bannedAt === 0)
        this.#waits(name, sink, delivery, isOnTrial(actors, sink));
      this.#verdict.holds(
        'a refusal stands in the store, and its end',
        !isWritten || sink.isRefused === sink.isRefusedForGood || now - sink.turnedAt < WRITTEN_MS,
        () => `${name} is ${sink.isRefused ? '' : 'not '}refused, and a crash would make it otherwise`,
      );
    }
  }

  /** The answer to a trial opens the host. One that holds it for a time forgives nothing. */
  #standsTrial(host: Host, wait: Wait | undefined): void {
    host.isOnTrial = false;
    if (wait?.of !== 'host') host.bans = 0;
  }

  #waits(name: string, sink: Sink, { state, sinceAt, snapshot }: Actor, isTried: boolean): void {
    const { dueAt } = snapshot.context as { dueAt: number };
    const host = this.#hostOf(sink);
    const backoffMs = Math.min(BACKOFF_MS * 2 ** Math.max(0, sink.failures - 1), BACKOFF_MAX_MS);
    const ownMs = sink.knowsLongLimit ? HIDDEN_MS : BUCKET_MS;
    const untilAt = state.endsWith('backingOff')
      ? Math.max(sink.waitsUntil, sinceAt + backoffMs)
      : Math.max(
          sink.waitsUntil,
          host.waitsUntilAtMost,
          sink.terms.type === 'discord' ? sink.endedAt + ownMs : 0,
          host.isOnTrial || isTried ? sinceAt + TRIAL_MS : 0,
          sinceAt + PACE_MS,
        );
    this.#verdict.holds(
      'nobody waits for longer than he was asked to',
      // He may be woken before: only who really waits for so long has waited too long.
      Math.min(dueAt, this.#timeline.now) <= untilAt + OPENING_MS + ROUNDING_MS,
      () =>
        `${name} is ${state} until ${(dueAt / 1_000).toFixed(3)} s, and had to be until ${(untilAt / 1_000).toFixed(3)} s`,
    );
  }

  #hostOf({ terms: { type } }: Sink): Host {
    const host = this.#hosts.get(type) ?? {
      waitsUntil: 0,
      waitsUntilAtMost: 0,
      bans: 0,
      isOnTrial: false,
      bannedAt: 0,
      out: new Set<Exchange>(),
    };
    this.#hosts.set(type, host);
    return host;
  }
}

/** A host whose machine died while it was held is on trial afterwards, as after a ban: to be on the safe side. */
function isOnTrial({ alive }: Actors, { terms: { type } }: Sink): boolean {
  const host = type === 'discord' ? 'host-discord.com' : 'host-db.example';
  return alive.get(`sinks/${host}/host`)?.state === 'tried';
}
