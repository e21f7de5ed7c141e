/** A daemon under inspection, with everything around it real. */
import { onTestFinished } from 'vitest';
import { type Inspector, startInspector } from '../../src/inspect.js';
import { realClock, realWorld } from '../../src/real-world.js';
import { Secret } from '../../src/secret.js';
import type { TraceActor, TraceLine } from '../../src/trace/format.js';
import { TraceRecorder } from '../../src/trace/recorder.js';
import type { Clock } from '../../src/world.js';
import { keptLog } from '../support/fake-clock.js';
import type { Standing } from '../support/stately-viewer.js';

export interface Inspected {
  readonly inspector: Inspector;
  readonly recorder: TraceRecorder;
  /** What the inspector logs. */
  readonly lines: ReturnType<typeof keptLog>['lines'];
}

export async function inspected(
  options: {
    readonly secrets?: readonly string[];
    readonly withContent?: boolean;
    readonly port?: number;
    readonly clock?: Clock;
  } = {},
): Promise<Inspected> {
  const { secrets = [], withContent = false, port = 0, clock = realClock } = options;
  const recorder = new TraceRecorder({
    clock: realClock,
    version: '0.0.0',
    process: 'one',
    scrub: (line) => line,
  });
  const { log, lines } = keptLog();
  const inspector = await startInspector({
    port,
    withContent,
    lives: recorder.lives,
    world: { ...realWorld({ connectionsPerHost: 1 }), clock },
    log,
    secrets: secrets.map((value) => new Secret(value)),
  });
  onTestFinished(() => inspector.close());
  return { inspector, recorder, lines };
}

/** What the trace says of everyone alive, by the inspector's names for them. */
export function introduced({ recorder }: Inspected): Map<string, Pick<Standing, 'value' | 'context'>> {
  const actors = recorder
    .introduction()
    .map((line) => JSON.parse(line) as TraceLine)
    .filter((line): line is TraceActor => line.kind === 'actor');
  return new Map(actors.map(({ path, life, value, context }) => [`${path}:${life}`, { value, context }]));
}
