/** Scenes of a link: it is cut or turned away, cannot be had, or is there and dead. */
import type { Chance } from '../chance.js';
import type { Fault } from '../plan.js';
import type { Shape } from '../shape.js';

/** After these nobody comes back unchanged; then those that ask for patience, or for none. */
const FOR_GOOD = { pusher: [4001, 4003, 4004, 4009], centrifugo: [3500, 3501, 3503, 4500] } as const;
const CODES: readonly [number, ...number[]] = [4100, 4100, 4200, 4201, 4300, 3000, 3012];

/** What a server says at the end of a conversation, by its protocol. */
const PARTINGS = {
  pusher: [4001, 4100, 4100, 4150, 4200, 4201],
  centrifugo: [3000, 3012, 3500, 4500],
} as const;

/** The server ends the conversation once, with a code that its protocol has for that. */
export function parting(chance: Chance, shape: Shape, at: number): Fault {
  const own = shape.transport === 'auto' ? chance.pick(['centrifugo', 'pusher']) : shape.transport;
  const how = chance.is(0.8) ? 'closed' : 'told';
  return { at, what: 'sockets', how, code: chance.pick(PARTINGS[own]) ?? 4200 };
}

/** Kick cannot be reached for a while, in one way or in several. */
export function outage(chance: Chance, shape: Shape, at: number): Fault[] {
  const forMs = chance.whole(20_000, shape.times === 'quick' ? 80_000 : 180_000);
  const how = () => chance.pick(['refused', 'refused', 'status', 'hang', 'mute', 'mute'] as const);
  const parts = chance.is(0.5) ? 1 : 2;
  const dials = Array.from({ length: parts }, (_, index): Fault => {
    const partMs = Math.round(forMs / parts);
    return { at: at + index * partMs, what: 'dials', how: how(), forMs: partMs };
  });
  return [{ at: at + 1, what: 'sockets', how: 'cut' }, ...dials];
}

/** One transport alone is out of order: the other is there. */
export function oneIsOut(chance: Chance, shape: Shape, at: number): Fault[] {
  const transport =
    shape.transport === 'auto' ? chance.pick(['centrifugo', 'centrifugo', 'pusher']) : shape.transport;
  const how = chance.pick(['refused', 'mute', 'hang'] as const);
  return [
    { at: at + 1, what: 'sockets', how: 'cut' },
    { at, what: 'dials', how, transport, forMs: chance.whole(3_000, 20_000) },
  ];
}

/** The link comes up again and again, and never lasts. */
export function flaps(chance: Chance, shape: Shape, at: number): Fault[] {
  const everyMs = shape.times === 'quick' ? 1_800 : 9_000;
  const code = chance.pick([undefined, undefined, 4200, 3000]);
  return Array.from({ length: chance.whole(12, 30) }, (_, index): Fault => {
    const then = Math.round(at + (index + chance.next() * 0.8) * everyMs);
    if (code === undefined) return { at: then, what: 'sockets', how: 'cut' };
    return { at: then, what: 'sockets', how: 'closed', code };
  });
}

/** The link is there, and dead. */
export function goesDead(chance: Chance, _: Shape, at: number): Fault[] {
  const mute: Fault = { at, what: 'dials', how: 'mute', forMs: chance.whole(3_000, 40_000) };
  return [...(chance.is(0.4) ? [mute] : []), { at, what: 'sockets', how: 'deaf' }];
}

/** The server ends the conversation, in one of the ways its protocol has. */
export function turnedAway(chance: Chance, shape: Shape, at: number): Fault[] {
  const own = shape.transport === 'auto' ? chance.pick(['centrifugo', 'pusher']) : shape.transport;
  const code = chance.is(0.5) ? (chance.pick(FOR_GOOD[own]) ?? 4001) : chance.pick(CODES);
  const how = chance.is(0.7) ? 'closed' : 'told';
  const again: Fault = chance.is(0.5)
    ? { at, what: 'dials', how: 'closed', code, forMs: chance.whole(500, 8_000) }
    : { at: at + chance.whole(1_000, 15_000), what: 'sockets', how, code };
  return [{ at, what: 'sockets', how, code }, ...(chance.is(0.6) ? [again] : [])];
}
