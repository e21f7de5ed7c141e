/** Scenes of a circuit: it opens, is shut by hand, and is tested, while something else goes wrong. */
import type { Chance } from '../chance.js';
import { room, sinkFault } from '../draws.js';
import type { Fault } from '../plan.js';
import type { Shape } from '../shape.js';
import { isSinkFault, otherFault } from './ill.js';

/** A service that is ill for as long as it takes to open its circuit, and then answers the probe with something else. */
export function relapse(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  if (!isSinkFault(ill)) return [ill];
  const { sink } = ill;
  const times = shape.times === 'quick' ? 3 : ill.what === 'discord' ? 5 : 10;
  const next = chance.is(0.5) ? [otherFault(chance, ill, at + 2)] : [];
  const first: Fault =
    ill.what === 'discord'
      ? { at, what: 'discord', sink, how: chance.pick(['500', '503', 'refused', 'cut']), times }
      : { at, what: 'database', sink, how: chance.pick(['500', 'down', 'refused', 'cut']), times };
  const chat: Fault = { at, what: 'burst', room: room(chance, shape), count: 2 * times, withinMs: 10 };
  return [chat, first, otherFault(chance, ill, at + 1), ...next];
}

/** A circuit that was opened is tested at a person's wish, and the service is still ill: it waits for longer. */
export function impatience(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  if (!isSinkFault(ill)) return [ill];
  const { what, sink } = ill;
  const failures = shape.times === 'quick' ? 3 : what === 'discord' ? 5 : 10;
  const times = failures + chance.whole(1, 3);
  const acted = at + chance.whole(3_000, 8_000);
  return [
    { at, what, sink, how: chance.pick(['500', 'refused', 'cut']), times },
    { at: at + 1, what: 'burst', room: room(chance, shape), count: 2 * times, withinMs: 10 },
    { at: acted, what: 'hand', how: 'isolate', name: sink },
    { at: acted + 300, what: 'hand', how: 'release', name: sink },
  ];
}

/** The process dies while a probe is out. */
export function deathUnderProbe(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  if (!isSinkFault(ill)) return [ill];
  const { what, sink } = ill;
  const died = at + 500 + chance.whole(50, 2_500);
  return [
    { at: at - 400, what: 'hand', how: 'isolate', name: sink },
    { at, what, sink, how: chance.pick(['hang', 'bodyHangs', 'takenThenHang']), times: 1 },
    { at: at + 1, what: 'burst', room: room(chance, shape), count: 3, withinMs: 10 },
    { at: at + 400, what: 'hand', how: 'release', name: sink },
    { at: died, what: 'crash', downMs: chance.whole(300, 2_000) },
  ];
}

/** A person acts while a request is out: what comes of it counts no more. */
export function actedUnderRequest(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  if (!isSinkFault(ill)) return [ill];
  const { what, sink } = ill;
  const hung: Fault = {
    at,
    what,
    sink,
    how: chance.pick(['hang', 'hang', 'slow', 'takenThenHang']),
    times: chance.whole(1, 3),
  };
  const acted = at + chance.whole(300, 2_500);
  const how = chance.pick(['reset', 'reset', 'isolate']);
  return [
    hung,
    { at: at + 1, what: 'burst', room: room(chance, shape), count: 4, withinMs: 300 },
    { at: acted, what: 'hand', how, name: sink },
    ...(how === 'isolate'
      ? [{ at: acted + 200, what: 'hand', how: chance.pick(['release', 'reset']), name: sink } as const]
      : []),
  ];
}

/** A circuit that was shut by hand is tested while nothing waits, and what is asked then has its own answers. */
export function probeOfNothing(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at + 1);
  if (!isSinkFault(ill)) return [ill];
  const { what, sink } = ill;
  const times = chance.whole(1, 2);
  const answer: Fault = chance.is(0.65)
    ? { at: at + 1, what, sink, how: 'echo', times }
    : otherFault(chance, ill, at + 1);
  return [
    { at, what: 'hand', how: 'isolate', name: sink },
    answer,
    { at: at + chance.whole(100, 1_000), what: 'hand', how: 'release', name: sink },
  ];
}

/** The process ends while a circuit is open or isolated: the next life begins with that. */
export function restartWhileShut(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  if (!isSinkFault(ill)) return [ill];
  const { what, sink } = ill;
  const times = shape.times === 'quick' ? 3 : what === 'discord' ? 5 : 10;
  const shut: Fault = chance.is(0.35)
    ? { at, what: 'hand', how: 'isolate', name: sink, ...(chance.is(0.3) && { for: '20s' }) }
    : { at, what, sink, how: chance.pick(['500', 'refused', 'cut']), times: times + chance.whole(0, 3) };
  const end = at + chance.whole(1_500, 9_000);
  const downMs = chance.whole(300, 2_000);
  const over: Fault = chance.is(0.7) ? { at: end, what: 'crash', downMs } : { at: end, what: 'stop', downMs };
  return [
    shut,
    { at: at + 1, what: 'burst', room: room(chance, shape), count: chance.whole(3, 20), withinMs: 1_500 },
    over,
    { at: end + downMs + 100, what: 'burst', room: room(chance, shape), count: 3, withinMs: 1_000 },
  ];
}
