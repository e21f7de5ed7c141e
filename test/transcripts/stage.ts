/**
 * Where a scenario is played: `earshot run --trace` as a process of its own, as anyone starts it, against stand-ins of
 * Kick and Discord on loopback, in a folder of its own.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DiscordStandin, startDiscord } from '../../src/demo/discord-standin.js';
import { type KickStandin, startKick } from '../../src/demo/kick-standin.js';
import { channels, configText, discordSink } from '../support/daemon.js';
import { type EarshotProcess, isLive, spawnEarshot } from '../support/process.js';

const NO_LIMITS = { bucket: null, channelPerMinute: null };

export interface StageOptions {
  /** How many channels are watched; 2. */
  readonly watched?: number;
  /** More YAML at the top level, and under `kick`, indented by two. */
  readonly more?: string;
  readonly moreKick?: string;
}

export class Stage {
  readonly kick: KickStandin;
  readonly discord: DiscordStandin;
  readonly #folder: string;
  readonly #options: StageOptions;
  readonly #processes: EarshotProcess[] = [];
  #said = 0;

  private constructor(kick: KickStandin, discord: DiscordStandin, folder: string, options: StageOptions) {
    this.kick = kick;
    this.discord = discord;
    this.#folder = folder;
    this.#options = options;
  }

  static async open(options: StageOptions): Promise<Stage> {
    const kick = await startKick({ channels: channels(options.watched ?? 2) });
    const discord = await startDiscord(NO_LIMITS);
    return new Stage(kick, discord, await mkdtemp(join(tmpdir(), 'earshot-stage-')), options);
  }

  /** Starts the daemon, and waits until all channels are live. */
  async start(): Promise<EarshotProcess> {
    const { watched = 2, ...more } = this.#options;
    const sinks = discordSink(this.discord.webhook(), 'breaker: { failures: 3, recovery: 1s }');
    const yaml = configText({ kick: this.kick, channels: channels(watched), sinks, ...more });
    const earshot = spawnEarshot(yaml, this.#folder, { args: ['--trace', join(this.#folder, 'trace')] });
    this.#processes.push(earshot);
    await earshot.until(isLive);
    return earshot;
  }

  /** Somebody means the user, `times` times at once. */
  mention(times = 1): void {
    const texts = Array.from({ length: times }, (_, index) => `@bob, number ${this.#said + index + 1}`);
    this.#said += times;
    this.kick.sayBatch(
      'channel1',
      texts.map((text) => ({ username: 'alice', text })),
    );
  }

  /** Resolves once the daemon has said of itself that it is so, and nothing else since. It judges once a second. */
  judged(earshot: EarshotProcess, health: 'degraded' | 'healthy'): Promise<void> {
    return earshot.until(() => {
      const last = earshot.lines.findLast(({ msg }) => /^(degraded|healthy)/.test(msg));
      return (last?.msg ?? 'healthy').startsWith(health);
    });
  }

  /** SIGTERM, and the end that follows from it. Rejects when it was no clean one. */
  async stop(earshot: EarshotProcess): Promise<void> {
    earshot.child.kill('SIGTERM');
    const exitCode = await earshot.exited;
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${earshot.output().slice(-3_000)}`);
  }

  /**
   * What was recorded, by name of the segment. Addresses of the stand-ins, whose ports are others each time, are
   * written as names; nothing else is touched.
   */
  async trace(): Promise<Map<string, string>> {
    const folder = join(this.#folder, 'trace');
    const segments = new Map<string, string>();
    for (const name of (await readdir(folder)).sort()) {
      const text = (await readFile(join(folder, name), 'utf8'))
        .replaceAll(new URL(this.discord.url).host, 'discord.example')
        .replaceAll(new URL(this.kick.url).host, 'kick.example');
      const place = [tmpdir(), '127.0.0.1', 'localhost'].find((it) => text.includes(it));
      if (place !== undefined) throw new Error(`${name} names a place of this machine: ${place}`);
      segments.set(name, text);
    }
    return segments;
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((earshot) => earshot.kill()));
    await Promise.all([this.kick.close(), this.discord.close()]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}
