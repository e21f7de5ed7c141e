/** How a life ends: within its limits, with the right exit code, its last words said, and nothing left behind. */
import type { Phase } from '../../../machines/supervisor.js';
import type { Config } from '../../../src/config.js';
import type { DaemonEnd } from '../../../src/daemon.js';
import type { Life } from '../life.js';
import type { Wire } from '../sockets.js';
import type { Timeline } from '../timeline.js';
import type { Exchange } from '../web.js';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verdict.js';

const FORCED_CODE = 143;
const FORCED_MS = 1_100;
const SLACK_MS = 100;
const IN_TIME = 'the stop ends within its limit';
const IN_ORDER = 'the stop goes through its phases, each within its limit';
const ENDS_BY_ITSELF = 'what is out when sinks close may end by itself';
const DRAINS = 'sinks that are well go on while it drains';
const ORDER: readonly Phase[] = [
  'closingSources',
  'drainingQueues',
  'closingSinks',
  'cancellingTasks',
  'closingStore',
  'closingRest',
];
const REST_MS = 2_000;
/** Kept for the last three phases. */
const RESERVE_MS = 5_000;
const CODE = 'the exit code is right';
const NOTHING_LEFT = 'nothing survives the stop';

export interface Left {
  /** The disk is well, and the store was opened in this life. */
  readonly isWritable: boolean;
  /** The life has the store's file open. */
  readonly hasStore: boolean;
  readonly exchanges: ReadonlySet<Exchange>;
  readonly wires: ReadonlySet<Wire>;
  readonly ledger: Ledger;
  readonly config: Config;
}

export class Ending {
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;
  /** When it was asked to stop, and to stop at once. */
  #askedAt: number | undefined;
  #forcedAt: number | undefined;
  /** The store could not be written at some time during the stop. */
  /** Since then the sinks are being closed. */
  #drainedAt: number | undefined;
  #wasRefused = false;
  #lastLine = '';

  constructor(timeline: Timeline, verdict: Verdict) {
    this.#timeline = timeline;
    this.#verdict = verdict;
  }

  get isStopping(): boolean {
    return this.#askedAt !== undefined;
  }

  began(): void {
    this.#askedAt = undefined;
    this.#forcedAt = undefined;
    this.#drainedAt = undefined;
    this.#wasRefused = false;
  }

  asked(isStoreDown: boolean): void {
    this.#wasRefused ||= isStoreDown;
    if (this.#askedAt === undefined) this.#askedAt = this.#timeline.now;
    else this.#forcedAt ??= this.#timeline.now;
  }

  logged(line: string): void {
    this.#lastLine = line;
    if (line.includes('"drainingQueues"')) this.#drainedAt = this.#timeline.now;
  }

  refused(): void {
    this.#wasRefused = true;
  }

  /** While it stops. */
  look({ shutdown }: Pick<Config, 'shutdown'>, stalledUntil: number): void {
    const { now } = this.#timeline;
    const over = (since: number | undefined, limitMs: number) =>
      since !== undefined && now > Math.max(since + limitMs, stalledUntil) + SLACK_MS;
    this.#verdict.holds(
      IN_TIME,
      !over(this.#askedAt, shutdown.total),
      () => `asked at ${time(this.#askedAt)}, and still there`,
    );
    this.#verdict.holds(
      IN_TIME,
      !over(this.#forcedAt, FORCED_MS),
      () => `forced at ${time(this.#forcedAt)}, and still there`,
    );
  }

  ended(life: Life, { exitCode, phases, failure, status }: DaemonEnd, left: Left): void {
    const isForced = this.#forcedAt !== undefined;
    const wasHeldUp = life.stalledUntil > (this.#askedAt ?? this.#timeline.now);
    const { waiting } = status.account;
    if (isForced)
      this.#verdict.holds(CODE, exitCode === FORCED_CODE, () => `${exitCode} after a second signal`);
    if (!isForced && left.isWritable) {
      this.#verdict.holds(
        'what waits is written before the end, if it can be',
        waiting === 0,
        () => `${waiting} messages wait, and the disk is well`,
      );
    }
    if (!isForced) {
      const isClean = failure === null && waiting === 0 && phases.every(({ end }) => end === 'done');
      this.#verdict.holds(
        CODE,
        exitCode === (isClean ? 0 : 1),
        () =>
          `${exitCode}, with ${waiting} waiting, ${failure ?? 'no failure'}, phases ${phases.map(({ end }) => end).join(', ')}`,
      );
    }
    if (this.#askedAt === undefined) {
      this.#verdict.holds(
        'it ends when it is asked to, or when its store is past help',
        this.#isPastHelp(failure),
        () => `it ended by itself: ${failure}`,
      );
    } else if (!isForced && !this.#wasRefused && !wasHeldUp && !this.#isPastHelp(failure)) {
      this.#verdict.holds(
        CODE,
        exitCode === 0,
        () =>
          `${exitCode}, and nothing was wrong: ${failure ?? phases.map(({ phase, end, text }) => `${phase} ${end} ${text ?? ''}`).join(', ')}`,
      );
    }
    this.#verdict.holds(
      'the last line is "Cleanup complete"',
      this.#lastLine.includes('"Cleanup complete"'),
      () => this.#lastLine,
    );
    this.#verdict.holds(NOTHING_LEFT, !left.hasStore, () => 'it has the store open');
    if (isForced) return;
    this.#isGone(life, left, wasHeldUp);
    if (!wasHeldUp) this.#wentThrough(phases, left.config);
  }

  /** A request that is out when the sinks are closed has their time to end by itself. */
  requestEnded({ end, startedAt, endedAt }: Exchange, { shutdown, sinks }: Config): void {
    if (end?.kind !== 'aborted' || this.#forcedAt !== undefined) return;
    const shortest = Math.min(
      ...sinks.map((sink) => ('timeout' in sink ? sink.timeout : Number.POSITIVE_INFINITY)),
    );
    if (this.#askedAt === undefined || endedAt - startedAt >= shortest - 1) return;
    const closingSince = this.#drainedAt ?? Number.POSITIVE_INFINITY;
    const limitMs = Math.min(shutdown.sinks, this.#askedAt + shutdown.total - RESERVE_MS - closingSince);
    const graceMs = Math.min(500, limitMs / 5);
    this.#verdict.holds(
      ENDS_BY_ITSELF,
      endedAt >= closingSince + limitMs - graceMs - 1,
      () =>
        `the request begun at ${time(startedAt)} is given up; sinks are closing since ${time(this.#drainedAt)}`,
    );
  }

  /** A sink begins a request. */
  requestBegins(sink: string): void {
    this.#verdict.holds(
      'nothing goes out any more when sinks close',
      this.#drainedAt === undefined || this.#timeline.now <= this.#drainedAt,
      () => `${sink} asks; sinks are closing since ${time(this.#drainedAt)}`,
    );
  }

  /** The sinks are closed, and so many of their requests are out. */
  sinksClosed(requests: number): void {
    this.#verdict.holds(
      NOTHING_LEFT,
      requests === 0,
      () => `sinks are closed, and ${requests} requests are out`,
    );
  }

  /** The sources are closed, and so many messages wait although the store takes them. */
  sourcesClosed(waiting: number): void {
    this.#verdict.holds(
      'what was heard is written before queues drain',
      waiting === 0,
      () => `${waiting} messages wait when the sources are closed`,
    );
  }

  /** Rows wait for this sink, and nothing keeps them: it drained for `tookMs`. */
  drained(sink: string, tookMs: number, { shutdown }: Pick<Config, 'shutdown'>): void {
    this.#verdict.holds(
      DRAINS,
      tookMs >= shutdown.drain - SLACK_MS,
      () => `${sink} had rows and was well, and draining was over after ${tookMs / 1_000} s`,
    );
  }

  #wentThrough(phases: DaemonEnd['phases'], { shutdown }: Pick<Config, 'shutdown'>): void {
    const limits: Readonly<Record<Phase, number>> = {
      closingSources: shutdown.sources,
      drainingQueues: shutdown.drain,
      closingSinks: shutdown.sinks,
      cancellingTasks: shutdown.tasks,
      closingStore: shutdown.store,
      closingRest: REST_MS,
    };
    const names = phases.map(({ phase }) => phase);
    this.#verdict.holds(IN_ORDER, names.join() === ORDER.join(), () => names.join(', '));
    let sum = 0;
    for (const { phase, tookMs } of phases) {
      sum += tookMs;
      const isFirst = ORDER.indexOf(phase) < 3;
      const limitMs = isFirst
        ? Math.min(limits[phase], Math.max(0, shutdown.total - RESERVE_MS - (sum - tookMs)))
        : limits[phase];
      this.#verdict.holds(
        IN_ORDER,
        tookMs <= limitMs + SLACK_MS,
        () => `${phase} took ${tookMs / 1_000} s, and had ${limitMs / 1_000} s`,
      );
    }
  }

  #isPastHelp(failure: string | null): boolean {
    return failure !== null && /another Earshot|not a database/.test(failure);
  }

  #isGone(life: Life, { exchanges, wires }: Left, wasHeldUp: boolean): void {
    const open = [...exchanges].filter((exchange) => exchange.life === life);
    const sockets = [...wires].filter(
      (wire) => wire.life === life && wire.state !== 'closed' && !wire.isTerminated,
    );
    this.#verdict.holds(NOTHING_LEFT, life.timers === 0, () => `${life.timers} timers are set`);
    this.#verdict.holds(NOTHING_LEFT, open.length === 0, () => `request ${open[0]?.id} is out`);
    // Of one that stood still meanwhile, what closes its sockets comes after its end.
    this.#verdict.holds(
      NOTHING_LEFT,
      wasHeldUp || sockets.length === 0,
      () => `socket ${sockets[0]?.id} is ${sockets[0]?.state}`,
    );
    this.#verdict.holds(NOTHING_LEFT, !life.listensToSignals, () => 'it listens to signals');
  }
}

function time(at: number | undefined): string {
  return `${((at ?? 0) / 1_000).toFixed(3)} s`;
}
