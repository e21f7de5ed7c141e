/** Scenes: several things that go wrong together, as they do where one leads to the other. */
import type { Chance } from './chance.js';
import {
  crashFault,
  DATABASE,
  DISCORD,
  DISKS,
  kickFault,
  LOST,
  NET,
  room,
  sinkFault,
  socketFault,
  stopFault,
} from './draws.js';
import type { Fault } from './plan.js';
import type { Shape } from './shape.js';

export function drawScene(chance: Chance, shape: Shape, at: number): Fault[] {
  // Rows that may not become old, or many, are a setting of which something should come.
  if (shape.maxPending < 1_000 && chance.is(0.35)) return crowding(chance, shape, at);
  if (shape.maxAge === '1m' && chance.is(0.35)) return aging(chance, shape, at);
  if (webhooksOf(shape).length > 1 && chance.is(0.3)) return sharedHost(chance, shape, at);
  return chance.pick(SCENES)(chance, shape, at);
}

/** A service that is ill for as long as it takes to open its circuit, and then answers the probe with something else. */
function relapse(chance: Chance, shape: Shape, at: number): Fault[] {
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

function isSinkFault(fault: Fault): fault is Extract<Fault, { what: 'discord' | 'database' }> {
  return fault.what === 'discord' || fault.what === 'database';
}

function otherFault(
  chance: Chance,
  { what, sink }: Extract<Fault, { sink: string; how: string }>,
  at: number,
): Fault {
  const times = chance.whole(1, 2);
  return what === 'discord'
    ? { at, what, sink, how: chance.is(0.7) ? chance.pick(DISCORD) : chance.pick([...NET, ...LOST]), times }
    : { at, what, sink, how: chance.is(0.7) ? chance.pick(DATABASE) : chance.pick([...NET, ...LOST]), times };
}

/** The disk refuses while much is heard; perhaps the process dies meanwhile, or the link does. */
function downWhileHeard(chance: Chance, shape: Shape, at: number): Fault[] {
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

/** More waits for a sink than its window holds; perhaps the next life begins with that. */
function backlog(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  const flood: Fault = {
    at: at + 100,
    what: 'burst',
    room: room(chance, shape),
    count: chance.whole(510, 640),
    withinMs: 1,
  };
  if (!isSinkFault(ill)) return [flood];
  const { what, sink } = ill;
  const down: Fault = { at, what, sink, how: 'refused', forMs: chance.whole(3_000, 15_000) } as const;
  const end = at + chance.whole(200, 12_000);
  const crash: Fault = { at: end, what: 'crash', downMs: 800 };
  return [down, flood, ...(chance.is(0.8) ? [chance.is(0.7) ? crash : stopFault(chance, shape, end)] : [])];
}

/** The link is cut and comes back while the disk refuses. */
function cutWhileDown(chance: Chance, shape: Shape, at: number): Fault[] {
  const forMs = chance.whole(2_000, 12_000);
  return [
    socketFault(chance, shape, at),
    { at: at + chance.whole(0, 3_000), what: 'disk', how: chance.pick(DISKS), forMs },
    ...(chance.is(0.5) ? [crashFault(chance, shape, at + chance.whole(0, 3_000))] : []),
    ...(chance.is(0.5) ? [kickFault(chance, shape, at)] : []),
  ];
}

/** The link is cut while somebody talks on: what is missed comes late, and what is said meanwhile must wait for it. */
function cutUnderChat(chance: Chance, shape: Shape, at: number): Fault[] {
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

/** What a sink refuses for good stands among what it takes. */
function poisonedBatch(chance: Chance, shape: Shape, at: number): Fault[] {
  const { name, type } = chance.pick(shape.sinks) ?? { name: '', type: 'console' };
  const held: Fault[] =
    type === 'discord'
      ? [{ at: at - 1, what: 'discord', sink: name, how: 'limited', times: 1 }]
      : type === 'postgrest'
        ? [{ at: at - 1, what: 'database', sink: name, how: '500', times: 1 }]
        : [];
  const index = room(chance, shape);
  return [
    ...held,
    { at, what: 'burst', room: index, count: chance.whole(2, 8), withinMs: 1 },
    { at: at + 5, what: 'poison', sink: name, count: chance.whole(1, 2) },
    { at: at + 6, what: 'burst', room: index, count: chance.whole(3, 12), withinMs: 1 },
  ];
}

/** Much is on its way when it is asked to stop, and something hangs. */
function stopUnderLoad(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  const hangs: Fault[] = isSinkFault(ill)
    ? [
        {
          ...ill,
          how: chance.pick(['hang', 'bodyHangs', 'slow', 'takenThenHang', 'limitedByNothing']),
          times: 3,
        },
      ]
    : [];
  const stop = { at: at + chance.whole(5, 2_500), what: 'stop', downMs: chance.whole(200, 3_000) } as const;
  const end: Fault = chance.is(0.6) ? { ...stop, againMs: chance.whole(1, 2_500) } : stop;
  return [...hangs, { at, what: 'burst', room: room(chance, shape), count: 6, withinMs: 10 }, end];
}

/** A sink is away for longer than its rows may wait, where that is not long. */
function aging(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  const burst: Fault = { at: at + 1, what: 'burst', room: room(chance, shape), count: 12, withinMs: 3_000 };
  if (!isSinkFault(ill)) return [burst];
  const { what, sink } = ill;
  const away: Fault = chance.is(0.5)
    ? { at, what, sink, how: 'hang', forMs: 100_000 }
    : what === 'discord'
      ? { at, what, sink, how: chance.pick(['unknownWebhook', 'invalidToken']), times: 1 }
      : { at, what, sink, how: chance.pick(['expiredToken', 'noTable']), times: 1 };
  return [away, burst];
}

const webhooksOf = ({ sinks }: Shape): readonly string[] =>
  sinks.flatMap(({ name, type }) => (type === 'discord' ? [name] : []));

/** What one sink is told of the host holds for the other, which has as much to say. */
function sharedHost(chance: Chance, shape: Shape, at: number): Fault[] {
  const sink = chance.pick(webhooksOf(shape)) ?? '';
  const how = chance.pick(['limitedGlobal', 'limitedGlobal', 'bannedForATime', 'banned', 'limitedByNothing']);
  return [
    { at, what: 'discord', sink, how, times: 1 },
    { at: at + 1, what: 'burst', room: room(chance, shape), count: 8, withinMs: 3_000 },
  ];
}

/** The host bans whoever asks, and when he is on trial, it does so again, is ill, or says nothing. */
function bannedAgain(chance: Chance, shape: Shape, at: number): Fault[] {
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

/** More waits for a sink than may wait, and the oldest are just out. */
function crowding(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  const count = shape.maxPending + chance.whole(10, 90);
  const flood: Fault = { at: at + 50, what: 'burst', room: room(chance, shape), count, withinMs: 1 };
  if (!isSinkFault(ill)) return [flood];
  const { what, sink } = ill;
  return [{ at, what, sink, how: chance.pick(['hang', 'hang', 'bodyHangs', 'slow']), forMs: 25_000 }, flood];
}

/** A circuit that was opened is tested at a person's wish, and the service is still ill: it waits for longer. */
function impatience(chance: Chance, shape: Shape, at: number): Fault[] {
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
function deathUnderProbe(chance: Chance, shape: Shape, at: number): Fault[] {
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

/** The next life begins, and its disk refuses as soon as it is open. */
function restartIntoTrouble(chance: Chance, shape: Shape, at: number): Fault[] {
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

/** A person acts while a request is out: what comes of it counts no more. */
function actedUnderRequest(chance: Chance, shape: Shape, at: number): Fault[] {
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
function probeOfNothing(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at + 1);
  if (!isSinkFault(ill)) return [ill];
  const { what, sink } = ill;
  const times = chance.whole(1, 2);
  const answer: Fault = chance.is(0.5)
    ? { at: at + 1, what, sink, how: 'echo', times }
    : otherFault(chance, ill, at + 1);
  return [
    { at, what: 'hand', how: 'isolate', name: sink },
    answer,
    { at: at + chance.whole(100, 1_000), what: 'hand', how: 'release', name: sink },
  ];
}

/** A part stumbles again and again: over what it is told, or whatever it prints. */
function stumbles(chance: Chance, shape: Shape, at: number): Fault[] {
  const times = chance.whole(3, 12);
  const { name, type } = chance.pick(shape.sinks) ?? { name: '', type: 'console' };
  const burst: Fault = { at: at + 1, what: 'burst', room: room(chance, shape), count: 8, withinMs: 4_000 };
  const how = chance.pick(['throws', 'throws', 'limitedLong', '503'] as const);
  if (type === 'console') return [{ at, what: 'print', times }, burst];
  if (type === 'postgrest') return [{ at, what: 'database', sink: name, how: 'throws', times }, burst];
  return [
    { at, what: 'discord', sink: name, how: 'throws', times: times - 2 },
    { at: at + 2, what: 'discord', sink: name, how, times: 2 },
    burst,
  ];
}

/** The process ends while a circuit is open or isolated: the next life begins with that. */
function restartWhileShut(chance: Chance, shape: Shape, at: number): Fault[] {
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

const SCENES = [
  bannedAgain,
  impatience,
  deathUnderProbe,
  actedUnderRequest,
  probeOfNothing,
  stumbles,
  restartWhileShut,
  restartWhileShut,
  stopUnderLoad,
  stopUnderLoad,
  aging,
  restartIntoTrouble,
  restartIntoTrouble,
  relapse,
  relapse,
  relapse,
  downWhileHeard,
  downWhileHeard,
  cutWhileDown,
  backlog,
  cutUnderChat,
  cutUnderChat,
  poisonedBatch,
  poisonedBatch,
] as const;
