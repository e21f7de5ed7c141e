/**
 * The status document: the state of everything at one moment, the same for `earshot status --json`,
 * `GET /status` and the metrics. Its keys are kept stable; a change of their meaning raises `schema`.
 * Times ending in `At` are epoch milliseconds, durations end in `Ms`.
 */
import type { AccountFigures } from './account.js';
import type { BreakerStatus } from './actors/breaker.js';
import type { TimeoutFigures } from './actors/deadline.js';
import type { PoolStatus } from './actors/http.js';
import type { LastError } from './errors.js';
import type { SourceStatus, StatusReason } from './sources/source.js';
import type { StoreStats } from './store.js';
import type { TasksStatus } from './tasks.js';

export interface SinkStatus {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly sinceAt: number;
  /** Until when nothing is sent (a limit, a backoff); null when nothing holds it. */
  readonly waitUntil: number | null;
  readonly lastError: LastError | null;
  readonly lastDeliveredAt: number | null;
  readonly breaker: BreakerStatus;
  readonly queue: {
    readonly size: number;
    readonly limit: number;
    /** Rows in the store, those of the window included. */
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

export interface StatusDocument {
  readonly schema: 1;
  readonly version: string;
  readonly pid: number;
  readonly state: 'starting' | 'running' | 'stopping';
  readonly health: 'starting' | 'healthy' | 'degraded' | 'stopping';
  readonly reasons: readonly StatusReason[];
  readonly startedAt: number;
  readonly uptimeMs: number;
  readonly memory: { readonly rssBytes: number };
  readonly account: AccountFigures;
  readonly sources: readonly SourceStatus[];
  readonly sinks: readonly SinkStatus[];
  readonly pool: PoolStatus;
  readonly timeouts: Readonly<Record<string, TimeoutFigures>>;
  readonly tasks: TasksStatus;
  readonly store: StoreStats & { readonly state: string };
}

export { type RenderOptions, renderStatus } from './status/render.js';
