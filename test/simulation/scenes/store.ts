/** Scenes of a disk that refuses while there is something to be written. */
import type { Chance } from '../chance.js';
import { crashFault, DISKS, kickFault, room, socketFault } from '../draws.js';
import type { Fault } from '../plan.js';
import type { Shape } from '../shape.js';

/** The disk refuses while much is heard; perhaps the process dies meanwhile, or the link does. */
export function downWhileHeard(chance: Chance, shape: Shape, at: number): Fault[] {
  const forMs = chance.whole(1_500, 15_000);
  const burst = (after: number): Fault => ({
    at: at + after,
    what: 'burst',
    room: room(chance, shape),
    count: chance.whole(3, 30),
    withinMs: chance.pick([1, 500, 4_000]),
  });
  return [
    { at, what: 'disk', how: chance.pick(DISKS), forMs },
    burst(chance.whole(0, forMs)),
    burst(chance.whole(0, forMs)),
    ...(chance.is(0.3) ? [crashFault(chance, shape, at + chance.whole(0, forMs + 2_000))] : []),
    ...(chance.is(0.3) ? [socketFault(chance, shape, at + chance.whole(0, forMs))] : []),
  ];
}

/** The link is cut and comes back while the disk refuses. */
export function cutWhileDown(chance: Chance, shape: Shape, at: number): Fault[] {
  const forMs = chance.whole(2_000, 12_000);
  return [
    socketFault(chance, shape, at),
    { at: at + chance.whole(0, 3_000), what: 'disk', how: chance.pick(DISKS), forMs },
    ...(chance.is(0.5) ? [crashFault(chance, shape, at + chance.whole(0, 3_000))] : []),
    ...(chance.is(0.5) ? [kickFault(chance, shape, at)] : []),
  ];
}

/** The next life begins, and its disk refuses as soon as it is open. */
export function restartIntoTrouble(chance: Chance, shape: Shape, at: number): Fault[] {
  const downMs = chance.whole(300, 2_000);
  return [
    { at: at - 1_500, what: 'burst', room: room(chance, shape), count: 5, withinMs: 1_200 },
    { at, what: 'crash', downMs },
    {
      at: at + downMs + chance.whole(1, 250),
      what: 'disk',
      how: chance.pick(DISKS),
      forMs: chance.whole(1_500, 9_000),
    },
  ];
}

/** It is asked to stop while the disk refuses, and has something to write. */
export function stopWhileDown(chance: Chance, shape: Shape, at: number): Fault[] {
  const stopMs = chance.whole(500, 4_000);
  const stopped = at + stopMs;
  // It may be well again by then, and nobody have noticed: there is one last time to write.
  const forMs = chance.is(0.4) ? stopMs - chance.whole(20, 300) : chance.whole(4_000, 15_000);
  return [
    { at, what: 'disk', how: chance.pick(DISKS), forMs },
    {
      at: at - 20,
      what: 'burst',
      room: room(chance, shape),
      count: chance.whole(2, 12),
      withinMs: stopped - at,
    },
    { at: stopped, what: 'stop', downMs: chance.whole(300, 2_000), ...(chance.is(0.2) && { againMs: 400 }) },
  ];
}
