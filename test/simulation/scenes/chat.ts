/** Scenes of a chat that is cut. */
import type { Chance } from '../chance.js';
import { room, socketFault } from '../draws.js';
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
