/**
 * The stage: everything outside the daemon, and the lives of the daemon itself, one after the other. It plays what
 * the plan says; whether the promises were kept, others look at.
 */
import { secretsOf } from '../../src/config.js';
import { type Daemon, type DaemonEnd, startDaemon } from '../../src/daemon.js';
import type { StandinClock } from '../../src/demo/standin-clock.js';
import { createLog } from '../../src/log.js';
import { blackboxFolderOf, type Recording, startRecording } from '../../src/trace/recording.js';
import { Chance } from './chance.js';
import { Chat, type Kind, numbersIn } from './chat.js';
import { Counters } from './coverage.js';
import { Database } from './database.js';
import { Discord } from './discord.js';
import { Disk } from './disk.js';
import { Kick } from './kick.js';
import { KickWeb } from './kick-web.js';
import { Life, type Surroundings } from './life.js';
import type { Plan } from './plan.js';
import { configOf } from './shape.js';
import { Story } from './story.js';
import { type Appointment, Timeline } from './timeline.js';
import { Watch } from './watch.js';
import { Web } from './web.js';

const EPOCH = Date.UTC(2026, 10, 23, 12);
/** One in so many seeds is recorded. */
const RECORDED_EVERY = 10;
const PRINT_FAILED = 'write EPIPE';

export interface StageOptions {
  /** Everything that happens is told, debug lines of the log included. */
  readonly isTold: boolean;
  /** Where the trace of each life is written. */
  readonly traces?: string;
}

/** The daemon as it runs at present. */
export interface Running {
  readonly life: Life;
  readonly daemon: Daemon;
  readonly recording: Recording | undefined;
  end: DaemonEnd | undefined;
}

export class Stage {
  readonly plan: Plan;
  readonly timeline = new Timeline();
  readonly story: Story;
  readonly chat: Chat;
  readonly kick: Kick;
  readonly kickWeb: KickWeb;
  readonly discord: Discord;
  readonly database: Database;
  readonly disk: Disk;
  readonly web: Web;
  readonly watch: Watch;
  readonly counters = new Counters();
  readonly chance: Chance;
  running: Running | undefined;
  /** When the next life begins, if none runs. */
  nextStart: Appointment | undefined;
  /** The daemon's clock is so far from the right time. */
  wallOffset = 0;
  /** So many of the next lines cannot be printed. */
  printFailures = 0;
  lives = 0;
  readonly #options: StageOptions;
  readonly #around: Surroundings;

  constructor(plan: Plan, options: StageOptions) {
    this.plan = plan;
    this.#options = options;
    this.chance = new Chance(plan.seed);
    this.story = new Story(this.timeline, options.isTold);
    this.chat = new Chat(this.chance.of('chat'));
    this.watch = new Watch(this);
    const { timeline, watch } = this;
    const clock: StandinClock = {
      wall: () => EPOCH + timeline.now,
      setTimeout: (callback, ms) => timeline.after(ms, callback),
      clearTimeout: (timer) => {
        if (timer !== undefined) timeline.cancel(timer as Appointment);
      },
    };
    this.kick = new Kick({
      timeline,
      clock,
      chance: this.chance.of('wires'),
      shape: plan.shape,
      watch: watch.kick,
    });
    this.kickWeb = new KickWeb(this.kick.http, timeline, watch.kick);
    const { sinks } = plan.shape;
    const webhooks = sinks.flatMap(({ name, type }, index) =>
      type === 'discord' ? [[name, index] as const] : [],
    );
    const tables = sinks.flatMap(({ name, type }) => (type === 'postgrest' ? [name] : []));
    this.discord = new Discord(webhooks, clock, timeline, watch.sinks);
    this.database = new Database(tables, timeline, watch.sinks);
    this.disk = new Disk(timeline, watch.store);
    this.web = new Web(
      timeline,
      this.chance.of('web'),
      () => this.wall,
      ({ hostname }) => this.#serviceAt(hostname),
    );
    this.#around = {
      timeline,
      wall: () => this.wall,
      dial: (life, url, dialling, listener) => this.kick.dial(life, url, dialling, listener),
      fetch: (life, url, call) => this.web.fetch(life, url, call),
      openStore: (life, storeOptions) => this.disk.open(life, storeOptions),
      died: (life) => this.#died(life),
    };
  }

  /** Epoch milliseconds, by the clock of the daemon's machine. */
  get wall(): number {
    return Math.round(EPOCH + this.timeline.now + this.wallOffset);
  }

  /** Epoch milliseconds, as it is. */
  get trueWall(): number {
    return EPOCH + this.timeline.now;
  }

  say(room: number, kind: Kind): number {
    const message = this.chat.next(room, kind, this.trueWall);
    this.kick.say(message);
    this.watch.said(message);
    return message.n;
  }

  /** A fault of the plan was really met. */
  met(service: string, how: string): void {
    this.counters.count(`fault ${service}: ${how}`);
    this.story.tell(service, () => `fault: ${how}`);
  }

  start(): void {
    if (this.running !== undefined) return;
    this.nextStart = undefined;
    this.lives += 1;
    const life = new Life(this.lives, this.#around, this.chance.of(`life ${this.lives}`));
    const config = configOf(this.plan.shape, this.disk.path);
    const secrets = secretsOf(config);
    const { watch, story } = this;
    const { traces, isTold } = this.#options;
    watch.began();
    story.tell('daemon', () => `starts (life ${life.number})`);
    // Recording costs more than the rest: some runs do it for the sake of what stands in it.
    const isRecorded = traces !== undefined || this.plan.seed % RECORDED_EVERY === 0;
    const recording = isRecorded
      ? startRecording({
          trace: { ...config.trace, ...(traces !== undefined && { dir: traces }) },
          blackboxFolder: blackboxFolderOf(config.store.path),
          clock: life.world.clock,
          version: 'simulated',
          process: `life ${life.number}`,
          secrets,
          failed: (error) => this.watch.failed(error),
        })
      : undefined;
    recording?.recorder.listen((line) => watch.log.traced(line));
    const log = createLog({
      level: isTold ? 'debug' : 'info',
      format: 'json',
      secrets,
      destination: { write: (line) => watch.log.logged(line) },
      wall: () => this.wall,
    });
    const daemon = startDaemon(config, life.world, log, {
      version: 'simulated',
      print: (line) => this.#print(life, line),
      inspect: watch.promises.actors.inspect,
      ...(recording && { recording }),
    });
    const running: Running = { life, daemon, recording, end: undefined };
    this.running = running;
    void daemon.finished.then((end) => {
      running.end = end;
    });
  }

  startIn(ms: number): void {
    if (this.running !== undefined || this.nextStart !== undefined) return;
    this.nextStart = this.timeline.after(ms, () => this.start());
  }

  /** The process is gone, with all it had. */
  crash(downMs: number): void {
    this.running?.life.die();
    this.startIn(downMs);
  }

  /** The present life is over and was looked at: what is left of it is taken away. */
  bury(downMs: number): void {
    const { running } = this;
    if (running === undefined) return;
    running.recording?.close();
    running.life.die();
    this.startIn(downMs);
  }

  remove(): void {
    this.running?.life.die();
    this.disk.remove();
  }

  #died(life: Life): void {
    if (this.running?.life === life) this.running = undefined;
    this.kick.orphaned(life);
    this.web.orphaned(life);
    this.disk.orphaned(life);
    this.watch.died(life);
  }

  #print(life: Life, line: string): void {
    if (life.isDead) return;
    const numbers = numbersIn(line);
    const [sink] = this.plan.shape.sinks.filter(({ type }) => type === 'console').map(({ name }) => name);
    if (sink === undefined) return;
    const isPoison = this.watch.sinks.isPoisoned(sink, numbers);
    if (this.printFailures > 0 || isPoison) {
      if (!isPoison) this.printFailures -= 1;
      this.watch.sinks.printFailed(sink, numbers);
      throw new Error(PRINT_FAILED);
    }
    this.watch.sinks.printed(sink, life, numbers);
  }

  #serviceAt(host: string) {
    if (host === 'discord.com') return this.discord;
    if (host === 'db.example') return this.database;
    if (host === 'kick.com' || host === 'web.kick.com') return this.kickWeb;
    throw new Error(`nobody is at ${host}`);
  }
}
