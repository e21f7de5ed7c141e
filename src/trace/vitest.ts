/**
 * For Vitest: any recorded trace is a regression test in one line. Write `import 'earshot/vitest'` into a test, or name
 * it under `setupFiles`.
 *
 *     expect('traces/outage').toReplay();
 *     expect('traces/outage').toReach('sinks/discord/breaker', ['open', 'halfOpen', 'closed']);
 */
import { expect } from 'vitest';
import { suggestion } from '../config/did-you-mean.js';
import { EarshotError } from '../errors.js';
import { traceFiles } from './files.js';
import type {} from './matchers.js';
import { type ReplayOptions, type ReplayResult, replay, replayFiles } from './replay.js';
import { linesOfDivergence, noticesOf, verdictOf } from './telling.js';
import { Turns } from './turns.js';

expect.extend({
  toReplay(received: unknown) {
    const result = replayed(received);
    return { pass: doesReplay(result), message: () => told(result) };
  },

  toReach(received: unknown, path: string, claim: string | readonly string[]) {
    const turns = new Turns();
    const result = replayed(received, { observers: [turns] });
    // Of a trace that does not replay nothing can be said, neither that it reaches nor that it does not.
    if (!doesReplay(result)) throw new Error(told(result));
    const way = turns.wayOf(path);
    if (way.length === 0) throw noActor(path, turns);
    const wanted = [claim].flat();
    const reached = reachedOf(wanted, way);
    return {
      pass: reached === wanted.length,
      message: () =>
        [
          `${path}: ${wanted.join(' → ')}`,
          reached === wanted.length
            ? '  was reached, which was not expected'
            : `  ${wanted[reached]} was not reached${reached === 0 ? '' : ` after ${wanted[reached - 1]}`}`,
          `  it went ${way.join(' → ')}`,
        ].join('\n'),
    };
  },
});

/** Throws an EarshotError when what was received is no trace. */
function replayed(received: unknown, options?: ReplayOptions): ReplayResult {
  if (typeof received !== 'string')
    throw new TypeError('expect(TRACE): give a file, a folder, or the text of a trace');
  const isText = received.trimStart().startsWith('{');
  return isText ? replay(received, options) : replayFiles(traceFiles(received), options);
}

/** One without an event proves nothing: it must not pass for a test. */
function doesReplay({ divergence, events }: ReplayResult): boolean {
  return divergence === undefined && events > 0;
}

function told(result: ReplayResult): string {
  const { divergence, events } = result;
  return [
    verdictOf(result),
    ...(events === 0 ? ['nothing happens in this trace: it proves nothing'] : []),
    ...(divergence === undefined ? [] : linesOfDivergence(divergence)),
    ...noticesOf(result),
  ].join('\n');
}

/** How many of the states were reached, one after the other. */
function reachedOf(wanted: readonly string[], way: readonly string[]): number {
  let reached = 0;
  for (const state of way) {
    const next = wanted[reached];
    if (next !== undefined && (state === next || state.startsWith(`${next}.`))) reached += 1;
  }
  return reached;
}

function noActor(path: string, { lives }: Turns): EarshotError {
  const known = [...new Set(lives.map((life) => life.path))].sort();
  return new EarshotError('noActor', `there is no actor ${path} in this trace${suggestion(path, known)}`);
}
