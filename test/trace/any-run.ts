/** Any run of any machine: inputs, events and the passing of time, such as they come and such as they never should. */
import fc from 'fast-check';
import { type AnyStateMachine, type EventObject, fromCallback } from 'xstate';
import { recorded } from './recorded.js';

const ms = fc.integer({ min: 0, max: 5_000 });
const few = fc.integer({ min: 0, max: 5 });
const word = fc.constantFrom('one', 'two', 'three');

/** What the machines' inputs have, all of it: each takes what it knows. */
const input = fc.record({
  failuresMax: fc.integer({ min: 1, max: 3 }),
  recoveryMs: ms,
  recoveryMaxMs: ms,
  probeMs: ms,
  seed: fc.integer(),
  at: fc.constant(0),
  restored: fc.constantFrom(
    undefined,
    { state: 'open', remainingMs: 300, trips: 2, failures: 4 },
    { state: 'isolated', remainingMs: 0, trips: 0, failures: 0 },
  ),
  members: fc.subarray(['one', 'two']),
  restartsMax: few,
  withinMs: ms,
  initialMs: ms,
  maxMs: ms,
  retryMs: ms,
  known: fc.boolean(),
  doubts: few,
  subscribeMs: ms,
  fillMs: ms,
  leaveMs: ms,
  lookupInitialMs: ms,
  lookupMaxMs: ms,
  refusedMs: ms,
  silentMs: ms,
  silentMaxMs: ms,
  transports: fc.constantFrom(['centrifugo', 'pusher'], ['pusher']),
  negotiateMs: ms,
  connectMs: ms,
  pongMs: ms,
  closeMs: ms,
  stableMs: ms,
  anewMs: ms,
  attemptsMax: fc.constantFrom(null, 3),
  name: word,
  limitMs: ms,
  isRefused: fc.boolean(),
  perSecondMax: fc.integer({ min: 1, max: 3 }),
  banMs: ms,
  banMaxMs: ms,
  trialMs: ms,
  invalidMax: fc.integer({ min: 1, max: 3 }),
  limit: fc.integer({ min: 1, max: 3 }),
  overflow: fc.constantFrom('dropOldest', 'spill'),
  limits: fc.constant({
    closingSources: 100,
    drainingQueues: 100,
    closingSinks: 100,
    cancellingTasks: 100,
    closingStore: 100,
    closingRest: 100,
    total: 6_000,
    start: 1_000,
  }),
});

/** What their events have, all of it. */
const payload = fc.record({
  generation: few,
  forMs: fc.constantFrom(null, 50, 500),
  member: word,
  actorId: word,
  gap: fc.boolean(),
  transport: fc.constantFrom('centrifugo', 'pusher'),
  serverPings: fc.boolean(),
  verdict: fc.constantFrom('never', 'atOnce', 'later'),
  floorMs: ms,
  untilAt: ms,
  invalid: fc.boolean(),
  leased: few,
  waiting: few,
  size: few,
  put: few,
  taken: few,
  dropped: few,
  highWater: few,
  code: word,
  text: word,
  passes: fc.boolean(),
  forcedCode: few,
  reason: word,
  degraded: fc.boolean(),
  part: word,
  name: word,
  output: fc.record(
    {
      kind: fc.constantFrom('done', 'passed', 'unsettled', 'shutOut', 'failed', 'refused', 'found'),
      at: ms,
      floorMs: ms,
      retryAfterMs: ms,
      failed: word,
    },
    { requiredKeys: ['kind', 'at', 'floorMs', 'retryAfterMs'] },
  ),
});

/** Types of events that it knows, of its parts' ends among them, and one that it does not. */
function typesOf(machine: AnyStateMachine): string[] {
  const types = new Set(['nobody.knows']);
  const walk = (node: AnyStateMachine['root']) => {
    for (const type of node.transitions.keys()) types.add(type.replace(/\*$/, 'one'));
    for (const { id } of node.invoke) types.add(`xstate.done.actor.${id}`).add(`xstate.error.actor.${id}`);
    for (const child of Object.values(node.states)) walk(child);
  };
  walk(machine.root);
  return [...types];
}

/** With logic for members that the world brings along. */
function whole(machine: AnyStateMachine): AnyStateMachine {
  const idle = fromCallback(() => {});
  return machine.provide({
    actors: { ...machine.implementations.actors, one: idle, two: idle, three: idle },
  });
}

/** The trace of a run, of up to 40 events. */
export function anyRun(machine: AnyStateMachine): fc.Arbitrary<string> {
  const step = fc.record({
    type: fc.constantFrom(...typesOf(machine)),
    payload,
    waitMs: fc.oneof(fc.constant(0), ms),
  });
  return fc.tuple(input, fc.array(step, { maxLength: 40 })).map(([given, steps]) => {
    const { actor, clock, lines, send } = recorded(whole(machine), given);
    for (const { type, payload: fields, waitMs } of steps) {
      if (actor.getSnapshot().status !== 'active') break;
      const error = type.startsWith('xstate.error') ? { error: new Error(fields.text) } : {};
      const event: EventObject & typeof fields = { type, ...fields, ...error };
      send({ ...event, ...{ at: clock.now() } });
      clock.advance(waitMs);
    }
    actor.stop();
    return lines.join('\n');
  });
}
