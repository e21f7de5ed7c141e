/**
 * The pump of one sink: what may be sent now, and one request from the choice of its rows to their settlement.
 * It asks in this order: what the host and the own limit allow, a place in the pool, the breaker's permit; then
 * it sends in that very turn. When a request begins is the machine's to say (machines/delivery.ts).
 */
import type { AttemptEnd, DeliveryEvent } from '../../machines/delivery.js';
import type { Gate, Permit } from '../actors/breaker.js';
import type { HttpPool, Lease } from '../actors/http.js';
import type { LastError } from '../errors.js';
import type { SinkLedger } from '../ledger.js';
import type { OutboxRow, Settlement } from '../store.js';
import type { Clock } from '../world.js';
import { Bisection } from './bisection.js';
import type { Host } from './host.js';
import type { Outcome, SendContext, Sink } from './sink.js';
import type { OutboxWindow } from './window.js';

export interface PumpParts {
  readonly sink: Sink;
  readonly clock: Clock;
  readonly window: OutboxWindow;
  readonly ledger: SinkLedger;
  readonly http: Pick<HttpPool, 'lease'>;
  readonly gate: Gate;
  readonly host: Host | undefined;
  /** The request goes out in this turn. */
  started(): void;
  refused(refusal: Extract<Outcome, { kind: 'refused' }>): void;
  /** The server asked for patience. */
  limited(error: Pick<LastError, 'code' | 'text'>): void;
  buried(row: OutboxRow, error: LastError): void;
}

export interface PumpFigures {
  readonly requests: number;
  /** Rows that were sent and have to be sent again. */
  readonly retried: number;
  readonly lastError: LastError | null;
  readonly lastDeliveredAt: number | null;
}

/** How long a place in the pool is waited for before that counts as a failure of its own. */
const LEASE_WAIT_MS = 30_000;

export class Pump {
  readonly #parts: PumpParts;
  readonly #bisection = new Bisection();
  #inFlight: readonly number[] = [];
  /** Ended, and not taken by the ledger yet. */
  #unsettled: Settlement[] = [];
  /** Until when the server wants nothing from this sink, monotonic milliseconds. */
  #bucketUntil = 0;
  /** A request of an earlier life of the branch has no say in this one. */
  #life = 0;
  #figures: PumpFigures = { requests: 0, retried: 0, lastError: null, lastDeliveredAt: null };

  constructor(parts: PumpParts) {
    this.#parts = parts;
  }

  /** Rows that must not expire: out, or ended and not settled. */
  get inFlight(): readonly number[] {
    return [...this.#inFlight, ...this.#unsettled.map(({ seq }) => seq)];
  }

  get figures(): PumpFigures {
    return this.#figures;
  }

  /** What calls for a request or forbids it; undefined when there is nothing to be done. */
  judge(): DeliveryEvent | undefined {
    const { window, gate, clock } = this.#parts;
    const at = clock.now();
    if (!this.settle()) return { type: 'settlement.left', at };
    window.refill();
    if (window.size === 0 && !this.#isProbeDue) return undefined;
    const untilAt = this.#heldUntil;
    if (untilAt > at) return { type: 'limit.reached', at, untilAt };
    return { type: gate.admits ? 'work.found' : 'circuit.refused', at };
  }

  /** One request at most. Rejects only when the program is wrong. */
  async attempt(signal: AbortSignal): Promise<AttemptEnd> {
    const lease = await this.#lease(signal);
    try {
      if (lease === 'none') return this.#end({ kind: 'failed', retryAfterMs: 0 });
      return await this.#request(lease, signal);
    } finally {
      if (lease !== 'none') lease?.release();
    }
  }

  /** Hands what ended to the ledger. False when it cannot take it now: it will call for a look. */
  settle(): boolean {
    if (this.#unsettled.length === 0) return true;
    const { ledger, sink } = this.#parts;
    if (ledger.settle(sink.name, this.#unsettled) === 'full') return false;
    this.#unsettled = [];
    return true;
  }

  /** The life of the branch is over. Rows that were out when it crashed are counted against. */
  ended(hasCrashed: boolean): void {
    const seqs = this.#inFlight;
    this.#life += 1;
    this.#inFlight = [];
    this.#bisection.forget();
    if (hasCrashed && seqs.length > 0) this.#parts.ledger.crashed(this.#parts.sink.name, seqs);
  }

  get #heldUntil(): number {
    return Math.max(this.#bucketUntil, this.#parts.host?.heldUntil ?? 0);
  }

  /** A circuit that is to be tested is tested without a notification when none waits. */
  get #isProbeDue(): boolean {
    const { gate, sink } = this.#parts;
    return gate.state === 'halfOpen' && sink.probe !== undefined;
  }

  async #lease(signal: AbortSignal): Promise<Lease | undefined | 'none'> {
    const { sink, http } = this.#parts;
    if (sink.origin === undefined) return undefined;
    return (await http.lease(sink.name, { withinMs: LEASE_WAIT_MS, signal })) ?? 'none';
  }

  /** The wait for the place may have been long: everything is asked again, in one turn with the send. */
  async #request(lease: Lease | undefined, signal: AbortSignal): Promise<AttemptEnd> {
    const { sink, gate, host, clock } = this.#parts;
    if (signal.aborted || this.#heldUntil > clock.now()) return this.#end({ kind: 'passed' });
    const candidates = this.#candidates();
    if (candidates.length === 0 && !this.#isProbeDue) return this.#end({ kind: 'passed' });
    // A fault in what follows is theirs, until it is known whose.
    this.#inFlight = candidates.map(({ seq }) => seq);
    const rows = candidates.length === 0 ? [] : candidates.slice(0, Math.max(1, sink.fits(candidates)));
    this.#inFlight = rows.map(({ seq }) => seq);
    const permit = gate.admit();
    if (permit === undefined) {
      this.#inFlight = [];
      return this.#end({ kind: 'shutOut' });
    }
    const life = this.#life;
    host?.sent();
    this.#count({ requests: this.#figures.requests + 1 });
    this.#parts.started();
    const outcome = await this.#send(rows, { lease, signal, wall: clock.wall() }, permit);
    if (life !== this.#life) {
      permit.ignored();
      return this.#end({ kind: 'passed' });
    }
    host?.answered(outcome);
    return this.#conclude(rows, outcome, permit, signal);
  }

  async #send(rows: readonly OutboxRow[], context: SendContext, permit: Permit): Promise<Outcome> {
    const { sink } = this.#parts;
    try {
      const probe = rows.length === 0 ? sink.probe?.(context) : undefined;
      return await (probe ?? sink.send(rows, context));
    } catch (error) {
      permit.ignored();
      throw error;
    }
  }

  /** As many as one request may take, of what waits. */
  #candidates(): readonly OutboxRow[] {
    const { window, sink, gate } = this.#parts;
    // A probe may well fail, and leave in doubt what it carried: one row is enough for it.
    const max = gate.state === 'halfOpen' ? 1 : this.#bisection.sizeOf(sink.batchMax);
    const rows = window.first(max);
    // What was out in a crash goes alone: the rows beside it must not become dead letters with it.
    const suspect = rows.findIndex(({ crashes }) => crashes > 0);
    return suspect === -1 ? rows : rows.slice(0, Math.max(1, suspect));
  }

  #conclude(rows: readonly OutboxRow[], outcome: Outcome, permit: Permit, signal: AbortSignal): AttemptEnd {
    const { clock, gate } = this.#parts;
    if ('error' in outcome) this.#count({ lastError: { ...outcome.error, at: clock.wall() } });
    if ('hold' in outcome && outcome.hold?.scope === 'bucket')
      this.#bucketUntil = clock.now() + outcome.hold.forMs;
    // Ended by a crash, they are still counted as out: `ended` deals with them.
    if (outcome.kind !== 'cancelled' || !signal.aborted) this.#inFlight = [];
    switch (outcome.kind) {
      case 'delivered':
        permit.succeeded();
        if (rows.length > 0) this.#count({ lastDeliveredAt: clock.wall() });
        return this.#done(
          rows,
          rows.map(({ seq }) => ({ seq, end: 'delivered' })),
        );
      case 'rejected':
        // The service is well: it read what it was sent, and does not want it.
        permit.succeeded();
        return this.#rejected(rows, { ...outcome.error, at: clock.wall() });
      case 'later':
        permit.ignored();
        this.#count({ retried: this.#figures.retried + rows.length });
        this.#parts.limited(outcome.error);
        return this.#end({ kind: 'passed' });
      case 'failed':
        permit.failed();
        this.#count({ retried: this.#figures.retried + rows.length });
        return gate.admits
          ? this.#end({ kind: 'failed', retryAfterMs: outcome.retryAfterMs ?? 0 })
          : this.#end({ kind: 'shutOut' });
      case 'refused':
        permit.ignored();
        this.#parts.refused(outcome);
        return this.#end({ kind: 'refused' });
      case 'cancelled':
        permit.ignored();
        return this.#end({ kind: 'failed', retryAfterMs: 0 });
    }
  }

  #rejected(rows: readonly OutboxRow[], error: LastError): AttemptEnd {
    const [row] = rows;
    if (row !== undefined && rows.length === 1) {
      this.#parts.buried(row, error);
      return this.#done(rows, [{ seq: row.seq, end: 'dead', error }]);
    }
    this.#bisection.rejected(rows.length);
    return this.#end({ kind: 'passed' });
  }

  #done(rows: readonly OutboxRow[], settlements: readonly Settlement[]): AttemptEnd {
    this.#parts.window.drop(rows.length);
    this.#bisection.passed(rows.length);
    this.#unsettled.push(...settlements);
    return this.#end({ kind: this.settle() ? 'done' : 'unsettled' });
  }

  #count(change: Partial<PumpFigures>): void {
    this.#figures = { ...this.#figures, ...change };
  }

  #end<End>(end: End): End & { at: number } {
    return { ...end, at: this.#parts.clock.now() };
  }
}
