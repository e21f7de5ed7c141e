/** A daemon as the demo sets it up, in a process of its own, and the page's address as `earshot open` gives it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DiscordStandin } from '../../src/demo/discord-standin.js';
import type { KickStandin } from '../../src/demo/kick-standin.js';
import { demoConfig } from '../../src/demo/story.js';
import { discordStandin, kickStandin, temporaryFolder } from './daemon.js';
import { type EarshotProcess, isLive, startProcess } from './process.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));
const CHANNELS = [{ slug: 'somechannel', channelId: 101, chatroomId: 201 }];

/** What `earshot …` prints, run in this folder. */
export async function earshot(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...args], { cwd: folder });
  return stdout;
}

export interface WatchedDaemon {
  readonly folder: string;
  readonly kick: KickStandin;
  readonly discord: DiscordStandin;
  readonly process: EarshotProcess;
  /** Somebody means bob. */
  mention(text: string): void;
  /** An address good for one session. */
  address(): Promise<string>;
  /** The same, without a session. */
  bareAddress(): Promise<string>;
  /** `kill -9`, and the same daemon once more, at the same address. */
  killed(): Promise<void>;
  restarted(): Promise<void>;
}

/** `breaker` and `control` in place of the demo's, in YAML. */
export async function watchedDaemon(
  breaker = '{ failures: 2, recovery: 1s }',
  control = '{ port: 0 }',
): Promise<WatchedDaemon> {
  const folder = temporaryFolder();
  const kick = await kickStandin({ channels: CHANNELS });
  const discord = await discordStandin();
  const yaml = demoConfig({ kick, discord, channels: CHANNELS })
    .replace(/breaker: \{.*\}/, `breaker: ${breaker}`)
    .replace('timeout: 2s', 'timeout: 1s')
    .replace('control: { port: 0 }', `control: ${control}`);
  let running = startProcess(yaml, folder);
  await running.until(isLive);
  const address = async () => JSON.parse(await earshot(folder, 'open', '--json')).url as string;
  const bareAddress = async () => `${new URL(await address()).origin}/`;
  const { port } = new URL(await address());
  return {
    folder,
    kick,
    discord,
    get process() {
      return running;
    },
    mention: (text) => kick.say('somechannel', { username: 'alice', text }),
    address,
    bareAddress,
    async killed() {
      running.child.kill('SIGKILL');
      await running.exited;
    },
    async restarted() {
      running = startProcess(yaml.replace(/port: 0\b/, `port: ${port}`), folder);
      await running.until(isLive);
    },
  };
}
