/** Scenes of what was missed, dropped, or heard before: it is read from the history while something else goes wrong. */
import type { Chance } from '../chance.js';
import { DISKS, room, socketFault } from '../draws.js';
import type { Fault } from '../plan.js';
import type { Shape } from '../shape.js';

/** The link is cut while somebody talks on: what is missed comes late, and what is said meanwhile must wait for it. */
export function cutUnderChat(chance: Chance, shape: Shape, at: number): Fault[] {
  const index = room(chance, shape);
  const cut: Fault = chance.is(0.6)
    ? socketFault(chance, shape, at)
    : { at, what: 'room', room: index, how: 'unsubscribed' };
  const count = chance.whole(10, 30);
  return [
    { at: at - 800, what: 'burst', room: index, count, withinMs: chance.whole(5_000, 12_000) },
    cut,
    {
      at,
      what: 'kick',
      endpoint: 'history',
      how: chance.pick(['slow', 'slow', 'torn', '500']),
      forMs: 12_000,
    },
  ];
}

/** Somebody talks while what was missed is read slowly; and in the middle of that it ends, or the link does. */
export function cutWhileFilling(chance: Chance, shape: Shape, at: number): Fault[] {
  const index = room(chance, shape);
  const then = at + chance.whole(800, 5_000);
  const end = chance.pick<Fault>([
    { at: then, what: 'stop', downMs: chance.whole(300, 3_000) },
    { at: then, what: 'stop', downMs: chance.whole(300, 3_000) },
    { at: then, what: 'crash', downMs: chance.whole(300, 3_000) },
    { at: then, what: 'sockets', how: 'cut' },
    { at: then, what: 'sockets', how: 'cut' },
  ]);
  return [
    { at: at - 800, what: 'burst', room: index, count: chance.whole(20, 50), withinMs: 8_000 },
    { at: at + 1, what: 'sockets', how: 'cut' },
    { at, what: 'dials', how: 'refused', forMs: chance.whole(1, 2_500) },
    {
      at,
      what: 'kick',
      endpoint: 'history',
      how: chance.pick(['slow', 'slow', 'slow', 'hang']),
      times: chance.whole(1, 3),
    },
    end,
  ];
}

/** Told already, and read again from the history, or said again, in a life whose disk refuses. */
export function repeatedAfterRestart(chance: Chance, shape: Shape, at: number): Fault[] {
  const downMs = chance.whole(200, 800);
  const began = Math.max(14_000, at);
  const index = room(chance, shape);
  // What is said again live is known to be so as long as the archive can be read.
  const isAgain = chance.is(0.3);
  const again: Fault = {
    at: began + downMs + chance.whole(700, 2_500),
    what: 'room',
    room: index,
    how: 'repeated',
  };
  return [
    { at: began - 1_200, what: 'burst', room: index, count: 6, withinMs: 700 },
    { at: began, what: 'crash', downMs },
    {
      at: began + downMs + chance.whole(10, 150),
      what: 'disk',
      how: isAgain ? 'readOnly' : chance.pick(['io', 'io', 'io', 'full']),
      forMs: chance.whole(3_000, 9_000),
    },
    ...(isAgain ? [again] : []),
  ];
}

/** More comes than may wait, and some of it comes back. */
export function droppedAndBack(chance: Chance, shape: Shape, at: number): Fault[] {
  const index = room(chance, shape);
  const forMs = chance.whole(2_000, 6_000);
  const count = shape.queueLimit < 100 ? chance.whole(15, 40) : 30;
  return [
    { at, what: 'disk', how: chance.pick(DISKS), forMs },
    { at: at + 300, what: 'burst', room: index, count, withinMs: 1 },
    { at: at + chance.whole(500, forMs + 1_500), what: 'sockets', how: 'cut' },
  ];
}
