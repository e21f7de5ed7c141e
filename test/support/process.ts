/** `earshot` as a process of its own, started by the built command line and ended by the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { StatusDocument } from '../../src/status.js';
import { askDaemon } from './ask-daemon.js';
import type { LogLine } from './daemon.js';

/** To ask without a pause would take a core, of which the daemon has need. */
const LOOK_MS = 5;
const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

export interface EarshotProcess {
  readonly child: ChildProcess;
  readonly lines: readonly LogLine[];
  readonly output: () => string;
  /** Resolves with the exit code (128 + n after a signal nobody caught). */
  readonly exited: Promise<number>;
  status(): Promise<StatusDocument>;
  /** With signal 9, unless it has ended. */
  kill(): Promise<void>;
  /** Resolves once the claim about the status holds. */
  until(claim: (status: StatusDocument) => unknown, withinMs?: number): Promise<void>;
}

export interface ProcessOptions {
  /** Of `earshot run`. */
  readonly args?: readonly string[];
  /** Of Node. */
  readonly nodeArgs?: readonly string[];
  /** Beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `earshot run` on this configuration. The store is `earshot.db` in the same folder. Killed when the test ends. */
export function startProcess(yaml: string, folder: string, options: ProcessOptions = {}): EarshotProcess {
  const earshot = spawnEarshot(yaml, folder, options);
  onTestFinished(() => earshot.kill());
  return earshot;
}

/** The same for whoever ends it himself. */
export function spawnEarshot(
  yaml: string,
  folder: string,
  { args = [], nodeArgs = [], env = {} }: ProcessOptions,
): EarshotProcess {
  const file = join(folder, 'earshot.yaml');
  writeFileSync(file, yaml);
  const child = spawn(process.execPath, [...nodeArgs, CLI, 'run', '-c', file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  const lines: LogLine[] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
    const [last = '', ...whole] = (rest + chunk).split('\n').reverse();
    rest = last;
    for (const line of whole.reverse()) lines.push(JSON.parse(line));
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  const exited = once(child, 'close').then(([code, signal]) => (signal === null ? Number(code) : 137));
  const status = async (): Promise<StatusDocument> =>
    JSON.parse((await askDaemon(join(folder, 'earshot.db.sock'), 'GET', '/status')).text);
  return {
    child,
    lines,
    output: () => output,
    exited,
    status,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
    async until(claim, withinMs = 20_000) {
      const end = performance.now() + withinMs;
      for (;;) {
        const now = await status().catch(() => undefined);
        if (now !== undefined && claim(now)) return;
        if (performance.now() > end) {
          throw new Error(
            `not within ${withinMs} ms: ${String(claim)}\n${JSON.stringify(now)}\n${output.slice(-3_000)}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
  };
}

export const isLive = ({ sources }: StatusDocument): boolean =>
  sources.every(
    (source) => source.channels.length > 0 && source.channels.every(({ state }) => state === 'live'),
  );
