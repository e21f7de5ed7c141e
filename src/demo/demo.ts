/**
 * `earshot demo`: the real daemon against stand-ins of Kick and Discord on loopback, with short timeouts, and a
 * story of half a minute told as it happens. What is measured in days in life takes seconds here; nothing else
 * is different: real sockets, real requests, a real database in a temporary folder.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imbalance } from '../account.js';
import { loadConfig, secretsOf } from '../config.js';
import { sayTraceFailed } from '../daemon/flight.js';
import { type DaemonEnd, startDaemon } from '../daemon.js';
import { startInspector } from '../inspect.js';
import { createLog } from '../log.js';
import { realWorld } from '../real-world.js';
import { startRecording } from '../trace/recording.js';
import { version } from '../version.js';
import type { World } from '../world.js';
import { Chatter } from './chatter.js';
import { startDiscord } from './discord-standin.js';
import { startKick } from './kick-standin.js';
import { Narrator } from './narrator.js';
import { demoConfig, tellStory } from './story.js';

export interface DemoOptions {
  /** Goes on after the story, until SIGINT or SIGTERM. */
  readonly keep: boolean;
  /** Repeats who says what. */
  readonly seed: number;
  /** A folder to write the daemon's trace to. */
  readonly trace?: string | undefined;
  /** What was said to you goes into it too. */
  readonly traceContent: boolean;
  /** A port for Stately's tools. */
  readonly inspect?: number | undefined;
  readonly print: (line: string) => void;
  readonly color: boolean;
}

const CHANNELS = [
  { slug: 'somechannel', channelId: 101, chatroomId: 201 },
  { slug: 'speedruns', channelId: 102, chatroomId: 202 },
  { slug: 'latenight', channelId: 103, chatroomId: 203 },
];

/** Returns the exit code: 0, or 1 when a step did not come about or the account does not add up. */
export async function runDemo({
  keep,
  seed,
  trace: folderOfTrace,
  traceContent,
  inspect,
  print,
  color,
}: DemoOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-demo-'));
  // Outlives the demo: it is there to be looked at.
  const recordings = `${folder}-blackbox`;
  const kick = await startKick({ channels: CHANNELS });
  const discord = await startDiscord();
  const narrator = new Narrator(print, color);
  const chatter = new Chatter(
    kick,
    CHANNELS.map(({ slug }) => slug),
    seed,
  );
  try {
    const file = join(folder, 'earshot.yaml');
    writeFileSync(file, demoConfig({ kick, discord, channels: CHANNELS }), { mode: 0o600 });
    const config = await loadConfig({ file });
    const log = createLog({
      level: 'info',
      format: 'json',
      secrets: secretsOf(config),
      destination: { write: (line) => narrator.logged(line) },
    });
    const world = realWorld({ connectionsPerHost: config.limits.httpConnections });
    const recording = startRecording({
      trace: { ...config.trace, ...(folderOfTrace !== undefined && { dir: folderOfTrace }) },
      withContent: traceContent,
      blackboxFolder: recordings,
      clock: world.clock,
      version,
      process: world.uuid(),
      secrets: secretsOf(config),
      failed: (error) => sayTraceFailed(log, error),
    });
    const inspector =
      inspect === undefined
        ? undefined
        : await startInspector({
            port: inspect,
            withContent: false,
            lives: recording.recorder.lives,
            world,
            log,
            secrets: secretsOf(config),
          });
    const daemon = startDaemon(config, deafWorld(world), log, {
      version,
      print,
      recording,
    });
    const end = await tell({ kick, discord, narrator, chatter, daemon, keep, world });
    await inspector?.close();
    recording.close();
    const exitCode = conclude(narrator, end, chatter.mentions, discord.embeds.length);
    const { last } = recording.blackbox;
    if (last !== null)
      narrator.say(
        `The flight recorder kept the outage. Step through it: earshot replay ${last.file} --open`,
      );
    return exitCode;
  } finally {
    chatter.stop();
    await Promise.all([kick.close(), discord.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tell(
  parts: Parameters<typeof tellStory>[0] & { keep: boolean; world: World },
): Promise<DaemonEnd> {
  const { daemon, keep, world, narrator } = parts;
  // The first signal ends the story, and the daemon with it; a second one is for the daemon, and forces its end.
  let isEnding = false;
  const stopped = new Promise<void>((resolve) => {
    world.onSignal((signal) => {
      if (signal === 'SIGHUP') return;
      if (isEnding) daemon.stop(signal);
      isEnding = true;
      resolve();
    });
  });
  const told = tellStory(parts).catch((error: unknown) => {
    narrator.say(`the story broke off: ${error instanceof Error ? error.message : String(error)}`);
  });
  await Promise.race([told, stopped, daemon.finished]);
  parts.chatter.stop();
  if (keep) {
    parts.chatter.start();
    narrator.say(`The daemon goes on until Ctrl-C. Ask it: ${daemon.address?.url ?? ''}/status`);
    await Promise.race([stopped, daemon.finished]);
    parts.chatter.stop();
  }
  isEnding = true;
  narrator.heading('SIGTERM: it stops in order');
  daemon.stop('SIGTERM');
  return daemon.finished;
}

/** Signals are the story's: they end the demo, and through it the daemon. */
function deafWorld(world: World): World {
  return { ...world, onSignal: () => () => {} };
}

function conclude(
  narrator: Narrator,
  { exitCode, status }: DaemonEnd,
  mentions: number,
  shown: number,
): number {
  const { account, sinks } = status;
  const [discord] = sinks;
  const lost = mentions - shown;
  const wrong = imbalance(account);
  narrator.heading('The account');
  narrator.say(
    `heard ${account.heard} = unmatched ${account.unmatched} + duplicates ${account.duplicates} + accepted ${account.accepted} + dropped ${account.dropped}`,
  );
  narrator.say(
    `mentions ${mentions}, delivered ${discord?.delivered ?? 0}, still in the outbox ${discord?.pending ?? 0}, lost ${lost}`,
  );
  if (wrong !== undefined) narrator.say(`the account does not add up: ${wrong}`);
  const isWell = exitCode === 0 && wrong === undefined && lost === 0 && discord?.delivered === mentions;
  narrator.say(isWell ? 'Everything that was said to you arrived, each once.' : 'Something is missing.');
  return isWell ? 0 : 1;
}
