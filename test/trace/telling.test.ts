import { describe, expect, it } from 'vitest';
import type { Divergence } from '../../src/trace/divergence.js';
import type { ReplayResult } from '../../src/trace/replay.js';
import { linesOfDivergence, noticesOf, verdictOf } from '../../src/trace/telling.js';

const WELL: ReplayResult = {
  events: 12,
  actors: 1,
  divergence: undefined,
  changed: [],
  changes: [],
  unreadable: 0,
  missing: 0,
  failed: 0,
};
const BREAKER = { machine: 'breaker', was: '9f2c41d07ab3', now: '1a2b3c4d5e6f', events: 12 };
const QUEUE = { machine: 'queue', was: '9f2c41d07ab3', now: '1a2b3c4d5e6f', events: 1 };
const DIVERGENCE: Divergence = {
  file: 'trace-000001.ndjson',
  line: 93,
  seq: 92,
  wall: 0,
  path: 'sinks/discord/breaker',
  machine: 'breaker',
  event: 'call.failed',
  expected: 'closed → open, trips 1',
  got: 'closed → closed, trips 0',
  states: { expected: 'closed → open', got: 'closed → closed' },
  differences: [
    { what: 'trips', expected: 1, got: 0 },
    { what: 'members', expected: ['x'.repeat(200)], got: undefined },
    { what: 'timer xstate.after.due.breaker.open', expected: 60_000, got: undefined },
  ],
};

describe('what is told of a replay', () => {
  it('is a verdict', () => {
    expect(verdictOf(WELL)).toBe('12 events, 1 actor, 0 divergences');
    expect(verdictOf({ ...WELL, events: 1, actors: 2, divergence: DIVERGENCE })).toBe(
      '1 event, 2 actors, 1 divergence',
    );
  });

  it('is where it diverges: both states, and of the context what differs', () => {
    expect(linesOfDivergence(DIVERGENCE)).toEqual([
      '  actor      sinks/discord/breaker (breaker)',
      '  event      call.failed, seq 92, 1970-01-01T00:00:00.000Z',
      '  at         trace-000001.ndjson, line 93',
      '  expected   closed → open',
      '  got        closed → closed',
      '  trips      expected 1, got 0',
      `  members    expected ["${'x'.repeat(118)}…, got nothing`,
      '  after due  expected 60000 ms, got nothing',
    ]);
    expect(linesOfDivergence({ ...DIVERGENCE, wall: 1e300 })[1]).toContain('seq 92, wall 1e+300');
  });

  it.each<[string[], Partial<ReplayResult>]>([
    [[], {}],
    [
      [
        'breaker changed since this trace was written (trace 9f2c41d07ab3, now 1a2b3c4d5e6f); no difference in its 12 events',
      ],
      { changes: [BREAKER] },
    ],
    [
      ['breaker and queue changed since this trace was written; no difference in their 13 events'],
      { changes: [BREAKER, QUEUE] },
    ],
    [
      ['breaker changed since this trace was written (trace 9f2c41d07ab3, now 1a2b3c4d5e6f)'],
      { changes: [BREAKER], divergence: DIVERGENCE },
    ],
    [
      [
        'queue changed since this trace was written (trace 9f2c41d07ab3, now 1a2b3c4d5e6f); no difference in its 1 event',
      ],
      { changes: [QUEUE], divergence: DIVERGENCE },
    ],
    [
      ['breaker is no machine any more; not compared: its 12 events'],
      { changes: [{ ...BREAKER, now: null }] },
    ],
    [
      ['breaker and queue are no machines any more; not compared: their 13 events'],
      {
        changes: [
          { ...BREAKER, now: null },
          { ...QUEUE, now: null },
        ],
      },
    ],
    [
      ['a line breaks off: its process was killed, or is still writing; what stands before was replayed'],
      { unreadable: 1 },
    ],
    [
      [
        '2 lines break off: its process was killed, or is still writing; what stands before was replayed',
        '1 line of this trace is missing',
        '2 actors failed: what they were sent then is not in the trace',
      ],
      { unreadable: 2, missing: 1, failed: 2 },
    ],
    [
      ['3 lines of this trace are missing', '1 actor failed: what it was sent then is not in the trace'],
      { missing: 3, failed: 1 },
    ],
  ])('is what else one should know: %j', (notices, result) => {
    expect(noticesOf({ ...WELL, ...result })).toEqual(notices);
  });
});
