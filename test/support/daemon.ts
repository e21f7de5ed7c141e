/**
 * The daemon from outside: the real composition over real sockets, requests and a real database, against the
 * stand-ins, with the times of a test.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { InspectionEvent } from 'xstate';
import { loadConfig, secretsOf } from '../../src/config.js';
import { type Daemon, type DaemonEnd, startDaemon } from '../../src/daemon.js';
import { type DiscordOptions, type DiscordStandin, startDiscord } from '../../src/demo/discord-standin.js';
import {
  type KickChannel,
  type KickOptions,
  type KickStandin,
  startKick,
} from '../../src/demo/kick-standin.js';
import {
  type PostgrestOptions,
  type PostgrestStandin,
  startPostgrest,
} from '../../src/demo/postgrest-standin.js';
import { createLog } from '../../src/log.js';
import { realWorld } from '../../src/real-world.js';
import type { StatusDocument } from '../../src/status.js';
import type { World } from '../../src/world.js';

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function channels(count: number): KickChannel[] {
  return Array.from({ length: count }, (_, index) => ({
    slug: `channel${index + 1}`,
    channelId: 1_001 + index,
    chatroomId: 5_001 + index,
  }));
}

export async function kickStandin(options: KickOptions = { channels: channels(1) }): Promise<KickStandin> {
  const kick = await startKick(options);
  onTestFinished(() => kick.close());
  return kick;
}

export async function discordStandin(options: DiscordOptions = {}): Promise<DiscordStandin> {
  const discord = await startDiscord(options);
  onTestFinished(() => discord.close());
  return discord;
}

export async function postgrestStandin(options: PostgrestOptions = {}): Promise<PostgrestStandin> {
  const postgrest = await startPostgrest(options);
  onTestFinished(() => postgrest.close());
  return postgrest;
}

export interface ConfigParts {
  readonly kick: KickStandin;
  readonly channels?: readonly KickChannel[];
  /** YAML of the sinks, indented by two. */
  readonly sinks: string;
  /** More YAML at the top level, and under `kick`, indented by two. */
  readonly more?: string;
  readonly moreKick?: string;
  readonly transport?: 'auto' | 'pusher' | 'centrifugo';
  /** Another Pusher than the stand-in's. */
  readonly pusher?: { readonly url: string; readonly key: string };
}

/** An earshot.yaml with the ids given, so that nothing has to be looked up, and with short waits. */
export function configText({
  kick,
  channels: watched = channels(1),
  sinks,
  more = '',
  moreKick = '',
  transport = 'auto',
  pusher = { url: kick.wsUrl, key: kick.pusherKey },
}: ConfigParts): string {
  const list = watched.map(
    ({ slug, channelId, chatroomId }) =>
      `    - { slug: ${slug}, channelId: ${channelId}, chatroomId: ${chatroomId} }`,
  );
  return `
watch: { username: bob }
kick:
  api: ${kick.url}
  web: ${kick.url}
  transport: ${transport}
  pusher: { url: "${pusher.url}", key: ${pusher.key} }
${moreKick}
  channels:
${list.join('\n')}
sinks:
${sinks}
${more.includes('reconnect:') ? '' : 'reconnect: { initial: 50ms, max: 500ms, stableAfter: 100ms }'}
${more.includes('control:') ? '' : 'control: { port: 0 }'}
${more}
`;
}

export function discordSink(
  url: string,
  more = 'breaker: { failures: 5, recovery: 400ms }',
  name = 'discord',
): string {
  return `  ${name}:\n    type: discord\n    url: ${url}\n    ${more}\n`;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly actor?: string;
}

export interface Running {
  readonly daemon: Daemon;
  /** Every line of the log so far, as text and read. */
  readonly lines: readonly LogLine[];
  readonly text: readonly string[];
  status(): StatusDocument;
  /** Resolves once the claim about the status holds; rejects after `withinMs`, saying what the status was. */
  until(claim: (status: StatusDocument) => unknown, withinMs?: number): Promise<void>;
  untilLive(): Promise<void>;
  stop(): Promise<DaemonEnd>;
}

export async function runDaemon(
  yaml: string,
  folder = temporaryFolder(),
  level: 'debug' | 'info' = 'info',
  inspect?: (event: InspectionEvent) => void,
  /** What is different about this machine's world. */
  altered: (world: World) => World = (world) => world,
): Promise<Running> {
  const file = join(folder, 'earshot.yaml');
  writeFileSync(file, yaml);
  const config = await loadConfig({ file, env: {} });
  const text: string[] = [];
  const lines: LogLine[] = [];
  const log = createLog({
    level,
    format: 'json',
    secrets: secretsOf(config),
    destination: {
      write(line) {
        text.push(line);
        lines.push(JSON.parse(line));
      },
    },
  });
  const world = altered(realWorld({ connectionsPerHost: config.limits.httpConnections }));
  const daemon = startDaemon(config, { ...world, onSignal: () => () => {} }, log, {
    version: '0.0.0',
    print: () => {},
    ...(inspect && { inspect }),
  });
  let isStopped = false;
  const stop = () => {
    if (!isStopped) daemon.stop('the test');
    isStopped = true;
    return daemon.finished;
  };
  onTestFinished(async () => {
    await stop();
  });
  const until: Running['until'] = async (claim, withinMs = 8_000) => {
    const end = performance.now() + withinMs;
    while (!claim(daemon.status())) {
      if (performance.now() > end) {
        throw new Error(
          `not within ${withinMs} ms: ${String(claim)}\n${JSON.stringify(daemon.status(), null, 1)}`,
        );
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return {
    daemon,
    lines,
    text,
    status: () => daemon.status(),
    until,
    untilLive: () =>
      until(({ sources }) =>
        sources.every(
          (source) => source.channels.length > 0 && source.channels.every(({ state }) => state === 'live'),
        ),
      ),
    stop,
  };
}
