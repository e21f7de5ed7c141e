/**
 * HTTP as Earshot makes it: a lease from the pool, then one request under a named deadline, through ky over
 * one undici agent. No retries, no redirects, answers read up to a bound.
 */

export interface HttpRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The deadline's name as the figures show it ("discord send"), and its milliseconds. */
  readonly timeout: { readonly name: string; readonly ms: number };
  readonly signal?: AbortSignal;
}

/** How a request ended. Never thrown: every end is an answer or a reason. */
export type HttpResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Headers;
      /** The body, cut at 64 KiB. */
      readonly text: string;
    }
  | {
      readonly kind: 'unanswered';
      readonly cause: 'timeout' | 'network' | 'cancelled';
      /** `no` when it surely never reached the other side (DNS, refused, connect timeout). */
      readonly sent: 'no' | 'maybe';
      readonly code: string;
      /** For people, scrubbed of the URL. */
      readonly text: string;
    };

/** One of the pool's places. Returned exactly once; a second return changes nothing. */
export interface Lease {
  /** Starts the request in this very turn. */
  send(request: HttpRequest): Promise<HttpResult>;
  release(): void;
}

export interface PoolStatus {
  readonly state: string;
  readonly leased: number;
  readonly limit: number;
  readonly waiting: number;
}

export interface HttpPool {
  /**
   * A lease for `share`: a sink's name, or `lookups` for everything that is not a delivery (4 at most together).
   * Each sink has one place kept for it. Resolves undefined when the wait was given up (`withinMs`, `signal`, pool closed,
   * too many waiting).
   */
  lease(share: string, options: { withinMs: number; signal?: AbortSignal }): Promise<Lease | undefined>;
  status(): PoolStatus;
}
