/**
 * The Kick source against its stand-in: real sockets and HTTP on loopback, the real pool and breaker; only
 * what comes after the source (the intake) and the store are small stand-ins that remember.
 */
import { createActor } from 'xstate';
import { branchMachine } from '../../machines/branch.js';
import { createDeadlines } from '../../src/actors/deadline.js';
import { HttpSessions } from '../../src/actors/http.js';
import type { ChatMessage } from '../../src/chat.js';
import type { Config } from '../../src/config.js';
import { type KickOptions, type KickStandin, startKick } from '../../src/demo/kick-standin.js';
import type { ChannelIntake, Intake } from '../../src/intake.js';
import type { SourceLedger } from '../../src/ledger.js';
import type { Log } from '../../src/log.js';
import { realWorld } from '../../src/real-world.js';
import { createKick } from '../../src/sources/kick.js';
import type { ChannelIds, Mark } from '../../src/store.js';

type KickConfig = Pick<Config, 'kick' | 'limits' | 'timeouts' | 'reconnect'>;

/** Remembers what a source hands over, in order, each id once. */
export class RememberingIntake implements Intake {
  readonly heard: ChatMessage[] = [];
  readonly malformations: string[] = [];
  readonly channels = new Map<string, RememberedChannel>();
  /** Called for each, before it is taken. */
  onHear: (message: ChatMessage) => void = () => {};

  channel(slug: string): RememberedChannel {
    const found = this.channels.get(slug) ?? new RememberedChannel(slug, this);
    this.channels.set(slug, found);
    return found;
  }

  malformed(_channel: string | undefined, why: string): void {
    this.malformations.push(why);
  }

  texts(slug?: string): string[] {
    return this.heard.filter(({ channel }) => slug === undefined || channel === slug).map(({ text }) => text);
  }
}

class RememberedChannel implements ChannelIntake {
  readonly matched = 0;
  readonly dropped = 0;
  heard = 0;
  duplicates = 0;
  lastHeardAt: number | undefined;
  /** How often it was held. */
  holds = 0;
  /** Throws in the middle of a machine's transition, once. */
  crashesOnHold = false;
  readonly channel: string;
  readonly #intake: RememberingIntake;
  readonly #ids = new Set<string>();
  #held: ChatMessage[] | undefined;

  constructor(channel: string, intake: RememberingIntake) {
    this.channel = channel;
    this.#intake = intake;
  }

  hear(message: ChatMessage): void {
    this.#intake.onHear(message);
    this.heard += 1;
    if (message.late !== true) this.lastHeardAt = performance.now();
    if (this.#ids.has(message.id)) {
      this.duplicates += 1;
      return;
    }
    this.#ids.add(message.id);
    (this.#held ?? this.#intake.heard).push(message);
  }

  hold(): void {
    this.holds += 1;
    if (this.crashesOnHold) {
      this.crashesOnHold = false;
      throw new Error('a bug, played');
    }
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#intake.heard.push(...held.sort((one, other) => one.createdAt - other.createdAt));
  }

  queueStatus() {
    return { size: this.#held?.length ?? 0, limit: 500, bytes: 0, highWater: 0, dropped: 0, oldestMs: 0 };
  }
}

export class RememberingLedger implements SourceLedger {
  readonly ids = new Map<string, ChannelIds>();
  readonly marks = new Map<string, Mark>();
  readonly #reading = new Map<string, () => Mark | undefined>();

  channelIds(slug: string): ChannelIds | undefined {
    return this.ids.get(slug);
  }

  rememberChannel(slug: string, ids: ChannelIds): void {
    this.ids.set(slug, ids);
  }

  mark(channel: string): Mark | undefined {
    return this.marks.get(channel);
  }

  follow(channel: string, upTo: () => Mark | undefined): void {
    this.#reading.set(channel, upTo);
  }

  /** How far the channel has been read, as far as it may be written down. */
  upTo(channel: string): Mark | undefined {
    return this.#reading.get(channel)?.();
  }
}

export interface Line {
  readonly level: string;
  readonly msg: string;
}

/** Settings under which nothing takes long. */
function kickConfig(standin: KickStandin, channels: KickConfig['kick']['channels']): KickConfig {
  return {
    kick: {
      channels,
      transport: 'auto',
      api: standin.url,
      web: standin.url,
      pusher: { key: standin.pusherKey, cluster: 'us2', url: standin.wsUrl },
      gapFill: true,
      silentAfter: 600_000,
    },
    limits: { messagesPerChannel: 500, httpConnections: 50, frameSize: 1024 ** 2, eventSize: 64 * 1024 },
    timeouts: {
      parsing: 10_000,
      handler: 15_000,
      connect: 2_000,
      pingEvery: 30_000,
      pong: 300,
      close: 1_000,
      lookup: 1_000,
    },
    reconnect: {
      initial: 20,
      max: 100,
      stableAfter: 50,
      attempts: 'unlimited',
      breaker: { failures: 5, recovery: 500 },
    },
  };
}

export interface KickRunOptions {
  readonly standin?: Partial<KickOptions>;
  readonly configure?: (config: KickConfig) => KickConfig;
  readonly ledger?: RememberingLedger;
  /** Ids are looked up instead of given. */
  readonly looksUp?: boolean;
  readonly sweepEveryMs?: number;
}

/** `count` channels called c1, c2, …, with ids 1001… and rooms 2001…. */
export function channelsOf(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    slug: `c${index + 1}`,
    channelId: 1_001 + index,
    chatroomId: 2_001 + index,
  }));
}

/** Starts the stand-in and the source; stop them with `end`. */
export async function runKick(count: number, options: KickRunOptions = {}) {
  const channels = channelsOf(count);
  const standin = await startKick({ channels, ...options.standin });
  const watched = channels.map((channel) => ({
    ...(options.looksUp ? { slug: channel.slug } : channel),
    critical: false,
  }));
  return { standin, ...startSource(standin, watched, options) };
}

function startSource(
  standin: KickStandin,
  channels: KickConfig['kick']['channels'],
  options: KickRunOptions,
) {
  const config = (options.configure ?? ((it) => it))(kickConfig(standin, channels));
  const world = realWorld({ connectionsPerHost: 50 });
  const lines: Line[] = [];
  const say = (level: string) => (_fields: object, msg: string) => void lines.push({ level, msg });
  const log: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  const deadlines = createDeadlines({ clock: world.clock, log });
  const http = new HttpSessions({
    world,
    deadlines,
    log,
    limit: 50,
    lookupsMax: 4,
    waitersMax: 1_000,
    leaseMaxMs: 60_000,
  });
  const intake = new RememberingIntake();
  const ledger = options.ledger ?? new RememberingLedger();
  const source = createKick({ config, world, http, deadlines, intake, ledger, log });
  const tree = branchMachine.provide({ actors: { kick: source.logic, pool: http.logic } });
  const root = createActor(tree, {
    clock: world.clock,
    input: { members: ['pool', 'kick'], seed: 1 },
  });
  root.start();
  const sweeping = setInterval(() => source.sweep(), options.sweepEveryMs ?? 20);
  return {
    source,
    intake,
    ledger,
    lines,
    http,
    deadlines,
    channel: (slug: string) => source.status().channels.find((it) => it.slug === slug),
    connection: (index = 0) => source.status().connections[index],
    async end() {
      clearInterval(sweeping);
      await source.close();
      root.stop();
      http.close();
      await world.close();
      await standin.close();
    },
  };
}

/** Resolves once the claim holds: asked again at every turn of a short timer. */
export async function until(claim: () => boolean, timeoutMs = 5_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!claim()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
