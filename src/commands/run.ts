/** `earshot run`: the daemon, until a signal or a fault ends it. */
import { setFlagsFromString } from 'node:v8';
import { type Config, loadConfig, secretsOf } from '../config.js';
import { controlToken } from '../control/token.js';
import { keepRecording, sayTraceFailed } from '../daemon/flight.js';
import { startDaemon } from '../daemon.js';
import type { Inspector, InspectorOptions } from '../inspect.js';
import { createLog } from '../log.js';
import { realWorld } from '../real-world.js';
import { blackboxFolderOf, startRecording } from '../trace/recording.js';
import type { CommonOptions } from './daemon-address.js';
import type { Terminal } from './terminal.js';

export interface RunOptions extends CommonOptions {
  readonly trace?: string;
  readonly traceContent?: boolean;
  /** A port for Stately's tools. */
  readonly inspect?: number;
  readonly inspectContent?: boolean;
}

/**
 * The exit code: 0 clean, 1 failed or stopped past a limit, 128 + signal when forced. Rejects with ConfigErrors.
 * @param crash ends the process at once, after a fault that nobody caught.
 */
export async function run(
  options: RunOptions,
  terminal: Terminal,
  version: string,
  crash: (exitCode: number) => void,
): Promise<number> {
  // Almost nothing of a chat message outlives its turn: a young generation that never grows costs no time,
  // and the peak over a million messages is 104 MB instead of 120.
  setFlagsFromString('--semi-space-growth-factor=1');
  const config = withControlToken(await loadConfig({ file: options.config }));
  const secrets = secretsOf(config);
  const world = realWorld({ connectionsPerHost: config.limits.httpConnections });
  const recording = startRecording({
    trace: { ...config.trace, ...(options.trace !== undefined && { dir: options.trace }) },
    withContent: options.traceContent ?? false,
    blackboxFolder: blackboxFolderOf(config.store.path),
    clock: world.clock,
    version,
    process: world.uuid(),
    secrets,
    failed: (error) => sayTraceFailed(log, error),
  });
  const log = createLog({
    level: options.logLevel ?? config.log.level,
    format: config.log.format,
    color: terminal.hasColor,
    secrets,
    seq: () => recording.recorder.seq,
  });
  // Said through the log, which scrubs it, and not by Node.
  const fault = (error: unknown) => {
    log.error({ err: error }, `failed: ${error instanceof Error ? error.message : String(error)}`);
    keepRecording(log, () => recording.blackbox.write('crashed'));
    recording.close();
    crash(1);
  };
  process.once('uncaughtException', fault);
  process.once('unhandledRejection', fault);
  const inspector =
    options.inspect === undefined
      ? undefined
      : await inspectorAt(options.inspect, {
          withContent: options.inspectContent ?? false,
          lives: recording.recorder.lives,
          world,
          log,
          secrets,
        });
  const daemon = startDaemon(config, world, log, {
    version,
    print: (line) => terminal.write(`${line}\n`),
    recording,
  });
  const { exitCode } = await daemon.finished;
  await inspector?.close();
  recording.close();
  await world.close();
  return exitCode;
}

/** Before the first actor starts, so that a viewer may be there from the beginning. */
async function inspectorAt(port: number, options: Omit<InspectorOptions, 'port'>): Promise<Inspector> {
  const { startInspector } = await import('../inspect.js');
  return startInspector({ ...options, port });
}

/** Beside the socket, HTTP may change something only with a token: the configured one, or the store's own. */
function withControlToken(config: Config): Config {
  const { control, store } = config;
  if (control === false || control.token !== undefined) return config;
  return { ...config, control: { ...control, token: controlToken(store.path) } };
}
