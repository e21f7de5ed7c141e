/** Other processes that use a store, for what one process alone cannot show. They run what `npm run build` made. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const built = new URL('../../dist/src/store/sqlite.js', import.meta.url);
if (!existsSync(built)) throw new Error('these tests start processes of their own: npm run build first');

export interface Opening {
  readonly held: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly remedy?: string;
}

export function start(script: 'holder' | 'committer', path: string, as?: { uid: number }): ChildProcess {
  const file = fileURLToPath(new URL(`./children/${script}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [file, path], { stdio: ['pipe', 'pipe', 'inherit'], ...as });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** How the opening of a `holder` went. */
export async function opening(holder: ChildProcess): Promise<Opening> {
  for await (const line of linesOf(holder)) return JSON.parse(line);
  throw new Error('it said nothing');
}

export async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

export function linesOf({ stdout }: ChildProcess): AsyncIterable<string> {
  if (stdout === null) throw new Error('its output is not read');
  return createInterface({ input: stdout });
}
