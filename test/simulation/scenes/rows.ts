/** Scenes of rows that wait: too many, for too long, or with one among them that nobody takes. */
import type { Chance } from '../chance.js';
import { room, sinkFault, stopFault } from '../draws.js';
import type { Fault } from '../plan.js';
import type { Shape } from '../shape.js';
import { isSinkFault } from './ill.js';

/** More waits for a sink than its window holds; perhaps the next life begins with that. */
export function backlog(chance: Chance, shape: Shape, at: number): Fault[] {
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

/** A sink is away for longer than its rows may wait, where that is not long. */
export function aging(chance: Chance, shape: Shape, at: number): Fault[] {
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

/** More waits for a sink than may wait, and the oldest are just out. */
export function crowding(chance: Chance, shape: Shape, at: number): Fault[] {
  const ill = sinkFault(chance, shape, at);
  const count = shape.maxPending + chance.whole(10, 90);
  const flood: Fault = { at: at + 50, what: 'burst', room: room(chance, shape), count, withinMs: 1 };
  if (!isSinkFault(ill)) return [flood];
  const { what, sink } = ill;
  return [{ at, what, sink, how: chance.pick(['hang', 'hang', 'bodyHangs', 'slow']), forMs: 25_000 }, flood];
}

/** What a sink refuses for good stands among what it takes. */
export function poisonedBatch(chance: Chance, shape: Shape, at: number): Fault[] {
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

/** A part stumbles again and again: over what it is told, or whatever it prints. */
export function stumbles(chance: Chance, shape: Shape, at: number): Fault[] {
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

/** Much is on its way when it is asked to stop, and something hangs. */
export function stopUnderLoad(chance: Chance, shape: Shape, at: number): Fault[] {
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

/** What was given up is tried again by hand, among what is said meanwhile; or done away with. */
export function secondChance(chance: Chance, shape: Shape, at: number): Fault[] {
  const { name } = chance.pick(shape.sinks) ?? { name: '' };
  const index = room(chance, shape);
  const again = at + chance.whole(3_000, 9_000);
  const how = chance.pick(['retry', 'retry', 'retry', 'discard']);
  return [
    { at, what: 'poison', sink: name, count: chance.whole(1, 3) },
    { at: at + 1, what: 'burst', room: index, count: chance.whole(3, 8), withinMs: 500 },
    { at: again, what: 'hand', how },
    { at: again + 10, what: 'burst', room: index, count: chance.whole(1, 5), withinMs: 300 },
    chance.is(0.4)
      ? { at: again + chance.whole(5, 1_500), what: 'crash', downMs: 500 }
      : { at: again + chance.whole(2_000, 6_000), what: 'hand', how: 'retry' },
  ];
}
