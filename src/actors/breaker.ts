/**
 * A breaker as the code that makes the calls sees it: ask for a permit, make the call, say how it went.
 * The decision is the machine's (machines/breaker.ts); this only keeps what need not be asked away from it.
 */

import type { ActorRefFrom, AnyActorLogic } from 'xstate';
import { breakerMachine } from '../../machines/breaker.js';
import { formatDuration } from '../durations.js';
import type { Log } from '../log.js';
import type { Clock } from '../world.js';
import { bound, pathOf, wired } from './wired.js';

export type BreakerState = 'closed' | 'open' | 'halfOpen' | 'probing' | 'isolated';

/** One admission. Exactly one of the three must be called; further calls change nothing. */
export interface Permit {
  /** True for the one call that tests whether the service is back. */
  readonly probe: boolean;
  /** The service is well (also when it refused this one message for good). */
  succeeded(): void;
  /** The service is ill: 5xx, network, timeout. */
  failed(): void;
  /** It says nothing about the service: 429, 401/403/404, cancelled, never sent. */
  ignored(): void;
}

export interface BreakerStatus {
  readonly state: BreakerState;
  readonly failures: number;
  readonly threshold: number;
  /** Milliseconds until a probe may go out; 0 unless open. */
  readonly retryInMs: number;
  readonly trips: number;
}

/** What survives a restart of the process; times are epoch milliseconds. */
export interface BreakerMemory {
  readonly state: BreakerState;
  readonly openUntil: number;
  readonly trips: number;
  readonly failures: number;
}

export interface Gate {
  readonly state: BreakerState;
  /** A permit, or undefined when the circuit refuses. Synchronous: nothing may be awaited before the call starts. */
  admit(): Permit | undefined;
  /** Whether `admit` would give a permit now. */
  readonly admits: boolean;
  /** "circuit open (discord), retry in 41 s" */
  refusal(): string;
  status(): BreakerStatus;
  memory(): BreakerMemory;
  isolate(forMs?: number): void;
  release(): void;
  reset(): void;
  /** Called after every change of state; the returned function ends it. */
  onChange(listener: (state: BreakerState) => void): () => void;
}

export interface BreakerOptions {
  /** As people know it: "circuit open (discord), …". */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** 32 bits for the jitter's generator. */
  readonly seed: number;
  readonly failuresMax: number;
  readonly recoveryMs: number;
  /** The cap the wait grows to; the same as `recoveryMs` keeps it constant. */
  readonly recoveryMaxMs: number;
  /** A probe's lease: the call's timeout and a little more. */
  readonly probeMs: number;
  /** Read when its actor starts for the first time: only then is there a store to remember it. */
  readonly memory?: BreakerMemory | undefined;
}

/** Calls admitted and how they ended: admitted = succeeded + failed + ignored + in flight (B14). */
export interface BreakerCalls {
  readonly admitted: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly ignored: number;
  readonly inFlight: number;
}

type BreakerActor = ActorRefFrom<typeof breakerMachine>;
type Listener = (state: BreakerState) => void;

export class BreakerGate implements Gate {
  /** The breaker's actor, for the branch that keeps it alive. After a restart it goes on from where it was. */
  readonly logic: AnyActorLogic;
  readonly #options: BreakerOptions;
  readonly #listeners = new Set<Listener>();
  readonly #calls = { admitted: 0, succeeded: 0, failed: 0, ignored: 0 };
  #memory: BreakerMemory | undefined;
  #actor: BreakerActor | undefined;
  #told: BreakerState = 'closed';
  /** A person has acted on it. */
  #isByHand = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.logic = bound(
      wired(breakerMachine, (self) => this.#born(self)),
      () => this.#input(),
    );
  }

  get state(): BreakerState {
    const value = this.#actor?.getSnapshot().value;
    if (typeof value === 'object') return 'isolated';
    return value === undefined || value === 'starting' ? 'closed' : value;
  }

  get admits(): boolean {
    const snapshot = this.#actor?.getSnapshot();
    return snapshot?.status === 'active' && snapshot.hasTag('admits');
  }

  admit(): Permit | undefined {
    const actor = this.#actor;
    if (actor === undefined || !this.admits) return undefined;
    const probe = this.state === 'halfOpen';
    if (probe) actor.send({ type: 'probe.started', at: this.#options.clock.now() });
    this.#calls.admitted += 1;
    const { generation } = actor.getSnapshot().context;
    let isSettled = false;
    const settle = (result: 'succeeded' | 'failed' | 'ignored') => () => {
      if (isSettled) return;
      isSettled = true;
      this.#calls[result] += 1;
      this.#report(actor, `call.${result}`, generation);
    };
    return { probe, succeeded: settle('succeeded'), failed: settle('failed'), ignored: settle('ignored') };
  }

  refusal(): string {
    const { name } = this.#options;
    const { retryInMs } = this.status();
    switch (this.state) {
      case 'isolated':
        return `circuit isolated (${name}), until \`earshot breaker ${name} release\``;
      case 'probing':
        return `circuit half-open (${name}), a probe is out`;
      default:
        return `circuit open (${name}), retry in ${formatDuration(retryInMs)}`;
    }
  }

  status(): BreakerStatus {
    const context = this.#actor?.getSnapshot().context;
    const { state } = this;
    return {
      state,
      failures: context?.failures ?? 0,
      threshold: this.#options.failuresMax,
      retryInMs: state === 'open' && context ? Math.max(0, context.dueAt - this.#options.clock.now()) : 0,
      trips: context?.trips ?? 0,
    };
  }

  memory(): BreakerMemory {
    const { state, retryInMs, trips, failures } = this.status();
    return { state, openUntil: this.#options.clock.wall() + retryInMs, trips, failures };
  }

  calls(): BreakerCalls {
    const { admitted, succeeded, failed, ignored } = this.#calls;
    return { admitted, succeeded, failed, ignored, inFlight: admitted - succeeded - failed - ignored };
  }

  /** Its next life begins with the memory it is given, not with its own; what a person did stays. */
  forget(): void {
    if (!this.#isByHand) this.#memory = undefined;
  }

  isolate(forMs?: number): void {
    this.#isByHand = true;
    this.#actor?.send({ type: 'breaker.isolated', at: this.#options.clock.now(), forMs: forMs ?? null });
  }

  release(): void {
    this.#isByHand = true;
    this.#actor?.send({ type: 'breaker.released', at: this.#options.clock.now() });
  }

  reset(): void {
    this.#isByHand = true;
    this.#actor?.send({ type: 'breaker.reset', at: this.#options.clock.now() });
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells the machine of a result that can change it; a stale one and a success nobody waited for cannot. */
  #report(
    actor: BreakerActor,
    type: 'call.succeeded' | 'call.failed' | 'call.ignored',
    generation: number,
  ): void {
    const { context } = actor.getSnapshot();
    const { state } = this;
    if (actor !== this.#actor || generation !== context.generation) return;
    if (state === 'closed' && type === 'call.ignored') return;
    if (state === 'closed' && type === 'call.succeeded' && context.failures === 0) return;
    actor.send({ type, at: this.#options.clock.now(), generation });
  }

  #input() {
    const { failuresMax, recoveryMs, recoveryMaxMs, probeMs, clock, seed } = this.#options;
    const input = { failuresMax, recoveryMs, recoveryMaxMs, probeMs, seed, at: clock.now() };
    const memory = this.#memory ?? this.#options.memory;
    if (memory === undefined) return input;
    const isBroken = memory.state === 'halfOpen' || memory.state === 'probing' || memory.state === 'open';
    const state = memory.state === 'isolated' ? 'isolated' : isBroken ? 'open' : 'closed';
    const remainingMs = Math.max(0, memory.openUntil - clock.wall());
    return {
      ...input,
      restored: { state, remainingMs, trips: memory.trips, failures: memory.failures },
    } as const;
  }

  #born(self: BreakerActor): void {
    this.#actor = self;
    self.subscribe({
      next: () => this.#changed(self),
      // Its branch restarts it; what it knew is kept for that.
      error: () => {},
    });
  }

  #changed(self: BreakerActor): void {
    if (self !== this.#actor) return;
    const to = this.state;
    const from = this.#told;
    this.#memory = this.memory();
    if (to === from) return;
    this.#told = to;
    this.#say(self, from, to);
    // After the turn: a listener that asks for a permit must find the machine at rest.
    this.#options.clock.soon(() => this.#tell(to));
  }

  #tell(to: BreakerState): void {
    for (const listener of this.#listeners) {
      try {
        listener(to);
      } catch (error) {
        this.#options.log.error(
          { actor: this.#actor ? pathOf(this.#actor) : 'breaker', err: error },
          `circuit ${this.#options.name}: a listener failed`,
        );
      }
    }
  }

  #say(self: BreakerActor, from: BreakerState, to: BreakerState): void {
    const { name, log } = this.#options;
    const fields = { actor: pathOf(self), from, to };
    const { failures, retryInMs } = this.status();
    switch (to) {
      case 'open':
        log.warn(
          fields,
          `circuit open (${name}): ${failures} failures, retry in ${formatDuration(retryInMs)}`,
        );
        break;
      case 'closed':
        log.info(fields, `circuit closed (${name}): back to normal`);
        break;
      case 'halfOpen':
        log.info(fields, `circuit half-open (${name}): one probe may go out`);
        break;
      case 'probing':
        log.debug(fields, `circuit half-open (${name}): a probe is out`);
        break;
      case 'isolated':
        log.warn(fields, `circuit isolated (${name}): by hand`);
        break;
    }
  }
}
