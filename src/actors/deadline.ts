/** Named deadlines: an operation, a limit on the world's clock, an abort, and figures per name. */

export interface TimeoutFigures {
  readonly started: number;
  readonly timedOut: number;
  readonly ratePercent: number;
  readonly longestMs: number;
}

/** What became of an operation under a deadline. `failed` carries what it threw. */
export type DeadlineEnd<T> =
  | { readonly kind: 'completed'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'cancelled' };

export interface Deadlines {
  /** Runs `work` for `ms` at most; aborts its signal at the limit or when `signal` aborts. */
  within<T>(
    name: string,
    ms: number,
    work: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<DeadlineEnd<T>>;
  /** Counts work that could not be interrupted (parsing): it took `tookMs` where `limitMs` was allowed. */
  measured(name: string, tookMs: number, limitMs: number): void;
  figures(): Readonly<Record<string, TimeoutFigures>>;
}
