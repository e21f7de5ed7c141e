/**
 * All sinks together: a branch of the tree with one member for each sink, and one for each host that several of
 * them may share.
 */
import { type ActorRefFrom, type AnyActorLogic, fromPromise } from 'xstate';
import { branchMachine } from '../../machines/branch.js';
import type { Gate } from '../actors/breaker.js';
import type { HttpPool } from '../actors/http.js';
import { bound, wired } from '../actors/wired.js';
import { type Config, type ResolvedSink, secretsOf } from '../config.js';
import type { Log } from '../log.js';
import { createScrubber } from '../secret.js';
import type { StatusReason } from '../sources/source.js';
import type { Clock, World } from '../world.js';
import { createConsole } from './console.js';
import { Delivery, type DeliveryOptions } from './delivery.js';
import { createDiscord } from './discord.js';
import { Host } from './host.js';
import { createPostgrest } from './postgrest.js';
import type { Outcome, SendContext, Sink, SinkStatus } from './sink.js';
import { reasonsOf } from './sink-reasons.js';

export interface Sinks {
  readonly logic: AnyActorLogic;
  readonly names: readonly string[];
  /** How old and how many a sink's rows may become, for the task that expires them. */
  readonly limits: ReadonlyMap<string, { readonly maxAgeMs: number; readonly maxPending: number }>;
  /** Once the branch runs: from now on rows are sent. */
  start(): void;
  /** The store can be asked: whoever could not before learns now what an earlier process left. */
  recall(): void;
  status(): SinkStatus[];
  reasons(): StatusReason[];
  /** Resolves when no sink that is well has anything left that could go out within `limitMs`, or by `signal`. */
  drain(limitMs: number, signal: AbortSignal): Promise<void>;
  /** In the configured order. What is out ends, or is aborted after `limitMs` in all; rows stay in the outbox. */
  close(limitMs: number): Promise<void>;
  resume(name: string): 'resumed' | 'notRefused' | 'unknown';
  gate(name: string): Gate | undefined;
}

export interface SinkMaking {
  readonly clock: Clock;
  /** Earshot's, for the User-Agent. */
  readonly version: string;
  /** Where the console sink writes. */
  readonly print: (line: string) => void;
}

export interface SinksOptions extends Omit<SinkMaking, 'clock'> {
  readonly config: Pick<Config, 'sinks'>;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly http: Pick<HttpPool, 'lease'> & { keepOneFor(sink: string): void };
  readonly ledger: DeliveryOptions['ledger'];
  readonly log: Log;
}

/** For a sink that makes no requests. */
const CONSOLE = { breaker: { failures: 5, recovery: 60_000 }, timeout: 1_000 } as const;

/** A sink of the configured kind. Throws an EarshotError when its address cannot be one. */
export function createSink(config: ResolvedSink, { clock, version, print }: SinkMaking): Sink {
  switch (config.type) {
    case 'discord':
      return createDiscord(config, { version, clock });
    case 'postgrest':
      return createPostgrest(config);
    case 'console':
      return createConsole(config, print);
  }
}

export function createSinks(options: SinksOptions): Sinks {
  const { config, world } = options;
  const { clock } = world;
  const { deliveries, hosts } = assemble(options);
  const byName = new Map(deliveries.map((delivery) => [delivery.sink, delivery]));
  const members = Object.fromEntries([
    ...hosts.map((host) => [host.name, host.logic] as const),
    ...deliveries.map((delivery) => [delivery.sink, delivery.logic] as const),
  ]);
  const clear = fromPromise(async () => {
    await Promise.all(deliveries.map((delivery) => delivery.clear()));
    return { at: clock.now() };
  });
  let branch: ActorRefFrom<typeof branchMachine> | undefined;

  return {
    logic: bound(
      wired(branchMachine.provide({ actors: { ...members, clear } }), (self) => {
        branch = self;
      }),
      () => ({ members: Object.keys(members), seed: Math.floor(world.random() * 2 ** 32) }),
    ),
    names: [...byName.keys()],
    limits: new Map(
      config.sinks.map(({ name, maxAge, maxPending }) => [name, { maxAgeMs: maxAge, maxPending }]),
    ),
    start() {
      for (const delivery of deliveries) delivery.start();
    },
    recall() {
      for (const delivery of deliveries) delivery.recall();
    },
    status: () => deliveries.map((delivery) => delivery.status()),
    reasons: () => deliveries.flatMap(reasonsOf),
    drain: (limitMs, signal) => drained(deliveries, clock.now() + limitMs, signal),
    async close(limitMs) {
      const untilAt = clock.now() + limitMs;
      // First nobody begins anything, so that a sink that hangs takes no time from those after it.
      for (const delivery of deliveries) delivery.leave();
      for (const delivery of deliveries) await delivery.close(Math.max(0, untilAt - clock.now()));
      branch?.send({ type: 'branch.stop' });
    },
    resume: (name) => byName.get(name)?.resume() ?? 'unknown',
    gate: (name) => byName.get(name)?.gate,
  };
}

function assemble({ config, world, http, ledger, log, version, print }: SinksOptions) {
  const hosts = new Map<string, Host>();
  const hostOf = (origin: string): Host => {
    const host = hosts.get(origin) ?? new Host({ origin, world, log });
    hosts.set(origin, host);
    return host;
  };
  const scrub = createScrubber(secretsOf({ sinks: config.sinks, control: false }));
  const deliveries = config.sinks.map((it) => {
    const sink = discreet(createSink(it, { clock: world.clock, version, print }), scrub);
    if (sink.origin !== undefined) http.keepOneFor(sink.name);
    const { breaker, timeout } = it.type === 'console' ? CONSOLE : it;
    const host = sink.origin === undefined ? undefined : hostOf(sink.origin);
    return new Delivery({ sink, world, http, ledger, log, host, breaker, timeoutMs: timeout });
  });
  return { deliveries, hosts: [...hosts.values()] };
}

/** A server may say our own secrets back to us: what it answered is scrubbed before anybody keeps or shows it. */
function discreet(sink: Sink, scrub: (text: string) => string): Sink {
  const scrubbed = async (answered: Promise<Outcome>): Promise<Outcome> => {
    const outcome = await answered;
    if (!('error' in outcome)) return outcome;
    return { ...outcome, error: { code: outcome.error.code, text: scrub(outcome.error.text) } };
  };
  const probe = sink.probe?.bind(sink);
  return {
    ...sink,
    send: (rows, context) => scrubbed(sink.send(rows, context)),
    ...(probe && { probe: (context: SendContext) => scrubbed(probe(context)) }),
  };
}

function drained(deliveries: readonly Delivery[], untilAt: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!signal.aborted && !deliveries.every((delivery) => delivery.isDrained(untilAt))) return;
      signal.removeEventListener('abort', look);
      for (const stop of stops) stop();
      resolve();
    };
    const stops = deliveries.map((delivery) => delivery.onChange(look));
    signal.addEventListener('abort', look, { once: true });
    look();
  });
}
