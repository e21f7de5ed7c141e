/**
 * The status document: the state of everything at one moment, the same for `earshot status --json`,
 * `GET /status` and the metrics. Its keys are kept stable; a change of their meaning raises `schema`.
 * Times ending in `At` are epoch milliseconds, durations end in `Ms`.
 */
import type { AccountFigures } from './account.js';
import type { TimeoutFigures } from './actors/deadline.js';
import type { PoolStatus } from './actors/http.js';
import type { SinkStatus } from './sinks/sink.js';
import type { SourceStatus, StatusReason } from './sources/source.js';
import type { StoreStats } from './store.js';
import type { TasksStatus } from './tasks.js';
import type { BlackboxFile } from './trace/blackbox.js';

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
  readonly trace: {
    /** The number of the last line; the log's lines carry it too. */
    readonly seq: number;
    /** Where the trace is written, or null. */
    readonly dir: string | null;
    /** The flight recording that was written last, or null. */
    readonly blackbox: BlackboxFile | null;
  };
}

export { type RenderOptions, renderStatus } from './status/render.js';
export type { SinkStatus };
