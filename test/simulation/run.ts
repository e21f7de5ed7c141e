/** Plays a plan from its beginning to the end, step by step, and says whether every promise was kept. */
import type { Counts } from './coverage.js';
import { Director } from './director.js';
import { guard } from './guard.js';
import type { Plan } from './plan.js';
import type { Broken } from './promises/verdict.js';
import { Stage, type StageOptions } from './stage.js';
import type { Told } from './story.js';
import { Turns } from './turns.js';

export interface Outcome {
  readonly broken: Broken | undefined;
  readonly counts: Counts;
  readonly story: readonly Told[];
  /** Of everything that was told. */
  readonly fingerprint: string;
  /** Simulated milliseconds. */
  readonly tookMs: number;
  readonly steps: number;
}

/** So many turns without time going on: somebody is busy for ever. */
const TURNS_MAX = 20_000;

export async function play(plan: Plan, options: StageOptions = { isTold: false }): Promise<Outcome> {
  const stage = new Stage(plan, options);
  const director = new Director(stage);
  const turns = new Turns();
  const unguard = guard((error) => stage.watch.failed(error));
  let steps = 0;
  try {
    director.begin();
    while (stage.watch.promises.verdict.broken === undefined && !director.isOver) {
      steps += 1;
      try {
        await step(stage, director, turns);
      } catch (error) {
        // Thrown out of a timer or a turn of the daemon's: its process would have died of it.
        stage.watch.failed(error);
      }
    }
    return {
      broken: stage.watch.promises.verdict.broken,
      counts: stage.counters.all(),
      story: stage.story.told,
      fingerprint: stage.story.fingerprint(),
      tookMs: stage.timeline.now,
      steps,
    };
  } finally {
    unguard();
    stage.remove();
  }
}

async function step(stage: Stage, director: Director, turns: Turns): Promise<void> {
  if (!stage.timeline.step(director.endsAt)) {
    director.timeIsUp();
    return;
  }
  await settle(stage, turns);
  stage.watch.step();
  director.step();
}

/** Lets the daemon come to rest: promises that are settled go on, and what was to run at the end of a turn runs. */
async function settle(stage: Stage, turns: Turns): Promise<void> {
  for (let count = 0; count < TURNS_MAX; count += 1) {
    await turns.pass();
    const soon = stage.running?.life.takeSoon();
    if (soon === undefined || soon.length === 0) return;
    for (const callback of soon) {
      if (stage.running?.life.isDead !== false) break;
      callback();
      await turns.pass();
    }
  }
  stage.watch.promises.verdict.breaks(
    'it comes to rest',
    `busy for ${TURNS_MAX} turns without time going on`,
  );
}
