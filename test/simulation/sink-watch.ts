/** What the services tell of the requests that sinks make. */
import type { Exchange } from './web.js';

export interface SinkWatch {
  /** The sink begins a request with these messages (none: a probe). */
  asks(sink: string, exchange: Exchange, messages: readonly number[]): void;
  /** The service has taken them. `fresh`: those of them that it had not. */
  taken(sink: string, exchange: Exchange, messages: readonly number[], fresh?: readonly number[]): void;
  /** The request has ended for the daemon, one way or the other. */
  ended(sink: string, exchange: Exchange): void;
  /** One of these is what the sink refuses for good. */
  isPoisoned(sink: string, messages: readonly number[]): boolean;
  /** A fault was really met. */
  met(service: string, how: string): void;
}
