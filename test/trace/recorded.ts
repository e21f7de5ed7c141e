/** Machines that are driven on a clock that stands still, and recorded. */
import { type AnyStateMachine, createActor, type EventObject } from 'xstate';
import { breakerMachine } from '../../machines/breaker.js';
import type { TraceLine } from '../../src/trace/format.js';
import { TraceRecorder } from '../../src/trace/recorder.js';
import { FakeClock } from '../support/fake-clock.js';

/** One actor, the root of its tree, and its trace so far; another process for each `epoch`. */
export function recorded(machine: AnyStateMachine, input: object, epoch?: number) {
  const clock = new FakeClock(epoch);
  const recorder = new TraceRecorder({
    clock,
    version: '1.0.0',
    process: `since ${epoch}`,
    scrub: (line) => line,
  });
  const lines: string[] = recorder.introduction();
  recorder.listen((line) => lines.push(line));
  const actor = createActor(machine, { id: machine.id, clock, input, inspect: recorder.inspect });
  // An actor that fails says so to whoever listens, or else to the process.
  actor.subscribe({ error: () => {} });
  actor.start();
  const send = (event: EventObject) => actor.send(event);
  return { actor, clock, lines, recorder, send };
}

export const BREAKER = {
  failuresMax: 2,
  recoveryMs: 1_000,
  recoveryMaxMs: 8_000,
  probeMs: 500,
  seed: 7,
  at: 0,
};
export const BREAKER_PATH = 'sinks/discord/breaker';

/** A breaker that trips, is probed and closes again: 5 events, and one that it drops. */
export function breakerRun(epoch?: number) {
  const run = recorded(breakerMachine, BREAKER, epoch);
  const { actor, clock, lines, send } = run;
  const report = (type: 'call.failed' | 'call.succeeded') =>
    send({ type, at: clock.now(), generation: actor.getSnapshot().context.generation } as EventObject);
  clock.advance(100);
  report('call.failed');
  report('call.failed');
  send({ type: 'probe.started', at: clock.now() } as EventObject);
  clock.advance(1_200);
  send({ type: 'probe.started', at: clock.now() } as EventObject);
  report('call.succeeded');
  return { ...run, report, text: () => named(lines).join('\n') };
}

/** As the daemon would name the actor. */
export function named(lines: readonly string[], path = BREAKER_PATH): string[] {
  return lines.map((line) => line.replace('"path":"supervisor"', `"path":"${path}"`));
}

export const parsed = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TraceLine);

/** The trace with one line changed: the first that `is` meant, or that many after it. */
export function altered(
  text: string,
  is: (line: TraceLine) => boolean,
  change: (line: Record<string, unknown>) => object | undefined,
): string {
  let isDone = false;
  return parsed(text)
    .map((line) => {
      if (isDone || !is(line)) return line;
      isDone = true;
      return change({ ...line });
    })
    .filter((line) => line !== undefined)
    .map((line) => JSON.stringify(line))
    .join('\n');
}
