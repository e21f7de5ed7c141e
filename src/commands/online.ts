/** What `check --online` and `test` need of the daemon: HTTP under deadlines and the sinks, and nothing else. */
import { createActor } from 'xstate';
import { createDeadlines } from '../actors/deadline.js';
import { HttpSessions } from '../actors/http.js';
import type { Config, ResolvedSink } from '../config.js';
import type { Log } from '../log.js';
import { realWorld } from '../real-world.js';
import { createConsole } from '../sinks/console.js';
import { createDiscord } from '../sinks/discord.js';
import { createPostgrest } from '../sinks/postgrest.js';
import type { Outcome, SendContext, Sink } from '../sinks/sink.js';
import type { Clock } from '../world.js';
import type { Terminal } from './terminal.js';

export interface Online {
  readonly http: HttpSessions;
  readonly sinks: readonly Sink[];
  readonly clock: Clock;
  /** Runs one request of a sink on a lease of its own. */
  request(sink: Sink, make: (context: SendContext) => Promise<Outcome>): Promise<Outcome>;
  close(): Promise<void>;
}

/** The command says itself what went wrong. */
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const LEASE_MS = 30_000;

export function goOnline(config: Config, version: string, terminal: Terminal): Online {
  const world = realWorld({ connectionsPerHost: config.limits.httpConnections });
  const { clock } = world;
  const http = new HttpSessions({
    world,
    deadlines: createDeadlines({ clock, log: SILENT }),
    log: SILENT,
    limit: config.limits.httpConnections,
    lookupsMax: 1,
    waitersMax: 100,
    leaseMaxMs: 11 * 60_000,
  });
  const pool = createActor(http.logic, { clock });
  pool.start();
  const { signal } = new AbortController();
  return {
    http,
    clock,
    sinks: config.sinks.map((sink) => sinkOf(sink, { version, clock }, terminal)),
    async request(sink, make) {
      const lease = await http.lease(sink.name, { withinMs: LEASE_MS });
      try {
        return await make({
          lease: sink.origin === undefined ? undefined : lease,
          signal,
          wall: clock.wall(),
        });
      } finally {
        lease?.release();
      }
    },
    async close() {
      http.close();
      pool.stop();
      await world.close();
    },
  };
}

function sinkOf(sink: ResolvedSink, from: { version: string; clock: Clock }, terminal: Terminal): Sink {
  switch (sink.type) {
    case 'discord':
      return createDiscord(sink, from);
    case 'postgrest':
      return createPostgrest(sink);
    case 'console':
      return createConsole(sink, (line) => terminal.write(`${line}\n`));
  }
}

/** An outcome in words; `fix` is empty when there is nothing to fix. */
export function outcomeText(outcome: Outcome): {
  readonly isWell: boolean;
  readonly text: string;
  readonly fix: string;
} {
  switch (outcome.kind) {
    case 'delivered':
      return { isWell: true, text: 'ok', fix: '' };
    case 'cancelled':
      return { isWell: false, text: 'no connection was free in time', fix: '' };
    case 'later':
      return { isWell: false, text: `rate limited: ${outcome.error.text}`, fix: 'wait, then try again' };
    case 'refused':
      return { isWell: false, text: `refused: ${outcome.error.text}`, fix: outcome.remedy };
    case 'failed':
    case 'rejected':
      return { isWell: false, text: `${outcome.kind}: ${outcome.error.text}`, fix: '' };
  }
}
