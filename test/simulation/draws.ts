/** Draws one fault of a kind: which, for how long, on whom. */
import type { Chance } from './chance.js';
import type {
  DatabaseFault,
  DialFault,
  DiscordFault,
  DiskFault,
  Effect,
  Fault,
  FrameFault,
  LostAnswer,
  NetFault,
} from './plan.js';
import type { Shape } from './shape.js';

export const NET: readonly [NetFault, ...NetFault[]] = [
  'refused',
  'dns',
  'cut',
  'hang',
  'redirect',
  'slow',
  'torn',
  'bodyHangs',
];
export const LOST: readonly [LostAnswer, ...LostAnswer[]] = [
  'throws',
  'takenThenHang',
  'takenThenCut',
  'takenThen504',
  'takenThenTorn',
];
export const DISCORD: readonly [DiscordFault, ...DiscordFault[]] = [
  '500',
  '502',
  '503',
  '408',
  'odd',
  'echo',
  'limited',
  'limitedLong',
  'limitedShared',
  'limitedGlobal',
  'limitedByHeader',
  'limitedByNothing',
  'banned',
  'bannedForATime',
  'edge1010',
  'edge40333',
  'unknownWebhook',
  'invalidToken',
  'gone',
  'bare',
];
export const DATABASE: readonly [DatabaseFault, ...DatabaseFault[]] = [
  '500',
  '502',
  'down',
  'down',
  'echo',
  'limited',
  'limitedByNothing',
  'expiredToken',
  'forbidden',
  'missingColumn',
  'noTable',
];
/** Each of these costs a minute or more of patience: once is enough. */
const BANS: ReadonlySet<string> = new Set(['limitedByNothing', 'banned', 'edge1010', 'edge40333']);
const DIALS: readonly [DialFault, ...DialFault[]] = ['refused', 'hang', 'dns', 'tls', 'status', 'mute'];
const CODES: readonly [number, ...number[]] = [
  4001, 4004, 4100, 4200, 4201, 4300, 3000, 3005, 3012, 3500, 3501, 4500, 1000, 1001, 1011, 1012,
];
const FRAMES: readonly [FrameFault, ...FrameFault[]] = [
  'duplicated',
  'reordered',
  'cut',
  'garbled',
  'binary',
  'huge',
  'late',
];
export const DISKS: readonly [DiskFault, ...DiskFault[]] = ['busy', 'full', 'readOnly', 'io', 'slow'];
const EFFECTS: readonly [Effect, ...Effect[]] = ['commit', 'commit', 'fetch', 'send', 'dial'];
const ENDPOINTS = ['lookup', 'negotiation', 'token', 'history'] as const;
const KICK = ['403', '404', '429', '500', 'hang', 'garbage'] as const;

export function room(chance: Chance, { channels }: Shape): number {
  return chance.whole(0, channels - 1);
}

export function spell(chance: Chance, meanMs: number): { times: number } | { forMs: number } {
  return chance.is(0.6)
    ? { times: 1 + Math.floor(chance.about(2)) }
    : { forMs: Math.round(500 + chance.about(meanMs)) };
}

export function sinkFault(chance: Chance, shape: Shape, at: number): Fault {
  const sinks = shape.sinks.filter(({ type }) => type !== 'console');
  const sink = chance.pick(sinks);
  if (sink === undefined) return { at, what: 'hangup' };
  const draw = chance.next();
  const common = draw < 0.25 ? chance.pick(NET) : draw < 0.45 ? chance.pick(LOST) : undefined;
  if (sink.type === 'postgrest') {
    const how = common ?? chance.pick(DATABASE);
    return {
      at,
      what: 'database',
      sink: sink.name,
      how,
      ...(BANS.has(how) ? { times: 1 } : spell(chance, 6_000)),
    };
  }
  const how = common ?? chance.pick(DISCORD);
  return {
    at,
    what: 'discord',
    sink: sink.name,
    how,
    ...(BANS.has(how) ? { times: 1 } : spell(chance, 6_000)),
  };
}

export function dialFault(chance: Chance, _: Shape, at: number): Fault {
  const forMs = Math.round(1_000 + chance.about(8_000));
  const transport = chance.is(0.3) ? { transport: chance.pick(['pusher', 'centrifugo']) } : {};
  return chance.is(0.7)
    ? { at, what: 'dials', how: chance.pick(DIALS), forMs, ...transport }
    : { at, what: 'dials', how: 'closed', code: chance.pick(CODES), forMs, ...transport };
}

export function socketFault(chance: Chance, _: Shape, at: number): Fault {
  const how = chance.pick(['cut', 'cut', 'cutInAFrame', 'deaf', 'closed', 'closed', 'told', 'pinged']);
  return how === 'closed' || how === 'told'
    ? { at, what: 'sockets', how, code: chance.pick(CODES) }
    : { at, what: 'sockets', how };
}

export function frameFault(chance: Chance, _: Shape, at: number): Fault {
  const how = chance.pick(FRAMES);
  const share = how === 'huge' ? 0.05 : chance.between(0.1, 0.7);
  return { at, what: 'frames', how, share, forMs: Math.round(1_000 + chance.about(10_000)) };
}

export function kickFault(chance: Chance, _: Shape, at: number): Fault {
  const endpoint = chance.pick(ENDPOINTS);
  const how = chance.is(0.5) ? chance.pick(KICK) : chance.pick(NET);
  return { at, what: 'kick', endpoint, how, ...spell(chance, 10_000) };
}

export function roomFault(chance: Chance, shape: Shape, at: number): Fault {
  const how = chance.pick(['mute', 'refused', 'muteUntilResubscribed', 'unsubscribed', 'ended', 'live']);
  const it = { at, what: 'room' as const, room: room(chance, shape) };
  return how === 'mute' || how === 'refused'
    ? { ...it, how, forMs: Math.round(2_000 + chance.about(30_000)) }
    : { ...it, how };
}

export function diskFault(chance: Chance, _: Shape, at: number): Fault {
  return { at, what: 'disk', how: chance.pick(DISKS), forMs: Math.round(200 + chance.about(8_000)) };
}

export function openingFault(chance: Chance, _: Shape, at: number): Fault {
  return {
    at,
    what: 'opening',
    how: chance.pick(['busy', 'busy', 'held', 'junk']),
    times: chance.whole(1, 2),
  };
}

export function clockFault(chance: Chance, _: Shape, at: number): Fault {
  if (chance.is(0.4)) return { at, what: 'stall', forMs: Math.round(chance.about(12_000)) };
  return {
    at,
    what: 'wall',
    byMs: Math.round(chance.between(-1, 1) * chance.pick([2_000, 60_000, 3_600_000])),
  };
}

export function crashFault(chance: Chance, _: Shape, at: number): Fault {
  const downMs = Math.round(200 + chance.about(5_000));
  if (chance.is(0.4)) return { at, what: 'crash', downMs };
  const beside = {
    effect: chance.pick(EFFECTS),
    nth: chance.whole(1, 4),
    when: chance.pick(['before', 'after']),
  };
  return { at, what: 'crash', beside, downMs };
}

export function stopFault(chance: Chance, _: Shape, at: number): Fault {
  const downMs = Math.round(200 + chance.about(5_000));
  const draw = chance.next();
  if (draw < 0.3) return { at, what: 'stop', againMs: Math.round(chance.about(1_500)), downMs };
  if (draw < 0.5) return { at, what: 'stop', crashMs: Math.round(chance.about(1_500)), downMs };
  return { at, what: 'stop', downMs };
}

export function handFault(chance: Chance, shape: Shape, at: number): Fault {
  const name = chance.is(0.8) ? (chance.pick(shape.sinks)?.name ?? '') : 'connection-1';
  const how = chance.pick([
    'isolate',
    'release',
    'reset',
    'resume',
    'retry',
    'discard',
    'addChannel',
    'retry',
  ]);
  switch (how) {
    case 'isolate':
      return { at, what: 'hand', how, name, ...(chance.is(0.5) && { for: `${chance.whole(1, 20)}s` }) };
    case 'retry':
    case 'discard':
      return { at, what: 'hand', how };
    case 'addChannel':
      return { at, what: 'hand', how, room: room(chance, shape) };
    default:
      return { at, what: 'hand', how, name };
  }
}

export function burstFault(chance: Chance, shape: Shape, at: number): Fault {
  const count = chance.whole(5, 60);
  return { at, what: 'burst', room: room(chance, shape), count, withinMs: chance.pick([1, 200, 2_000]) };
}

export function poisonFault(chance: Chance, shape: Shape, at: number): Fault {
  return { at, what: 'poison', sink: chance.pick(shape.sinks)?.name ?? '', count: chance.whole(1, 3) };
}

export function printFault(chance: Chance, _: Shape, at: number): Fault {
  return { at, what: 'print', times: chance.whole(1, 3) };
}

export function woundFault(chance: Chance, shape: Shape, at: number): Fault {
  const { name } = chance.pick(shape.sinks) ?? { name: '' };
  return {
    at,
    what: 'wound',
    sink: name,
    part: chance.pick(['breaker', 'breaker', 'delivery', 'queue', 'host']),
  };
}
