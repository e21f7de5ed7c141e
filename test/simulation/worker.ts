/** A worker: plays the seeds it is given, one after the other, and tells what came of each. */
import { planOf } from './planning.js';
import { play } from './run.js';

export interface Played {
  readonly seed: number;
  /** The promise that was broken, with what showed it. */
  readonly broken: { readonly promise: string; readonly text: string } | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly simulatedMs: number;
  readonly cpuMs: number;
}

async function played(seed: number): Promise<Played> {
  const before = process.cpuUsage();
  const { broken, counts, tookMs } = await play(planOf(seed));
  const { user, system } = process.cpuUsage(before);
  return { seed, broken: broken ?? null, counts, simulatedMs: tookMs, cpuMs: (user + system) / 1_000 };
}

let line: Promise<void> = Promise.resolve();
process.on('message', (seed) => {
  line = line.then(async () => {
    process.send?.(await played(Number(seed)));
  });
});
