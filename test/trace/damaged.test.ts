/** Traces as disks, editors and strangers leave them: whatever they are, a sentence, and never a crash. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../machines/catalogue.js';
import { EarshotError } from '../../src/errors.js';
import { ActorPath } from '../../src/trace/actor-path.js';
import { goalOf, Reach } from '../../src/trace/reach.js';
import { replay } from '../../src/trace/replay.js';
import { settingOf } from '../../src/trace/settings.js';
import { linesOfDivergence, noticesOf } from '../../src/trace/telling.js';
import { TurnsDiagram } from '../../src/trace/turns-diagram.js';
import { WhatIf } from '../../src/trace/what-if.js';
import { anyRun } from './any-run.js';
import { altered, BREAKER_PATH, breakerRun, parsed, recorded } from './recorded.js';

/** All that can be asked of a trace, at once. */
function askEverything(text: string): void {
  const path = new ActorPath();
  const turns = new TurnsDiagram();
  const whatIf = new WhatIf([settingOf('breaker.failures=3'), settingOf('supervisor.total=1s')]);
  const reach = new Reach(goalOf(`${BREAKER_PATH}=open`));
  try {
    const result = replay(text, { observers: [path, turns, whatIf, reach] });
    noticesOf(result);
    if (result.divergence !== undefined) linesOfDivergence(result.divergence);
    path.mermaid();
    turns.mermaid();
    reach.shortest();
  } catch (error) {
    if (!(error instanceof EarshotError)) throw error;
    expect(error.message).not.toBe('');
  }
}

describe('a damaged trace', () => {
  const TEXT = breakerRun().text();

  it('is read or refused, whichever bytes of it are lost, doubled or others', () => {
    const place = fc.nat({ max: TEXT.length });
    fc.assert(
      fc.property(place, fc.nat({ max: 40 }), fc.string({ maxLength: 20 }), (start, length, instead) => {
        askEverything(TEXT.slice(0, start) + instead + TEXT.slice(start + length));
        askEverything(TEXT.slice(0, start + length) + TEXT.slice(start));
      }),
      { numRuns: 150 },
    );
  });

  it('is refused by the actor whose context makes no sense', () => {
    const limits = altered(
      recorded(catalogue.supervisor, {}).lines.join('\n'),
      ({ kind }) => kind === 'actor',
      (line) => ({ ...line, context: {} }),
    );
    expect(replay(limits).divergence).toMatchObject({
      event: 'started',
      got: expect.stringMatching(/^throws Cannot read properties of undefined/),
    });
  });

  it('is read or refused, whatever stands in its fields', () => {
    const keys = [
      'seq',
      'at',
      'wall',
      'life',
      'path',
      'machine',
      'value',
      'context',
      'delays',
      'event',
      'from',
      'to',
      'changed',
      'dropped',
      'kind',
      'format',
      'machines',
      'lines',
    ];
    const machine = fc.constantFrom(...Object.keys(catalogue));
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(catalogue)).chain((it) => anyRun(it)),
        fc.nat(),
        fc.constantFrom(...keys),
        fc.oneof(
          fc.jsonValue({ maxDepth: 2 }),
          machine,
          fc.constantFrom('open', 'xstate.init', 'xstate.stop', '__proto__'),
        ),
        (text, nth, key, value) => {
          const lines = parsed(text);
          const index = nth % lines.length;
          const damaged = lines.map((line, at) => (at === index ? { ...line, [key]: value } : line));
          askEverything(damaged.map((line) => JSON.stringify(line)).join('\n'));
        },
      ),
      { numRuns: 400 },
    );
  });
});
