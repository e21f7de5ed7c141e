/** Scenes of one room's subscription: it is refused, lost or mute, or its room cannot even be looked up. */
import type { Chance } from '../chance.js';
import { room } from '../draws.js';
import type { Fault } from '../plan.js';
import type { Shape } from '../shape.js';

/** A lookup fails, as lookups do. */
export function failedLookup(chance: Chance, at: number): Fault {
  const how = chance.pick(['403', '403', '404', '429', '500', 'hang', 'garbage', 'refused', 'torn'] as const);
  return { at, what: 'kick', endpoint: 'lookup', how, times: chance.whole(1, 4) };
}

/** A room says nothing for long, as far as its link goes. */
export function fallsSilent(chance: Chance, shape: Shape, at: number): Fault[] {
  const index = room(chance, shape);
  const until = chance.is(0.4);
  const mute: Fault = until
    ? { at, what: 'room', room: index, how: 'muteUntilResubscribed' }
    : { at, what: 'room', room: index, how: 'mute', forMs: chance.whole(60_000, 150_000) };
  const ended: Fault = { at: Math.max(1, at - 500), what: 'room', room: index, how: 'ended' };
  return [...(chance.is(0.2) ? [ended] : []), mute];
}

/** A subscription that is refused, lost, or never answered. */
export function unsubscribed(chance: Chance, shape: Shape, at: number): Fault[] {
  const index = room(chance, shape);
  const refused: Fault = {
    at,
    what: 'room',
    room: index,
    how: 'refused',
    forMs: chance.whole(2_000, 40_000),
  };
  const lost: Fault = { at: at + 1, what: 'room', room: index, how: 'unsubscribed' };
  const cut: Fault = { at: at + 1, what: 'sockets', how: 'cut' };
  return chance.is(0.8) ? [refused, chance.is(0.3) ? lost : cut] : [lost];
}
