/** Makes a failing plan as small as it can be while the same promise is broken: what is left is the cause. */
import type { Plan } from './plan.js';
import { play } from './run.js';

/** Runs at most: a plan that cannot be made smaller in so many is small enough. */
const RUNS_MAX = 120;

export async function shrink(plan: Plan, promise: string): Promise<Plan> {
  let smallest = plan;
  let runs = 0;
  const stillBreaks = async (candidate: Plan): Promise<boolean> => {
    if (runs >= RUNS_MAX) return false;
    runs += 1;
    const { broken } = await play(candidate);
    if (broken?.promise !== promise) return false;
    smallest = candidate;
    return true;
  };
  // Halves, quarters and so on of the faults are left out; then one by one, as long as that helps.
  for (let size = Math.ceil(plan.faults.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < smallest.faults.length; ) {
      const faults = smallest.faults.filter((_, index) => index < from || index >= from + size);
      if (!(await stillBreaks({ ...smallest, faults }))) from += size;
    }
  }
  for (const chatEveryMs of [0, 4 * plan.chatEveryMs, 2 * plan.chatEveryMs]) {
    if (await stillBreaks({ ...smallest, chatEveryMs })) break;
  }
  const last = smallest.faults.at(-1)?.at ?? 0;
  for (const activeMs of [last + 1_000, last + 10_000]) {
    if (activeMs < smallest.activeMs && (await stillBreaks({ ...smallest, activeMs }))) break;
  }
  return smallest;
}
