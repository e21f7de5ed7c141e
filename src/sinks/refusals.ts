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
  readonly #ledger: Pick<SinkLedger, 'memory' | 'remember' | 'rested'>;
  #current: Refusal | undefined;

  constructor(
    sink: Pick<Sink, 'name' | 'target'>,
    ledger: Pick<SinkLedger, 'memory' | 'remember' | 'rested'>,
  ) {
    this.#sink = sink;
    this.#ledger = ledger;
  }

  /** Undefined while the endpoint does not refuse. */
  get current(): Refusal | undefined {
    return this.#current;
  }

  /** Reads what an earlier process was told; true while it holds. */
  recall(): boolean {
    const { name, target } = this.#sink;
    const { refused, ...others } = this.#ledger.memory(name) ?? {};
    if (refused?.target === target) this.#current ??= { ...refused, remedy: '' };
    else if (refused !== undefined) {
      this.#ledger.remember(name, others);
      this.#ledger.rested(name, refused.since);
    }
    return this.#current !== undefined;
  }

  /** @param at epoch milliseconds. */
  note({ error, remedy }: Extract<Outcome, { kind: 'refused' }>, at: number): void {
    this.#current = { target: this.#sink.target, error: { ...error, at }, since: at, remedy };
  }

  /** What waited meanwhile begins to age again. */
  lift(): void {
    if (this.#current !== undefined) this.#ledger.rested(this.#sink.name, this.#current.since);
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
