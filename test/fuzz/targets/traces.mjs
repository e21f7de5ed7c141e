/** A trace that came from anywhere: it replays, or what is wrong with it is said. */
import { createActor } from 'xstate';
import { breakerMachine } from '../../../dist/machines/breaker.js';
import { EarshotError } from '../../../dist/src/errors.js';
import { TraceRecorder } from '../../../dist/src/trace/recorder.js';
import { replay } from '../../../dist/src/trace/replay.js';

export const traces = {
  name: 'traces',
  share: 0.015,
  seeds: [recorded(1), recorded(4)],
  async take(input) {
    try {
      replay(input);
    } catch (error) {
      if (!(error instanceof EarshotError)) throw error;
    }
  },
};

/** A breaker that opens and is reset, so many times. */
function recorded(trips) {
  const clock = { now: () => 0, wall: () => 0, setTimeout: () => 0, clearTimeout() {} };
  const recorder = new TraceRecorder({ clock, version: '0', scrub: (line) => line });
  const lines = [...recorder.introduction()];
  recorder.listen((line) => lines.push(line));
  const actor = createActor(breakerMachine, {
    id: 'breaker',
    clock,
    inspect: recorder.inspect,
    input: { failuresMax: 1, recoveryMs: 1_000, recoveryMaxMs: 1_000, probeMs: 500, seed: 1, at: 0 },
  }).start();
  for (let count = 0; count < trips; count += 1) {
    actor.send({ type: 'call.failed', at: 0, generation: actor.getSnapshot().context.generation });
    actor.send({ type: 'breaker.reset', at: 0 });
  }
  return `${lines.join('\n')}\n`;
}
