/**
 * The control: how a running daemon is asked and told. A Unix socket beside the store, whose permissions are
 * its protection, and HTTP on loopback for browsers, probes and metrics.
 */
import type { Config } from '../config.js';
import type { Log } from '../log.js';
import type { StatusDocument } from '../status.js';
import type { ChannelIds, DeadLetter } from '../store.js';
import type { World } from '../world.js';

/** What the daemon lets be asked of it. Each may throw an EarshotError, which reaches the asker as text. */
export interface ControlCommands {
  status(): StatusDocument;
  isReady(): boolean;
  deadLetters(limit: number): readonly DeadLetter[];
  /** Returns how many went back into the outbox. */
  retry(ids: readonly number[] | 'all'): number;
  /** Returns how many were discarded. */
  discard(ids: readonly number[] | 'all'): number;
  resume(sink: string): 'resumed' | 'notRefused' | 'unknown';
  /** `name` is a sink's, or a connection's (`connection-1`). */
  breaker(name: string, action: 'isolate' | 'release' | 'reset', forMs?: number): 'done' | 'unknown';
  addChannel(slug: string, ids: ChannelIds): void;
}

export interface ControlOptions {
  /** `false`: the Unix socket alone. */
  readonly control: Config['control'];
  /** Where the Unix socket goes: `socketPathOf(store.path)`. */
  readonly socketPath: string;
  readonly version: string;
  readonly commands: ControlCommands;
  readonly log: Log;
  readonly world: Pick<World, 'clock'>;
}

export interface Control {
  /** Resolves when both are bound. Rejects with an EarshotError when an address is taken. */
  bind(): Promise<{ url?: string; socket: string }>;
  /** Stops listening and ends every connection, kept alive or not. */
  close(): Promise<void>;
}
