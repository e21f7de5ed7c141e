/**
 * Loaded into the daemon's process by `node --import`: at SIGUSR2 it collects its garbage and writes what the process
 * holds, as a line of JSON, to the file that EARSHOT_RESOURCES names.
 */
import { appendFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  globalThis.gc?.();
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const { heapUsed } = process.memoryUsage();
  appendFileSync(process.env.EARSHOT_RESOURCES, `${JSON.stringify({ timers, heapUsed })}\n`);
});
