/**
 * `npm run simulate -- --seeds N [--from N] [--seed N] [--verbose] [--trace DIR] [--workers N]`: plays a seed after
 * the other, says which broke a promise, and of the first of them, how. Exits 1 when one did.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Counters } from './coverage.js';
import { narrate } from './narration.js';
import { planOf } from './planning.js';
import { play } from './run.js';
import { shrink } from './shrink.js';
import type { Played } from './worker.js';

const USAGE =
  'usage: npm run simulate -- [--seeds N] [--from N] [--seed N] [--verbose] [--trace DIR] [--workers N]';
/** As many failing seeds are told in full. */
const TOLD_MAX = 3;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      trace: { type: 'string', default: 'simulation-traces' },
      workers: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    },
  });
  const [seeds, from, workers] = [values.seeds, values.from, values.workers].map(Number);
  if (!isCount(seeds) || !isCount(from) || !isCount(workers)) {
    console.error(USAGE);
    return 2;
  }
  if (values.seed !== undefined) return tellSeed(Number(values.seed), values.trace, values.verbose);
  const began = performance.now();
  const all = await playAll(from, seeds, workers);
  const failed = all.filter(({ broken }) => broken !== null);
  for (const { seed } of failed.slice(0, TOLD_MAX)) await tellSeed(seed, values.trace, false);
  for (const { seed, broken } of failed.slice(TOLD_MAX))
    console.log(`seed ${seed}: broken: ${broken?.promise}`);
  if (values.verbose) sayCoverage(all);
  saySum(all, (performance.now() - began) / 1_000);
  return failed.length === 0 ? 0 : 1;
}

/** The shortest account of one seed, and its trace. */
async function tellSeed(seed: number, folder: string, isVerbose: boolean): Promise<number> {
  const plan = planOf(seed);
  const first = await play(plan);
  const smallest = first.broken === undefined ? plan : await shrink(plan, first.broken.promise);
  const traces = join(folder, `seed-${seed}`);
  const outcome = await play(smallest, { isTold: true, traces });
  console.log(narrate(smallest, outcome));
  if (isVerbose) {
    for (const { at, actor, text } of outcome.story)
      console.log(`${(at / 1_000).toFixed(3)} ${actor}: ${text}`);
  }
  console.log(`trace: earshot replay ${traces}\n`);
  return outcome.broken === undefined ? 0 : 1;
}

/** Deals the seeds out, one at a time, so that no worker waits for another. */
function playAll(from: number, seeds: number, workers: number): Promise<Played[]> {
  const results: Played[] = [];
  let next = from;
  const deal = (worker: ChildProcess) => {
    if (next < from + seeds) worker.send(next++);
    else worker.disconnect();
  };
  const works = Array.from({ length: Math.min(workers, seeds) }, () => {
    const worker = fork(fileURLToPath(new URL('worker.js', import.meta.url)));
    worker.on('message', (result) => {
      results.push(result as Played);
      deal(worker);
    });
    // Two in hand, so that none is idle while it is dealt the next.
    deal(worker);
    return new Promise<void>((resolve, reject) => {
      worker.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`)),
      );
    });
  });
  return Promise.all(works).then(() => results.sort((one, other) => one.seed - other.seed));
}

function sayCoverage(all: readonly Played[]): void {
  const counters = new Counters();
  for (const { counts } of all) counters.add(counts);
  for (const [what, count] of Object.entries(counters.all()))
    console.log(`${String(count).padStart(9)}  ${what}`);
}

function saySum(all: readonly Played[], seconds: number): void {
  const sum = (of: (played: Played) => number) => all.reduce((total, played) => total + of(played), 0);
  const failed = all.filter(({ broken }) => broken !== null).length;
  const hours = sum(({ simulatedMs }) => simulatedMs) / 3_600_000;
  console.log(
    `${all.length} seeds, ${failed} failed; ${hours.toFixed(1)} simulated hours in ${seconds.toFixed(1)} s (${Math.round((all.length / seconds) * 60)} seeds/min, ${(sum(({ cpuMs }) => cpuMs) / all.length).toFixed(0)} ms CPU a seed)`,
  );
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 1;
}

process.exitCode = await main();
