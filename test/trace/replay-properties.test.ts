/** What holds of every machine, whatever happens to it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import type { TraceEvent } from '../../src/trace/format.js';
import { replay } from '../../src/trace/replay.js';
import { anyRun } from './any-run.js';
import { parsed } from './recorded.js';

const machines = Object.entries<AnyStateMachine>(catalogue);

describe.each(machines)('any run of %s', (name, machine) => {
  it('replays without divergence', () => {
    let events = 0;
    fc.assert(
      fc.property(anyRun(machine), (text) => {
        const result = replay(text);
        expect(result).toMatchObject({
          actors: 1,
          divergence: undefined,
          changed: [],
          unreadable: 0,
          missing: 0,
        });
        events += result.events;
      }),
      { numRuns: 40 },
    );
    expect(events).toBeGreaterThan(40);
  });

  it('is found to be altered by any one state, timer or key of the context', () => {
    fc.assert(
      fc.property(anyRun(machine), fc.nat(), alteration, (text, nth, alter) => {
        const lines = parsed(text);
        const events = lines.filter((line) => line.kind === 'event');
        const event = events[nth % Math.max(1, events.length)];
        fc.pre(event !== undefined);
        if (event === undefined) return;
        const changed = lines.map((line) => JSON.stringify(line === event ? alter(event) : line)).join('\n');
        expect(replay(changed).divergence).toMatchObject({ seq: event.seq, machine: name });
      }),
      { numRuns: 60 },
    );
  });
});

const alteration = fc.constantFrom<((line: TraceEvent) => TraceEvent)[]>(
  (line) => ({ ...line, from: 'elsewhere' }),
  (line) => ({ ...line, to: { elsewhere: 'deep' } }),
  (line) => ({ ...line, changed: { ...line.changed, at: -1 } }),
  (line) => ({ ...line, changed: { ...line.changed, new: 'key' } }),
  (line) => ({ ...line, delays: { ...line.delays, 'xstate.after.never': 1 } }),
  ({ dropped, ...line }) => (dropped ? line : { ...line, dropped: true }),
  (line) => {
    // What became null may have been absent: then leaving it out says the same.
    const [[key] = ['']] = Object.entries(line.changed).filter(([, value]) => value !== null);
    const { [key]: _, ...changed } = line.changed;
    return key === '' ? { ...line, to: 'elsewhere' } : { ...line, changed };
  },
);
