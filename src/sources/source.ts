/** The contract between a source of chat (Kick) and the daemon. */
import type { AnyActorLogic } from 'xstate';
import type { BreakerStatus, Gate } from '../actors/breaker.js';
import type { QueueStatus } from '../actors/queue.js';
import type { LastError } from '../errors.js';
import type { ChannelIds } from '../store.js';

export interface ConnectionStatus {
  readonly id: string;
  readonly state: string;
  /** Epoch milliseconds. */
  readonly sinceAt: number;
  readonly transport: 'pusher' | 'centrifugo' | null;
  readonly attempt: number;
  readonly breaker: BreakerStatus;
  readonly lastError: LastError | null;
}

export interface ChannelStatus {
  readonly slug: string;
  readonly state: string;
  readonly sinceAt: number;
  readonly heard: number;
  readonly matched: number;
  readonly dropped: number;
  readonly duplicates: number;
  /** Epoch milliseconds. */
  readonly lastHeardAt: number | null;
  readonly queue: Pick<QueueStatus, 'size' | 'limit' | 'highWater'>;
}

export interface SourceStatus {
  readonly platform: string;
  readonly connections: readonly ConnectionStatus[];
  readonly channels: readonly ChannelStatus[];
}

/** Why the whole is not healthy, or something a person may want to know. */
export interface StatusReason {
  readonly code: string;
  readonly severity: 'notice' | 'degraded';
  readonly actor: string;
  readonly sinceAt: number;
  readonly text: string;
  /** What to type or change; empty when only patience helps. */
  readonly do: string;
}

export interface Source {
  readonly name: string;
  /** The source's branch, spawned under `sources` with its name as the id. */
  readonly logic: AnyActorLogic;
  status(): SourceStatus;
  reasons(): StatusReason[];
  /** The store can be asked: whoever could not before learns now what an earlier process left. */
  recall(): void;
  /** Once a second: liveness is compared here, and machines hear of edges only. */
  sweep(): void;
  /** Takes no more messages; unsubscribes and closes its sockets. Resolves when they are closed. */
  close(): Promise<void>;
  /** The breaker of a part of this source (`connection-1`), for a person's hand. */
  gate(name: string): Gate | undefined;
  /** Ids given by hand. Throws an EarshotError when the channel is not configured. */
  addChannel(slug: string, ids: ChannelIds): void;
}
