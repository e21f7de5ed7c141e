/** Scenes of a fault in the program: a sink's machines die together, and begin anew with what must not be forgotten. */
import type { Chance } from '../chance.js';
import { room, sinkFault } from '../draws.js';
import type { Fault } from '../plan.js';
import type { Shape } from '../shape.js';
import { isSinkFault } from './ill.js';

/** A request is out when they die: it is given up, and counted against its rows. */
export function woundUnderRequest(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  if (!isSinkFault(ill)) return [ill];
  const { what, sink } = ill;
  const times = chance.whole(1, 4);
  const wounds = Array.from(
    { length: chance.whole(1, 3) },
    (_, index): Fault => ({
      at: at + 300 + index * 700 + chance.whole(0, 400),
      what: 'wound',
      sink,
      part: chance.pick(['breaker', 'breaker', 'queue']),
    }),
  );
  return [
    { at, what, sink, how: chance.pick(['hang', 'takenThenHang', 'slow', 'bodyHangs']), times },
    { at: at + 1, what: 'burst', room: room(chance, shape), count: chance.whole(2, 6), withinMs: 200 },
    ...wounds,
  ];
}

/** They wait as they were asked to when they die, or their circuit is open. */
export function woundUnderWait(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  if (!isSinkFault(ill)) return [ill];
  const { what, sink } = ill;
  const asked: Fault =
    what === 'discord'
      ? {
          at,
          what,
          sink,
          how: chance.pick(['limitedLong', 'limitedGlobal', 'banned', 'bannedForATime', 'unknownWebhook']),
          times: 1,
        }
      : {
          at,
          what,
          sink,
          how: chance.pick(['limited', 'limitedByNothing', 'expiredToken', '500']),
          times: 3,
        };
  return [
    asked,
    { at: at + 1, what: 'burst', room: room(chance, shape), count: 6, withinMs: 3_000 },
    {
      at: at + chance.whole(500, 2_500),
      what: 'wound',
      sink,
      part: chance.pick(['host', 'host', 'breaker', 'delivery']),
    },
  ];
}
