/**
 * A breaker as the code that makes the calls sees it: ask for a permit, make the call, say how it went.
 * The decision is the machine's (machines/breaker.ts); this only keeps what need not be asked away from it.
 */

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
