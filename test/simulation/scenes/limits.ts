/** Scenes of a host that asks for patience. */
import type { Chance } from '../chance.js';
import { room, sinkFault } from '../draws.js';
import type { Fault } from '../plan.js';
import type { Shape } from '../shape.js';
import { isSinkFault } from './ill.js';

export const webhooksOf = ({ sinks }: Shape): readonly string[] =>
  sinks.flatMap(({ name, type }) => (type === 'discord' ? [name] : []));

/** What one sink is told of the host holds for the other, which has as much to say. */
export function sharedHost(chance: Chance, shape: Shape, at: number): Fault[] {
  const sink = chance.pick(webhooksOf(shape)) ?? '';
  const how = chance.pick(['limitedGlobal', 'limitedGlobal', 'bannedForATime', 'banned', 'limitedByNothing']);
  return [
    { at, what: 'discord', sink, how, times: 1 },
    { at: at + 1, what: 'burst', room: room(chance, shape), count: 8, withinMs: 3_000 },
  ];
}

/** The host bans whoever asks, and when he is on trial, it does so again, is ill, or says nothing. */
export function bannedAgain(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  if (!isSinkFault(ill)) return [ill];
  const { what, sink } = ill;
  const ban: Fault =
    what === 'discord'
      ? {
          at,
          what,
          sink,
          how: chance.pick(['banned', 'edge1010', 'limitedByNothing']),
          times: chance.whole(1, 3),
        }
      : { at, what, sink, how: 'limitedByNothing', times: chance.whole(1, 3) };
  const trial = chance.pick(['hang', 'refused', '500', '502', 'limited'] as const);
  return [
    ban,
    { at: at + 1, what, sink, how: trial, times: chance.whole(1, 2) },
    { at: at + 2, what: 'burst', room: room(chance, shape), count: 6, withinMs: 2_000 },
  ];
}
