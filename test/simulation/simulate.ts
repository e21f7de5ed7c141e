/**
 * `npm run simulate -- --seeds N [--from N] [--seed N] [--verbose] [--trace DIR] [--workers N]`: plays a seed after
 * the other, says which broke a promise, and of the first of them, how. Exits 1 when one did.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Counters } from './coverage.js';
import { narrate } from './narration.js';
import { planOf } from './planning.js';
import { Progress } from './progress.js';
import { play } from './run.js';
import { settingsOf, USAGE } from './settings.js';
import { shrink } from './shrink.js';
import type { Played } from './worker.js';

/**
 * A worker has a processor to itself: V8's threads beside it would take the time of the other workers. So it collects
 * its garbage itself, and inlines little, which makes compiling as cheap again as what it makes faster is worth.
 */
const LEAN = ['--single-threaded-gc', '--max-inlined-bytecode-size-cumulative=100'];
/** As many failing seeds are told in full. */
const TOLD_MAX = 3;

async function main(): Promise<number> {
  const settings = settingsOf(process.argv.slice(2));
  if (typeof settings === 'string') {
    console.error(`simulate: ${settings}\n${USAGE}`);
    return 2;
  }
  const { seeds, from, seed, workers, isVerbose, traces } = settings;
  if (seed !== undefined) return tellSeed(seed, traces, isVerbose);
  const began = performance.now();
  const all = await playAll(from, seeds, workers);
  const failed = all.filter(({ broken }) => broken !== null);
  for (const { seed: its } of failed.slice(0, TOLD_MAX)) await tellSeed(its, traces, false);
  for (const { seed: its, broken } of failed.slice(TOLD_MAX))
    console.log(`seed ${its}: broken: ${broken?.promise}`);
  if (isVerbose) sayCoverage(all);
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

/** Deals the seeds out one by one, so that no worker waits for another; each has one in hand beside the one it plays. */
function playAll(from: number, seeds: number, workers: number): Promise<Played[]> {
  const results: Played[] = [];
  const progress = new Progress(seeds, process.stderr, () => performance.now());
  let next = from;
  const works = Array.from({ length: Math.min(workers, seeds) }, () => {
    const worker = fork(fileURLToPath(new URL('worker.js', import.meta.url)), { execArgv: LEAN });
    let inHand = 0;
    const deal = () => {
      if (next < from + seeds) {
        worker.send(next++);
        inHand += 1;
      } else if (inHand === 0 && worker.connected) worker.disconnect();
    };
    worker.on('message', (message) => {
      const result = message as Played;
      results.push(result);
      progress.played(result.broken !== null);
      inHand -= 1;
      deal();
    });
    deal();
    deal();
    return new Promise<void>((resolve, reject) => {
      worker.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`)),
      );
    });
  });
  return Promise.all(works)
    .finally(() => progress.end())
    .then(() => results.sort((one, other) => one.seed - other.seed));
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

process.exitCode = await main();
