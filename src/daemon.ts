/**
 * The composition root: builds every part from the configuration and a world, puts their machines under one
 * supervisor, and lets it run. Which step comes first and how long it may take is the supervisor's to say
 * (machines/supervisor.ts); here stands what each step does.
 */
import { constants } from 'node:os';
import {
  type ActorRefFrom,
  type AnyActorLogic,
  createActor,
  fromCallback,
  fromPromise,
  type InspectionEvent,
} from 'xstate';
import { branchMachine } from '../machines/branch.js';
import { type Ended, type PhaseEnd, supervisorMachine } from '../machines/supervisor.js';
import { Account } from './account.js';
import { createDeadlines } from './actors/deadline.js';
import { HttpSessions } from './actors/http.js';
import { LOOKUPS_MAX } from './actors/places.js';
import { bound, wired } from './actors/wired.js';
import type { Config } from './config.js';
import { type Control, type ControlCommands, createControl } from './control/server.js';
import { socketPathOf } from './control/socket-path.js';
import { keepRecording, observers, sayContentKept } from './daemon/flight.js';
import { sayEnd, sayHealth, sayPhase, sayRunning } from './daemon/log-lines.js';
import { EarshotError } from './errors.js';
import { createIntake } from './intake.js';
import { createLedger } from './ledger/store-ledger.js';
import type { Log } from './log.js';
import { createRules } from './rules.js';
import { createSinks, type Sinks } from './sinks/plane.js';
import { createKick } from './sources/kick.js';
import type { Source, StatusReason } from './sources/source.js';
import type { StatusDocument } from './status.js';
import { Tasks } from './tasks.js';
import type { Recording } from './trace/recording.js';
import type { SignalName, World } from './world.js';

export interface DaemonOptions {
  readonly version: string;
  /** Where the console sink writes. */
  readonly print: (line: string) => void;
  /** What the machines do is recorded by it, where there is one. */
  readonly recording?: Recording;
  /** Sees every actor, event and snapshot of the tree. */
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface DaemonEnd {
  /** As `earshot run` exits: 0 clean, 1 failed or past a limit, 128 + signal when forced. */
  readonly exitCode: number;
  readonly phases: readonly PhaseEnd[];
  /** Why it stopped by itself, or null. */
  readonly failure: string | null;
  /** The last status, with the account. */
  readonly status: StatusDocument;
}

export interface Daemon {
  /** Resolves when everything has ended; never rejects. */
  readonly finished: Promise<DaemonEnd>;
  /** Where it is reached; undefined until the control is bound. */
  readonly address: { readonly url?: string; readonly socket: string } | undefined;
  status(): StatusDocument;
  /** Asks for the stop in order; asked again, forces it. `forcedCode` is the exit code then. */
  stop(reason: string, forcedCode?: number): void;
}

const WAITERS_MAX = 1_000;
const START_LIMIT_MS = 60_000;
const CLOSE_REST_MS = 2_000;
const SWEEP_MS = 1_000;
const QUEUE_BYTES_PER_CHANNEL = 4 * 1024 * 1024;
const EXPIRE_MS = 10_000;
const RETAIN_MS = 600_000;
const CHECKPOINT_MS = 10_000;
/** A forced end without a signal: as if by SIGTERM. */
const FORCED_CODE = 128 + constants.signals.SIGTERM;

export function startDaemon(config: Config, world: World, log: Log, options: DaemonOptions): Daemon {
  return new RunningDaemon(config, world, log, options);
}

class RunningDaemon implements Daemon {
  readonly finished: Promise<DaemonEnd>;
  address: Daemon['address'];
  readonly #config: Config;
  readonly #world: World;
  readonly #log: Log;
  readonly #options: DaemonOptions;
  readonly #inspect: ((event: InspectionEvent) => void) | undefined;
  readonly #account = new Account();
  readonly #deadlines;
  readonly #http;
  readonly #ledger;
  readonly #sinks: Sinks;
  readonly #sources: readonly Source[];
  readonly #tasks: Tasks;
  readonly #control: Control;
  readonly #root: ActorRefFrom<typeof supervisorMachine>;
  readonly #startedAt: number;
  #sourcesBranch: ActorRefFrom<typeof branchMachine> | undefined;
  /** What the phase in hand may take; 0 before the first. */
  #phaseLimitMs = 0;

  constructor(config: Config, world: World, log: Log, options: DaemonOptions) {
    this.#config = config;
    this.#world = world;
    this.#log = log;
    this.#options = options;
    this.#inspect = observers([options.recording?.inspect, options.inspect], log);
    this.#startedAt = world.clock.wall();
    sayContentKept(log, options.recording);
    const { clock } = world;
    const { limits, store } = config;
    this.#deadlines = createDeadlines({ clock, log, inspect: this.#inspect });
    this.#http = new HttpSessions({
      world,
      deadlines: this.#deadlines,
      log,
      limit: limits.httpConnections,
      lookupsMax: LOOKUPS_MAX,
      waitersMax: WAITERS_MAX,
      leaseMaxMs: this.#longestTimeout() + 30_000,
    });
    this.#ledger = createLedger({
      world,
      store,
      account: this.#account,
      log,
      handled: (tookMs) => this.#deadlines.measured('handler', tookMs, config.timeouts.handler),
    });
    const rules = createRules({
      watch: config.watch,
      rules: config.rules,
      sinks: config.sinks.map(({ name }) => name),
    });
    const intake = createIntake({
      clock,
      rules,
      ledger: this.#ledger,
      account: this.#account,
      log,
      queueLimit: limits.messagesPerChannel,
      queueMaxBytes: QUEUE_BYTES_PER_CHANNEL,
      archivesAll: store.archive === 'all',
      matched: options.recording?.matched,
    });
    const parts = { config, world, http: this.#http, deadlines: this.#deadlines, ledger: this.#ledger, log };
    this.#sinks = createSinks({ ...parts, version: options.version, print: options.print });
    this.#sources = [createKick({ ...parts, config: inTimeToStop(config), intake })];
    this.#tasks = new Tasks(clock, log);
    this.#control = createControl({
      control: config.control,
      socketPath: socketPathOf(store.path),
      commands: this.#commands(),
      log,
      clock,
      listen: world.listen,
      recorder: options.recording?.recorder,
    });
    const removeSignals = world.onSignal((signal) => this.#heard(signal));
    this.#root = this.#supervisor();
    this.#ledger.onUnusable((problem) => {
      this.#root.send({ type: 'part.failed', at: clock.now(), part: 'store', text: textOf(problem) });
    });
    this.#ledger.onReady(() => {
      this.#sinks.recall();
      for (const source of this.#sources) source.recall();
    });
    this.finished = new Promise((resolve) => {
      this.#root.subscribe({
        complete: () => {
          removeSignals();
          resolve(this.#end());
        },
        // The supervisor itself cannot fail but by a fault in this program: then nothing is left to be put in order.
        error: (error) => {
          removeSignals();
          log.error({ actor: 'supervisor', err: error }, `failed: ${textOf(error)}`);
          resolve({ exitCode: 1, phases: [], failure: textOf(error), status: this.status() });
        },
      });
    });
    this.#root.start();
  }

  stop(reason: string, forcedCode = FORCED_CODE): void {
    this.#root.send({ type: 'stop.requested', at: this.#world.clock.now(), reason, forcedCode });
  }

  status(): StatusDocument {
    const { clock, pid } = this.#world;
    const { recording } = this.#options;
    const snapshot = this.#root.getSnapshot();
    const state = snapshot.matches('starting')
      ? 'starting'
      : snapshot.matches('running')
        ? 'running'
        : 'stopping';
    const reasons = this.#reasons();
    const health = reasons.some(({ severity }) => severity === 'degraded') ? 'degraded' : 'healthy';
    return {
      schema: 1,
      version: this.#options.version,
      pid,
      state,
      health: state === 'running' ? health : state,
      reasons,
      startedAt: this.#startedAt,
      uptimeMs: clock.wall() - this.#startedAt,
      memory: { rssBytes: this.#world.rssBytes() },
      account: this.#account.figures(),
      sources: this.#sources.map((source) => source.status()),
      sinks: this.#sinks.status(),
      pool: this.#http.status(),
      timeouts: this.#deadlines.figures(),
      tasks: this.#tasks.status(),
      store: { state: this.#ledger.state, ...this.#ledger.stats() },
      trace: {
        seq: recording?.recorder.seq ?? 0,
        dir: recording?.folder ?? null,
        blackbox: recording?.blackbox.last ?? null,
      },
    };
  }

  #supervisor(): ActorRefFrom<typeof supervisorMachine> {
    const { shutdown } = this.#config;
    const { clock } = this.#world;
    const limits = {
      start: START_LIMIT_MS,
      closingSources: shutdown.sources,
      drainingQueues: shutdown.drain,
      closingSinks: shutdown.sinks,
      cancellingTasks: shutdown.tasks,
      closingStore: shutdown.store,
      closingRest: CLOSE_REST_MS,
      total: shutdown.total,
    };
    const machine = supervisorMachine.provide({
      actors: {
        store: this.#ledger.logic,
        pool: this.#http.logic,
        sinks: this.#sinks.logic,
        sources: this.#sourcesLogic(),
        tasks: this.#tasks.logic,
        control: this.#controlLogic(),
        openStore: this.#step(() => this.#ledger.opened()),
        startSinks: this.#step(() => this.#sinks.start()),
        bindControl: this.#step(async () => {
          this.address = await this.#control.bind();
        }),
        startSources: this.#step(() => this.#startTasks()),
        closingSources: this.#step(() => this.#closeSources()),
        drainingQueues: this.#step((signal) => this.#sinks.drain(this.#phaseLimitMs, signal)),
        closingSinks: this.#step(() => this.#sinks.close(this.#phaseLimitMs - graceOf(this.#phaseLimitMs))),
        cancellingTasks: this.#step(async () => {
          const left = await this.#tasks.cancelAll(this.#phaseLimitMs - graceOf(this.#phaseLimitMs));
          if (left > 0) throw new Error(`${left} tasks did not end`);
        }),
        closingStore: this.#step(() => this.#closeStore()),
        closingRest: this.#step(() => this.#closeRest()),
        abort: this.#step(() => this.#abort()),
      },
    });
    const root = createActor(machine, {
      id: 'supervisor',
      clock,
      input: { limits },
      ...(this.#inspect && { inspect: this.#inspect }),
    });
    root.on('supervisor.stopping', ({ reason }) => {
      this.#log.info({ actor: 'supervisor', to: 'stopping' }, `stopping: ${reason}`);
    });
    root.on('phase.began', ({ limitMs }) => {
      this.#phaseLimitMs = limitMs;
    });
    root.on('phase.ended', (ended) => sayPhase(this.#log, ended));
    return root;
  }

  /** One step of the start or the stop: says when it ended, and what failed. */
  #step(work: (signal: AbortSignal) => void | Promise<void>) {
    return fromPromise<Ended>(async ({ signal }) => {
      try {
        await work(signal);
        return { at: this.#world.clock.now() };
      } catch (error) {
        return { at: this.#world.clock.now(), failed: textOf(error) };
      }
    });
  }

  #sourcesLogic(): AnyActorLogic {
    const { clock, random } = this.#world;
    const members = Object.fromEntries(this.#sources.map(({ name, logic }) => [name, logic]));
    const clear = fromPromise(async () => ({ at: clock.now() }));
    return bound(
      wired(branchMachine.provide({ actors: { ...members, clear } }), (self) => {
        this.#sourcesBranch = self;
      }),
      () => ({ members: Object.keys(members), seed: Math.floor(random() * 2 ** 32) }),
    );
  }

  /** The control has no states of its own worth a machine: it is bound by a step, and lives until closed. */
  #controlLogic(): AnyActorLogic {
    return fromCallback(() => () => {
      this.#control.close().catch((error: unknown) => this.#log.error({ actor: 'control' }, textOf(error)));
    });
  }

  #startTasks(): void {
    const { retention } = this.#config.store;
    this.#tasks.every('health', SWEEP_MS, () => this.#sweep());
    this.#tasks.every('marks', CHECKPOINT_MS, () => this.#ledger.checkpoint());
    this.#tasks.every('expiry', EXPIRE_MS, (signal) =>
      this.#chunks(signal, () => this.#ledger.expire(this.#sinks.limits)),
    );
    this.#tasks.every('retention', RETAIN_MS, (signal) =>
      this.#chunks(signal, () => this.#ledger.retain(retention)),
    );
    sayRunning(this.#log, this.#config, this.address?.url);
  }

  /** Repeats short work while there is more, leaving the event loop to the chat in between. */
  async #chunks(signal: AbortSignal, work: () => boolean): Promise<void> {
    while (!signal.aborted && work()) await new Promise<void>((resolve) => this.#world.clock.soon(resolve));
  }

  /** Once a second: liveness is compared, and the supervisor hears of a turn of health. */
  #sweep(): void {
    for (const source of this.#sources) source.sweep();
    const snapshot = this.#root.getSnapshot();
    if (!snapshot.matches('running')) return;
    const reasons = this.#reasons().filter(({ severity }) => severity === 'degraded');
    const degraded = reasons.length > 0;
    if (degraded === snapshot.matches({ running: 'degraded' })) return;
    this.#root.send({ type: 'health.judged', at: this.#world.clock.now(), degraded });
    sayHealth(this.#log, reasons);
    if (degraded) keepRecording(this.#log, () => this.#options.recording?.blackbox.degraded());
  }

  #reasons(): StatusReason[] {
    return [
      ...this.#ledger.reasons(),
      ...this.#sinks.reasons(),
      ...this.#sources.flatMap((source) => source.reasons()),
    ];
  }

  async #closeSources(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()));
    this.#sourcesBranch?.send({ type: 'branch.stop' });
    this.#ledger.flush();
  }

  #closeStore(): void {
    const unwritten = this.#ledger.close();
    const { waiting } = this.#account;
    if (waiting > 0) throw new Error(`${waiting} messages could not be written`);
    // What they tell of is still in the outbox: the next process delivers it a second time.
    if (unwritten > 0) throw new Error(`${unwritten} acknowledgements could not be written`);
  }

  async #closeRest(): Promise<void> {
    this.#http.close();
    await this.#control.close();
    await this.#world.close();
  }

  /** The forced end: nothing is waited for but what must not be left half done. */
  async #abort(): Promise<void> {
    this.#http.close();
    this.#ledger.close();
    await Promise.all([this.#control.close(), this.#world.close()]);
  }

  #end(): DaemonEnd {
    const { output } = this.#root.getSnapshot();
    const { exitCode = 1, phases = [], failure = null } = output ?? {};
    const status = this.status();
    sayEnd(this.#log, status, exitCode, failure);
    return { exitCode, phases, failure, status };
  }

  #heard(signal: SignalName): void {
    // Reading the configuration anew is not offered yet; a terminal that hangs up must not end a daemon.
    if (signal === 'SIGHUP') return;
    this.stop(signal, 128 + constants.signals[signal]);
  }

  #commands(): ControlCommands {
    return {
      status: () => this.status(),
      isReady: () => this.#root.getSnapshot().hasTag('ready'),
      deadLetters: (limit) => this.#ledger.deadLetters(limit),
      retry: (ids) => this.#ledger.retry(ids),
      discard: (ids) => this.#ledger.discard(ids),
      resume: (sink) => this.#sinks.resume(sink),
      breaker: (name, action, forMs) => {
        const gate =
          this.#sinks.gate(name) ?? this.#sources.map((source) => source.gate(name)).find((it) => it);
        if (gate === undefined) return 'unknown';
        if (action === 'isolate') gate.isolate(forMs);
        else gate[action]();
        return 'done';
      },
      addChannel: (slug, ids) => {
        for (const source of this.#sources) source.addChannel(slug, ids);
      },
      blackbox: () => {
        const { recording } = this.#options;
        if (recording === undefined) throw new EarshotError('blackbox', 'nothing is recorded here');
        return recording.blackbox.write('asked');
      },
      stop: (reason) => this.stop(reason),
    };
  }

  #longestTimeout(): number {
    const own = this.#config.sinks.map((sink) => ('timeout' in sink ? sink.timeout : 0));
    return Math.max(this.#config.timeouts.lookup, this.#config.timeouts.connect, ...own);
  }
}

/** Kept of a phase's limit for what follows when its work is aborted, so that aborting is within it. */
const graceOf = (limitMs: number): number => Math.min(500, limitMs / 5);

/** What happened, and what a person can do about it. */
function textOf(error: unknown): string {
  if (error instanceof EarshotError && error.remedy) return `${error.message}; ${error.remedy}`;
  return error instanceof Error ? error.message : String(error);
}

/** A link that is dead answers no goodbye: it is dropped soon enough for its phase of the stop to end in time. */
function inTimeToStop(config: Config): Config {
  const { timeouts, shutdown } = config;
  return {
    ...config,
    timeouts: { ...timeouts, close: Math.min(timeouts.close, (shutdown.sources * 2) / 3) },
  };
}
