/**
 * Throws inputs made of seeds at everything that reads what it did not write: none may crash it, hold it up, or make
 * it grow. An input that does is written to regressions/, which is played first in every run.
 *
 *   npm run fuzz [-- --inputs 1000000] [--seed 1] [--target NAME]
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Chance, spoiled } from './mutation.mjs';
import { targets } from './targets.mjs';

const REGRESSIONS = new URL('regressions/', import.meta.url);
/** An input that takes longer holds up a chat. */
const HELD_UP_MS = 10_000;
const GROWTH_MAX_MIB = 48;
const FAILURES_MAX = 20;
const REPORT_EVERY = 500;
const MIB = 1024 * 1024;

if (isMainThread) process.exitCode = await main();
else await work(workerData);

async function main() {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      target: { type: 'string' },
    },
  });
  const inputs = Number(values.inputs);
  const chosen = targets.filter(({ name }) => values.target === undefined || name.includes(values.target));
  if (!Number.isInteger(inputs) || inputs < 1 || chosen.length === 0) {
    console.error(
      `usage: npm run fuzz -- --inputs N --seed N --target ${targets.map(({ name }) => `"${name}"`).join('|')}`,
    );
    return 2;
  }
  const startedAt = performance.now();
  let total = 0;
  let failed = 0;
  for (const { name, share } of chosen) {
    const count = Math.ceil(inputs * (chosen.length === 1 ? 1 : share));
    const result = await inWorker({ name, count, seed: Number(values.seed) });
    total += result.taken;
    failed += result.failures.length;
    for (const { text, why } of result.failures)
      console.error(`${name}: ${why}\n  kept as ${keep(name, text)}`);
    const { taken, perSecond, slowestMs, growthMiB } = result;
    console.log(
      `${name.padEnd(18)} ${taken.toLocaleString('en').padStart(9)} inputs  ${Math.round(perSecond).toLocaleString('en').padStart(8)}/s  slowest ${slowestMs.toFixed(1)} ms  heap ${growthMiB >= 0 ? '+' : ''}${growthMiB.toFixed(1)} MiB  ${result.failures.length} failures`,
    );
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  console.log(`${total.toLocaleString('en')} inputs in ${seconds} s, ${failed} failures`);
  return failed === 0 ? 0 : 1;
}

/** In a thread of its own, so that one that hangs can be told and ended. */
function inWorker(job) {
  const worker = new Worker(new URL(import.meta.url), { workerData: job });
  return new Promise((resolve, reject) => {
    let last = { at: job };
    let watch;
    const rearm = () => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        worker.terminate();
        reject(
          new Error(
            `${job.name}: held up for ${HELD_UP_MS / 1_000} s within ${REPORT_EVERY} inputs after ${JSON.stringify(last)}`,
          ),
        );
      }, HELD_UP_MS);
    };
    rearm();
    worker.on('message', (message) => {
      rearm();
      last = message;
      if (!message.isOver) return;
      clearTimeout(watch);
      resolve(message);
    });
    worker.on('error', (error) => {
      clearTimeout(watch);
      reject(error);
    });
  });
}

async function work({ name, count, seed }) {
  const target = targets.find((it) => it.name === name);
  const failures = [];
  let slowestMs = 0;
  const tried = async (text) => {
    const startedAt = performance.now();
    try {
      await target.take(text);
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      // Of one fault, one input is enough.
      if (!failures.some((it) => it.why === why)) failures.push({ text, why });
    }
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
  };
  for (const text of keptOf(name)) await tried(text);
  const chance = new Chance(seed);
  const startedAt = performance.now();
  let settledAt = 0;
  let taken = 0;
  for (; taken < count && failures.length < FAILURES_MAX; taken += 1) {
    // What is made once and kept has been made after a tenth.
    if (taken === Math.ceil(count / 10)) settledAt = heap();
    await tried(spoiled(target.seeds, chance));
    if (taken % REPORT_EVERY === 0) parentPort.postMessage({ taken });
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const growthMiB = (heap() - settledAt) / MIB;
  if (failures.length === 0 && growthMiB > GROWTH_MAX_MIB) {
    failures.push({ text: '', why: `it grew by ${growthMiB.toFixed(0)} MiB` });
  }
  parentPort.postMessage({ isOver: true, taken, perSecond: taken / seconds, slowestMs, growthMiB, failures });
}

function heap() {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function keptOf(name) {
  const start = `${fileName(name)}-`;
  return readdirSync(REGRESSIONS)
    .filter((file) => file.startsWith(start))
    .map((file) => readFileSync(new URL(file, REGRESSIONS), 'utf8'));
}

function keep(name, text) {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const file = `${fileName(name)}-${hash}.txt`;
  writeFileSync(new URL(file, REGRESSIONS), text);
  return `test/fuzz/regressions/${file}`;
}

function fileName(name) {
  return name.toLowerCase().replaceAll(' ', '-');
}
