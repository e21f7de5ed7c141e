/** Scenes on the side of the chat: the link, the subscriptions, and what was missed meanwhile. */
import type { Chance } from './chance.js';
import { DISKS, room } from './draws.js';
import type { Fault } from './plan.js';
import type { Shape } from './shape.js';

export function drawChatScene(chance: Chance, shape: Shape, at: number): Fault[] {
  return chance.pick(SCENES)(chance, shape, at);
}

/** After these nobody comes back unchanged; then those that ask for patience, or for none. */
const FOR_GOOD = { pusher: [4001, 4003, 4004, 4009], centrifugo: [3500, 3501, 3503, 4500] } as const;
const CODES: readonly [number, ...number[]] = [4100, 4100, 4200, 4201, 4300, 3000, 3012];

/** A lookup fails, as lookups do. */
export function failedLookup(chance: Chance, at: number): Fault {
  const how = chance.pick(['403', '403', '404', '429', '500', 'hang', 'garbage', 'refused', 'torn'] as const);
  return { at, what: 'kick', endpoint: 'lookup', how, times: chance.whole(1, 4) };
}

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
function outage(chance: Chance, shape: Shape, at: number): Fault[] {
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
function oneIsOut(chance: Chance, shape: Shape, at: number): Fault[] {
  const transport =
    shape.transport === 'auto' ? chance.pick(['centrifugo', 'centrifugo', 'pusher']) : shape.transport;
  const how = chance.pick(['refused', 'mute', 'hang'] as const);
  return [
    { at: at + 1, what: 'sockets', how: 'cut' },
    { at, what: 'dials', how, transport, forMs: chance.whole(3_000, 20_000) },
  ];
}

/** The link comes up again and again, and never lasts. */
function flaps(chance: Chance, shape: Shape, at: number): Fault[] {
  const everyMs = shape.times === 'quick' ? 1_800 : 9_000;
  const code = chance.pick([undefined, undefined, 4200, 3000]);
  return Array.from({ length: chance.whole(12, 30) }, (_, index): Fault => {
    const then = Math.round(at + (index + chance.next() * 0.8) * everyMs);
    if (code === undefined) return { at: then, what: 'sockets', how: 'cut' };
    return { at: then, what: 'sockets', how: 'closed', code };
  });
}

/** The link is there, and dead. */
function goesDead(chance: Chance, _: Shape, at: number): Fault[] {
  const mute: Fault = { at, what: 'dials', how: 'mute', forMs: chance.whole(3_000, 40_000) };
  return [...(chance.is(0.4) ? [mute] : []), { at, what: 'sockets', how: 'deaf' }];
}

/** The server ends the conversation, in one of the ways its protocol has. */
function turnedAway(chance: Chance, shape: Shape, at: number): Fault[] {
  const own = shape.transport === 'auto' ? chance.pick(['centrifugo', 'pusher']) : shape.transport;
  const code = chance.is(0.5) ? (chance.pick(FOR_GOOD[own]) ?? 4001) : chance.pick(CODES);
  const how = chance.is(0.7) ? 'closed' : 'told';
  const again: Fault = chance.is(0.5)
    ? { at, what: 'dials', how: 'closed', code, forMs: chance.whole(500, 8_000) }
    : { at: at + chance.whole(1_000, 15_000), what: 'sockets', how, code };
  return [{ at, what: 'sockets', how, code }, ...(chance.is(0.6) ? [again] : [])];
}

/** Somebody talks while what was missed is read slowly; and in the middle of that it ends, or the link does. */
function cutWhileFilling(chance: Chance, shape: Shape, at: number): Fault[] {
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
function repeatedAfterRestart(chance: Chance, shape: Shape, at: number): Fault[] {
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
function droppedAndBack(chance: Chance, shape: Shape, at: number): Fault[] {
  const index = room(chance, shape);
  const forMs = chance.whole(2_000, 6_000);
  const count = shape.queueLimit < 100 ? chance.whole(15, 40) : 30;
  return [
    { at, what: 'disk', how: chance.pick(DISKS), forMs },
    { at: at + 300, what: 'burst', room: index, count, withinMs: 1 },
    { at: at + chance.whole(500, forMs + 1_500), what: 'sockets', how: 'cut' },
  ];
}

/** A room says nothing for long, as far as its link goes. */
function fallsSilent(chance: Chance, shape: Shape, at: number): Fault[] {
  const index = room(chance, shape);
  const until = chance.is(0.4);
  const mute: Fault = until
    ? { at, what: 'room', room: index, how: 'muteUntilResubscribed' }
    : { at, what: 'room', room: index, how: 'mute', forMs: chance.whole(60_000, 150_000) };
  const ended: Fault = { at: Math.max(1, at - 500), what: 'room', room: index, how: 'ended' };
  return [...(chance.is(0.2) ? [ended] : []), mute];
}

/** A subscription that is refused, lost, or never answered. */
function unsubscribed(chance: Chance, shape: Shape, at: number): Fault[] {
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

const SCENES = [
  outage,
  outage,
  oneIsOut,
  flaps,
  flaps,
  goesDead,
  goesDead,
  turnedAway,
  turnedAway,
  cutWhileFilling,
  cutWhileFilling,
  cutWhileFilling,
  repeatedAfterRestart,
  repeatedAfterRestart,
  repeatedAfterRestart,
  droppedAndBack,
  droppedAndBack,
  fallsSilent,
  fallsSilent,
  unsubscribed,
  unsubscribed,
] as const;
