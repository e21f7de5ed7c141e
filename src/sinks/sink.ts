/** The contract between a kind of sink (Discord, PostgREST, console) and the delivery that drives it. */
import type { BreakerStatus } from '../actors/breaker.js';
import type { Lease } from '../actors/http.js';
import type { LastError } from '../errors.js';
import type { OutboxRow } from '../store.js';

/** Until when nothing may be sent, as the server said. Milliseconds from the answer. */
export interface Hold {
  /** `bucket` holds this sink, `host` every sink of its origin. */
  readonly scope: 'bucket' | 'host';
  readonly forMs: number;
}

type Failure = Pick<LastError, 'code' | 'text'>;

/** What came of one request. */
export type Outcome =
  /** All rows arrived. `hold` when the limit is used up now. */
  | { readonly kind: 'delivered'; readonly hold?: Hold }
  /** The server asked to come back later. Proves nothing about its health. `noTime`: it gave no time (a ban). */
  | {
      readonly kind: 'later';
      readonly hold: Hold;
      readonly noTime?: boolean;
      readonly error: Failure;
      readonly countsAsInvalid: boolean;
    }
  /** The service is ill (5xx, network, timeout). `sent: 'maybe'` is ambiguous: it may have arrived. */
  | {
      readonly kind: 'failed';
      readonly sent: 'no' | 'maybe';
      readonly error: Failure;
      readonly retryAfterMs?: number;
    }
  /** The service is well and refused what was sent, for good: bisect, or dead letter. */
  | { readonly kind: 'rejected'; readonly error: Failure; readonly hold?: Hold }
  /** The endpoint itself refuses (unknown webhook, wrong token): zero further requests until a person acts. */
  | { readonly kind: 'refused'; readonly error: Failure; readonly remedy: string }
  /** Ended by us. */
  | { readonly kind: 'cancelled'; readonly sent: 'no' | 'maybe' };

/** What one request may use. */
export interface SendContext {
  /** Undefined for a sink without an origin. */
  readonly lease: Lease | undefined;
  readonly signal: AbortSignal;
  /** Epoch milliseconds now, to say how late a message is. */
  readonly wall: number;
}

/** A sink as the status document shows it. */
export interface SinkStatus {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  /** Epoch milliseconds, as the other times. */
  readonly sinceAt: number;
  /** Until when it waits; null while it does not. */
  readonly waitUntil: number | null;
  readonly lastError: LastError | null;
  readonly lastDeliveredAt: number | null;
  readonly breaker: BreakerStatus;
  readonly queue: {
    readonly size: number;
    readonly limit: number;
    readonly outbox: number;
    readonly oldestMs: number;
  };
  readonly delivered: number;
  readonly retried: number;
  readonly dead: number;
  readonly expired: number;
  readonly pending: number;
  readonly requests: number;
  readonly rateLimitedMs: number;
}

export interface Sink {
  readonly name: string;
  readonly type: 'discord' | 'postgrest' | 'console';
  /** The origin whose limits and bans it shares with other sinks; undefined when it makes no requests. */
  readonly origin: string | undefined;
  /** A fingerprint of where it delivers to, without secrets: a refusal holds as long as it stays the same. */
  readonly target: string;
  /** Rows of one request at most. */
  readonly batchMax: number;
  /** How many of the first rows fit into one request; at least 1. */
  fits(rows: readonly OutboxRow[]): number;
  /** Sends the rows as one request, started in this very turn. Never rejects. */
  send(rows: readonly OutboxRow[], context: SendContext): Promise<Outcome>;
  /** Asks without delivering anything: for `check --online`, and for a probe when nothing waits. */
  probe?(context: SendContext): Promise<Outcome>;
}
