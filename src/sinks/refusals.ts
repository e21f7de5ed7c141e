/**
 * What a sink must know after a restart: that its endpoint refused for good, and how its breaker stood. A
 * refusal holds as long as the configuration names the same endpoint and nobody has resumed the sink.
 */
import type { BreakerMemory } from '../actors/breaker.js';
import type { SinkLedger } from '../ledger.js';
import type { SinkMemory } from '../store.js';
import type { Outcome, Sink } from './sink.js';

export type Refusal = NonNullable<SinkMemory['refused']> & {
  /** What a person can do; empty when an earlier process was told. */
  readonly remedy: string;
};

export class Refusals {
  readonly #sink: Pick<Sink, 'name' | 'target'>;
  readonly #ledger: Pick<SinkLedger, 'memory' | 'remember'>;
  #current: Refusal | undefined;

  constructor(sink: Pick<Sink, 'name' | 'target'>, ledger: Pick<SinkLedger, 'memory' | 'remember'>) {
    this.#sink = sink;
    this.#ledger = ledger;
  }

  /** Undefined while the endpoint does not refuse. */
  get current(): Refusal | undefined {
    return this.#current;
  }

  /** Reads what an earlier process was told; true while it holds. */
  recall(): boolean {
    const refused = this.#ledger.memory(this.#sink.name)?.refused;
    if (refused?.target === this.#sink.target) this.#current ??= { ...refused, remedy: '' };
    return this.#current !== undefined;
  }

  /** @param at epoch milliseconds. */
  note({ error, remedy }: Extract<Outcome, { kind: 'refused' }>, at: number): void {
    this.#current = { target: this.#sink.target, error: { ...error, at }, since: at, remedy };
  }

  lift(): void {
    this.#current = undefined;
  }

  /** Writes it down for the next process, with the breaker's memory beside it. */
  remember(breaker: BreakerMemory): void {
    const { name } = this.#sink;
    if (this.#current === undefined) this.#ledger.remember(name, { breaker });
    else {
      const { target, error, since } = this.#current;
      this.#ledger.remember(name, { breaker, refused: { target, error, since } });
    }
  }
}
