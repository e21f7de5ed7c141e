/** What a running daemon holds, seen from outside: its memory and files by /proc, its timers, and the actors it tells of. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TraceLine } from '../../src/trace/format.js';
import { type EarshotProcess, startProcess } from '../support/process.js';

const RESOURCES = fileURLToPath(new URL('resources.mjs', import.meta.url));
const MB = 1e6;

export interface Vitals {
  readonly rssMb: number;
  readonly heapMb: number;
  readonly files: number;
  readonly timers: number;
  readonly actors: number;
}

export interface Watched {
  readonly earshot: EarshotProcess;
  vitals(): Promise<Vitals>;
}

export function startWatched(yaml: string, folder: string): Watched {
  const told = join(folder, 'resources.ndjson');
  const earshot = startProcess(yaml, folder, {
    nodeArgs: ['--expose-gc', '--import', RESOURCES],
    env: { EARSHOT_RESOURCES: told },
  });
  return {
    earshot,
    async vitals() {
      const { pid } = earshot.child;
      const before = linesOf(told).length;
      earshot.child.kill('SIGUSR2');
      const end = performance.now() + 10_000;
      while (linesOf(told).length === before) {
        if (performance.now() > end) throw new Error('the daemon tells nothing of its resources');
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { timers, heapUsed } = JSON.parse(linesOf(told).at(-1) ?? '{}');
      return {
        rssMb: Math.round(residentKb(pid) / 1_000),
        heapMb: Math.round((heapUsed / MB) * 10) / 10,
        files: readdirSync(`/proc/${pid}/fd`).length,
        timers,
        actors: await livingActors(join(folder, 'earshot.db.sock')),
      };
    },
  };
}

function linesOf(file: string): string[] {
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

function residentKb(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** How many actors the live trace introduces; deadlines come and go, and do not count. */
function livingActors(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/trace', agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
        // The introduction comes whole, in the first batch.
        if (!text.endsWith('\n')) return;
        asked.destroy();
        const lines = text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as TraceLine);
        resolve(lines.filter((line) => line.kind === 'actor' && line.machine !== 'deadline').length);
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}
