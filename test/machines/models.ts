/**
 * What may happen to each machine: the inputs it may start with, the events it may be sent, and how its children may
 * end. From that every path is walked (walks.test.ts). Whoever adds a machine, or an event to one, is asked for it
 * here by the compiler.
 */
import type { AnyMachineSnapshot, ContextFrom, EventFromLogic, EventObject, InputFrom } from 'xstate';
import type { catalogue, MachineName } from '../../machines/catalogue.js';
import type { LookupEnd } from '../../machines/channel.js';
import type { AttemptEnd } from '../../machines/delivery.js';
import type { Ended } from '../../machines/supervisor.js';
import { type ChildEnd, delaysIn, endEvent } from '../support/walk.js';

type MachineOf<Name extends MachineName> = (typeof catalogue)[Name];
type Spontaneous<E extends { type: string }> = Exclude<E['type'], `xstate.${string}`>;
/** What stands beside the type in an event of this type. */
type Payload<E, Type> = E extends { type: infer T } ? (Type extends T ? Omit<E, 'type'> : never) : never;

/** A model as one sees it who walks any of them. */
export interface AnyModel {
  readonly inputs: readonly unknown[];
  readonly events: Readonly<Record<string, (context: AnyMachineSnapshot['context']) => readonly object[]>>;
  readonly children: Readonly<
    Record<string, (context: AnyMachineSnapshot['context']) => readonly ChildEnd[]>
  >;
  readonly stragglers?: readonly string[];
  readonly matter: (context: AnyMachineSnapshot['context']) => unknown;
}

/** Every event that may happen in this state, under a name that is the same wherever it happens. */
export function eventsIn(model: AnyModel, snapshot: AnyMachineSnapshot): [string, EventObject][] {
  const { context, children: living } = snapshot;
  const { events, children, stragglers = [] } = model;
  const sent = Object.entries(events).flatMap(([type, payloads]) =>
    payloads(context).map((payload) => ({ type, ...payload })),
  );
  const ends = Object.entries(children)
    .filter(([id]) => id in living || stragglers.includes(id))
    .flatMap(([id, ways]) => ways(context).map((end) => endEvent(id, end)));
  return [...sent, ...ends, ...delaysIn(snapshot)].map((event, index) => [`${index} ${event.type}`, event]);
}

export interface Model<Name extends MachineName> {
  readonly inputs: readonly InputFrom<MachineOf<Name>>[];
  /** By type, what an event may carry in this context; empty when it cannot come. */
  readonly events: {
    readonly [Type in Spontaneous<EventFromLogic<MachineOf<Name>>>]: (
      context: ContextFrom<MachineOf<Name>>,
    ) => readonly Payload<EventFromLogic<MachineOf<Name>>, Type>[];
  };
  /** By id, how its children may end. */
  readonly children: Readonly<Record<string, (context: ContextFrom<MachineOf<Name>>) => readonly ChildEnd[]>>;
  /** Children whose error may come when they have been stopped already: it was on its way. */
  readonly stragglers?: readonly string[];
  /** What of the context decides anything: states that are alike in it are walked once. Its values must be few. */
  readonly matter: (context: ContextFrom<MachineOf<Name>>) => unknown;
}

const soon = ({ at }: { readonly at: number }): readonly { readonly at: number }[] => [{ at: at + 1 }];
const nothing = (): readonly Record<never, never>[] => [{}];
const output = <T>(value: T): ChildEnd => ({ output: value });
const error: ChildEnd = { error: new Error('broken') };

const MINUTE_MS = 60_000;

const BREAKER = { failuresMax: 2, recoveryMs: 1_000, recoveryMaxMs: 8_000, probeMs: 500, seed: 1, at: 0 };

const ownAndStale = ({ at, generation }: { readonly at: number; readonly generation: number }) => [
  { at: at + 1, generation },
  { at: at + 1, generation: generation - 1 },
];

const CHANNEL = {
  doubts: 0,
  subscribeMs: 10_000,
  fillMs: 10_000,
  leaveMs: 1_000,
  lookupInitialMs: 30_000,
  lookupMaxMs: 3_600_000,
  initialMs: 1_000,
  maxMs: 60_000,
  refusedMs: 600_000,
  silentMs: 600_000,
  silentMaxMs: 21_600_000,
  seed: 1,
};

const CONNECTION: InputFrom<MachineOf<'connection'>> = {
  transports: ['centrifugo', 'pusher'],
  negotiateMs: 41_000,
  connectMs: 30_000,
  pongMs: 10_000,
  closeMs: 5_000,
  initialMs: 1_000,
  maxMs: 60_000,
  stableMs: 30_000,
  anewMs: 15 * MINUTE_MS,
  attemptsMax: null,
  seed: 1,
};

const DELIVERY = { initialMs: 1_000, maxMs: 60_000, seed: 1, at: 0, isRefused: false };

const HOST = {
  perSecondMax: 2,
  banMs: 60_000,
  banMaxMs: 3_600_000,
  trialMs: 30_000,
  invalidMax: 2,
  seed: 1,
  at: 0,
};

const countsUpTo2 = () =>
  [0, 1, 2].map((size) => ({ size, put: size, taken: 0, dropped: 0, highWater: size }));

const LIMITS = {
  start: 60_000,
  closingSources: 3_000,
  drainingQueues: 10_000,
  closingSinks: 12_000,
  cancellingTasks: 2_000,
  closingStore: 5_000,
  closingRest: 2_000,
  total: 30_000,
};

const endsOfStep = ({ at }: { readonly at: number }): readonly ChildEnd[] => [
  output<Ended>({ at: at + 1 }),
  output<Ended>({ at: at + 1, failed: 'in use' }),
  error,
];

const STEPS = [
  'openStore',
  'startSinks',
  'bindControl',
  'startSources',
  'closingSources',
  'drainingQueues',
  'closingSinks',
  'cancellingTasks',
  'closingStore',
  'closingRest',
  'abort',
];

export const MODELS: { readonly [Name in MachineName]: Model<Name> } = {
  branch: {
    inputs: [{ members: ['one', 'two'], restartsMax: 1, withinMs: MINUTE_MS, seed: 1 }],
    events: {
      'branch.stop': nothing,
      'member.added': () => [{ member: 'one' }, { member: 'three' }],
      'member.removed': () => [{ member: 'one' }, { member: 'four' }],
    },
    children: {
      one: () => [error],
      two: () => [],
      three: () => [error],
      clear: ({ restarts }) => [output({ at: (restarts.at(-1) ?? 0) + 1 }), error],
    },
    stragglers: ['one', 'three'],
    matter: ({ members, restarts }) => [[...members].sort(), Math.min(restarts.length, 2)],
  },

  breaker: {
    inputs: [
      BREAKER,
      { ...BREAKER, restored: { state: 'open', remainingMs: 400, trips: 1, failures: 2 } },
      { ...BREAKER, restored: { state: 'isolated', remainingMs: 0, trips: 0, failures: 0 } },
    ],
    events: {
      'call.succeeded': ownAndStale,
      'call.failed': ownAndStale,
      'call.ignored': ownAndStale,
      'probe.started': soon,
      'breaker.isolated': ({ at }) => [
        { at: at + 1, forMs: null },
        { at: at + 1, forMs: 700 },
      ],
      'breaker.released': soon,
      'breaker.reset': soon,
    },
    children: {},
    matter: ({ failures, failuresMax }) => Math.min(failures, failuresMax),
  },

  channel: {
    inputs: [
      { ...CHANNEL, known: false },
      { ...CHANNEL, known: true },
      { ...CHANNEL, known: true, doubts: 2 },
    ],
    events: {
      'ids.found': soon,
      'link.up': soon,
      'link.down': soon,
      'subscription.confirmed': ({ at }) => [
        { at: at + 1, gap: false },
        { at: at + 1, gap: true },
      ],
      'subscription.refused': soon,
      'subscription.lost': soon,
      'subscription.ended': soon,
      'channel.silent': soon,
      'hold.over': soon,
      'channel.heard': soon,
      'channel.leave': soon,
    },
    children: {
      lookup: ({ at }) => [
        output<LookupEnd>({ kind: 'found', at: at + 1 }),
        output<LookupEnd>({ kind: 'failed', at: at + 1, floorMs: 500 }),
      ],
      fill: ({ at }) => [output({ at: at + 1 }), error],
    },
    matter: ({ known, doubts, heldSince }) => [known, doubts > 0, heldSince !== null],
  },

  connection: {
    inputs: [CONNECTION, { ...CONNECTION, transports: ['pusher'], attemptsMax: 2 }],
    events: {
      'link.wanted': soon,
      'link.close': soon,
      'circuit.refused': soon,
      'circuit.admits': soon,
      'link.unavailable': soon,
      'link.dialled': ({ at, order }) => order.map((transport) => ({ at: at + 1, transport })),
      'link.opened': soon,
      'link.established': ({ at }) => [
        { at: at + 1, serverPings: false },
        { at: at + 1, serverPings: true },
      ],
      'link.quiet': soon,
      'link.heard': soon,
      'link.stale': soon,
      'link.closed': ({ at, stableMs }) =>
        (['never', 'atOnce', 'later'] as const).flatMap((verdict) => [
          { at: at + 1, verdict, floorMs: 0 },
          { at: at + stableMs, verdict, floorMs: 0 },
        ]),
    },
    // The link only tells; it never ends by itself.
    children: { link: () => [] },
    matter: ({ at, attempt, attemptsMax, order, transport, upSince, serverPings, refusedUntil }) => [
      Math.min(attempt, attemptsMax ?? 0),
      upSince !== null && serverPings,
      transport !== null,
      order.filter((it) => it !== transport && refusedUntil[it] <= at).length,
      order.filter((it) => refusedUntil[it] > at).length,
    ],
  },

  deadline: {
    inputs: [{ name: 'discord send', limitMs: 12_000, at: 5 }],
    events: { 'work.completed': soon, 'work.failed': soon, 'work.cancelled': soon },
    children: {},
    matter: () => null,
  },

  delivery: {
    inputs: [DELIVERY, { ...DELIVERY, isRefused: true }],
    events: {
      'work.found': soon,
      'limit.reached': ({ at }) => [{ at: at + 1, untilAt: at + 900 }],
      'limit.lifted': soon,
      'circuit.refused': soon,
      'circuit.admits': soon,
      'request.started': soon,
      'settlement.left': soon,
      'settlement.taken': soon,
      'sink.resumed': soon,
      'sink.close': soon,
    },
    children: {
      attempt: ({ at }) => [
        output<AttemptEnd>({ kind: 'done', at: at + 1 }),
        output<AttemptEnd>({ kind: 'passed', at: at + 1 }),
        output<AttemptEnd>({ kind: 'unsettled', at: at + 1 }),
        output<AttemptEnd>({ kind: 'shutOut', at: at + 1 }),
        output<AttemptEnd>({ kind: 'failed', at: at + 1, retryAfterMs: 2_000 }),
        output<AttemptEnd>({ kind: 'refused', at: at + 1 }),
      ],
    },
    matter: () => null,
  },

  host: {
    inputs: [HOST, { ...HOST, restored: { dueAt: 5_000, bans: 1 } }],
    events: {
      'request.sent': soon,
      'request.answered': ({ at }) => [
        { at: at + 1, invalid: false },
        { at: at + 1, invalid: true },
        { at: at + MINUTE_MS, invalid: true },
      ],
      'request.lost': soon,
      'host.held': ({ at }) => [{ at: at + 1, forMs: 3_000 }],
      'host.banned': soon,
    },
    children: {},
    matter: ({ at, sent, perSecondMax, invalid, invalidMax }) => [
      Math.min(sent.filter((then) => at - then < 1_000).length, perSecondMax),
      Math.min(invalid.length, 2),
      Math.min(
        invalid.reduce((sum, { count }) => sum + count, 0),
        invalidMax,
      ),
    ],
  },

  pool: {
    inputs: [{ limit: 2 }],
    events: {
      'pool.counted': () => [0, 1, 2].flatMap((leased) => [0, 1].map((waiting) => ({ leased, waiting }))),
      'pool.drained': nothing,
    },
    children: {},
    matter: ({ leased, waiting }) => [leased, waiting],
  },

  queue: {
    inputs: [
      { limit: 2, overflow: 'dropOldest' },
      { limit: 2, overflow: 'spill' },
    ],
    events: {
      'queue.counted': countsUpTo2,
      'queue.overflowed': nothing,
      'queue.refilled': countsUpTo2,
      'queue.drained': nothing,
      'queue.closed': nothing,
    },
    children: {},
    matter: ({ size }) => size,
  },

  store: {
    inputs: [{ initialMs: 500, maxMs: 10_000, seed: 1 }],
    events: {
      'store.opened': soon,
      'store.refused': ({ at }) => [
        { at: at + 1, code: 'FULL', text: 'the disk is full', passes: true },
        { at: at + 1, code: 'CORRUPT', text: 'not a database', passes: false },
      ],
      'store.closing': nothing,
      'store.closed': nothing,
    },
    children: {},
    matter: () => null,
  },

  supervisor: {
    inputs: [{ limits: LIMITS }],
    events: {
      'stop.requested': ({ at }) => [{ at: at + 1, reason: 'SIGTERM', forcedCode: 143 }],
      'health.judged': ({ at }) => [
        { at: at + 1, degraded: true },
        { at: at + 1, degraded: false },
      ],
      'part.failed': ({ at }) => [{ at: at + 1, part: 'store', text: 'not a database' }],
    },
    children: {
      ...Object.fromEntries(STEPS.map((step) => [step, endsOfStep])),
      store: () => [error],
    },
    stragglers: ['store'],
    matter: () => null,
  },

  tasks: {
    inputs: [undefined],
    events: {
      'task.started': () => [{ name: 'retention' }],
      'task.ended': () => [{ name: 'retention' }],
      'tasks.cancelled': nothing,
    },
    children: {},
    matter: ({ active }) => active,
  },
};
