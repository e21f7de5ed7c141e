/**
 * Loaded into a process by `node --import`: at SIGUSR2 it collects its garbage and writes how many bytes it holds, on
 * the heap and off it, to the file that BENCH_HELD names.
 */
import { writeFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(process.env.BENCH_HELD, `${heapUsed + external}\n`);
});
