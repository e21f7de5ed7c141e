/**
 * Delivery: decides when a sink's next request may begin and what follows from its end; never makes it.
 *
 * D1  One attempt at a time, and it begins in `idle` only, when work was found.
 * D2  A request is out from `request.started` to the attempt's end; an attempt without one leaves no trace.
 * D3  What failed is tried again without end: after full jitter from `initialMs` to `maxMs`, and not before the
 *     time the server named; only rows that left the outbox start the backoff afresh.
 * D4  While the circuit refuses nothing is attempted; only its admission ends `blocked`.
 * D5  A refusal by the endpoint is left through a person (`sink.resumed`) only: no timer, no limit, no circuit.
 * D6  While the store has not taken what was delivered, nothing else goes out.
 * D7  `waiting` ends at `dueAt` at the latest.
 * D8  After `sink.close` nothing begins; a request that is out may end (`draining`); `closed` is left by nothing.
 */
import { assign, fromPromise, type SnapshotFrom, setup } from 'xstate';

export interface DeliveryInput {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly seed: number;
  /** Monotonic milliseconds of the start. */
  readonly at: number;
  /** The endpoint refused before, and nobody has acted since. */
  readonly isRefused: boolean;
}

interface DeliveryContext extends DeliveryInput {
  /** Failures in a row. */
  readonly failures: number;
  /** When the wait ends. */
  readonly dueAt: number;
}

/** How an attempt ended, at `at`. `done`: rows left the outbox. */
export type AttemptEnd = { readonly at: number } & (
  | { readonly kind: 'done' }
  /** Over without progress, and nothing is wrong here: try the rest (rejected), or when the limit allows (later). */
  | { readonly kind: 'passed' }
  /** The outcome is known, and the store cannot take it. */
  | { readonly kind: 'unsettled' }
  /** The circuit refused, or opened over this failure. */
  | { readonly kind: 'shutOut' }
  | { readonly kind: 'failed'; readonly retryAfterMs: number }
  | { readonly kind: 'refused' }
);

export type DeliveryEvent =
  | { type: 'work.found'; at: number }
  | { type: 'limit.reached'; at: number; untilAt: number }
  | { type: 'limit.lifted'; at: number }
  | { type: 'circuit.refused'; at: number }
  | { type: 'circuit.admits'; at: number }
  | { type: 'request.started'; at: number }
  | { type: 'settlement.left'; at: number }
  | { type: 'settlement.taken'; at: number }
  | { type: 'sink.resumed'; at: number }
  | { type: 'sink.close'; at: number }
  | { type: 'xstate.done.actor.attempt'; output: AttemptEnd };

export type DeliveryCondition =
  | 'idle'
  | 'leasing'
  | 'sending'
  | 'waiting'
  | 'blocked'
  | 'settling'
  | 'refused'
  | 'draining'
  | 'closed';

export const deliveryMachine = setup({
  types: {} as {
    input: DeliveryInput;
    context: DeliveryContext;
    events: DeliveryEvent;
    /** `looks`: asks for work. `unwell`: nothing goes out, and time alone does not mend it. */
    tags: 'looks' | 'unwell';
  },
  actors: {
    /** A place in the pool, a permit, the request and its settlement; rejects only when the program is wrong. */
    attempt: fromPromise<AttemptEnd>(async () => ({ kind: 'passed', at: 0 })),
  },
  guards: {
    isRefused: ({ context }) => context.isRefused,
    isEnd: (_, { end, kind }: { end: AttemptEnd; kind: AttemptEnd['kind'] }) => end.kind === kind,
  },
  delays: {
    due: ({ context }) => Math.max(0, context.dueAt - context.at),
  },
  actions: {
    noteAt: assign(({ event }) => ('at' in event ? { at: event.at } : {})),
    noteEnd: assign((_, { end }: { end: AttemptEnd }) => ({ at: end.at })),
    noteLimit: assign(({ event }) =>
      event.type === 'limit.reached' ? { at: event.at, dueAt: event.untilAt } : {},
    ),
    backOff: assign(({ context }, { end }: { end: AttemptEnd }) => {
      const { initialMs, maxMs } = context;
      const { ms, seed } = backoffDelay({
        attempt: context.failures + 1,
        initialMs,
        maxMs,
        seed: context.seed,
      });
      const waitMs = Math.max(ms, end.kind === 'failed' ? end.retryAfterMs : 0);
      return { at: end.at, failures: context.failures + 1, seed, dueAt: end.at + waitMs };
    }),
    startAfresh: assign({ failures: 0 }),
    forgetRefusal: assign({ isRefused: false }),
    arrive: assign(({ context }) => ({ at: context.dueAt })),
  },
}).createMachine({
  id: 'delivery',
  context: ({ input }) => ({
    initialMs: input?.initialMs ?? 1_000,
    maxMs: input?.maxMs ?? 60_000,
    seed: input?.seed ?? 0,
    at: input?.at ?? 0,
    isRefused: input?.isRefused ?? false,
    failures: 0,
    dueAt: 0,
  }),
  initial: 'starting',
  states: {
    starting: { always: [{ guard: 'isRefused', target: 'refused' }, { target: 'idle' }] },
    idle: {
      tags: 'looks',
      on: {
        'work.found': { target: 'delivering', actions: 'noteAt' },
        'limit.reached': { target: 'waiting.limited', actions: 'noteLimit' },
        'circuit.refused': { target: 'blocked', actions: 'noteAt' },
        'settlement.left': { target: 'settling', actions: 'noteAt' },
        'sink.close': 'closed',
      },
    },
    delivering: {
      invoke: {
        id: 'attempt',
        src: 'attempt',
        onDone: [
          {
            guard: { type: 'isEnd', params: ({ event }) => ({ end: event.output, kind: 'done' }) },
            target: 'idle',
            actions: [{ type: 'noteEnd', params: ({ event }) => ({ end: event.output }) }, 'startAfresh'],
          },
          {
            guard: { type: 'isEnd', params: ({ event }) => ({ end: event.output, kind: 'unsettled' }) },
            target: 'settling',
            actions: { type: 'noteEnd', params: ({ event }) => ({ end: event.output }) },
          },
          {
            guard: { type: 'isEnd', params: ({ event }) => ({ end: event.output, kind: 'shutOut' }) },
            target: 'blocked',
            actions: { type: 'noteEnd', params: ({ event }) => ({ end: event.output }) },
          },
          {
            guard: { type: 'isEnd', params: ({ event }) => ({ end: event.output, kind: 'failed' }) },
            target: 'waiting.backingOff',
            actions: { type: 'backOff', params: ({ event }) => ({ end: event.output }) },
          },
          {
            guard: { type: 'isEnd', params: ({ event }) => ({ end: event.output, kind: 'refused' }) },
            target: 'refused',
            actions: { type: 'noteEnd', params: ({ event }) => ({ end: event.output }) },
          },
          { target: 'idle', actions: { type: 'noteEnd', params: ({ event }) => ({ end: event.output }) } },
        ],
      },
      initial: 'leasing',
      states: {
        leasing: {
          on: {
            'request.started': { target: 'sending', actions: 'noteAt' },
            'sink.close': '#delivery.closed',
          },
        },
        sending: { on: { 'sink.close': 'draining' } },
        draining: { on: { 'xstate.done.actor.attempt': '#delivery.closed' } },
      },
    },
    waiting: {
      initial: 'limited',
      states: {
        limited: { on: { 'limit.lifted': { target: '#delivery.idle', actions: 'noteAt' } } },
        backingOff: {},
      },
      after: { due: { target: 'idle', actions: 'arrive' } },
      on: { 'sink.close': 'closed' },
    },
    blocked: {
      tags: 'unwell',
      on: {
        'circuit.admits': { target: 'idle', actions: 'noteAt' },
        'sink.close': 'closed',
      },
    },
    settling: {
      on: {
        'settlement.taken': { target: 'idle', actions: ['noteAt', 'startAfresh'] },
        'sink.close': 'closed',
      },
    },
    refused: {
      tags: 'unwell',
      on: {
        'sink.resumed': { target: 'idle', actions: ['noteAt', 'startAfresh', 'forgetRefusal'] },
        'sink.close': 'closed',
      },
    },
    closed: { type: 'final' },
  },
});

/** The one word for the state it is in. */
export function deliveryCondition({ value }: SnapshotFrom<typeof deliveryMachine>): DeliveryCondition {
  if (typeof value === 'string') return value === 'starting' ? 'idle' : value;
  return 'delivering' in value ? value.delivering : 'waiting';
}

/**
 * Backoff: how long to wait before attempt n. Full jitter: uniform between nothing and a ceiling that doubles,
 * so that a thousand clients that lost the same server do not come back in step.
 *
 * K1  The ceiling is initialMs · 2^(attempt − 1), never above maxMs, never shrinking as attempts grow.
 * K2  The wait lies in [0, ceiling], in whole milliseconds.
 * K3  The same seed gives the same wait and the same next seed; chance enters by the seed alone.
 */

interface BackoffInput {
  /** The first attempt is 1. */
  readonly attempt: number;
  readonly initialMs: number;
  readonly maxMs: number;
  /** State of the generator: any 32-bit integer. */
  readonly seed: number;
}

/** The highest wait before this attempt, in milliseconds. */
function backoffCeiling({ attempt, initialMs, maxMs }: Omit<BackoffInput, 'seed'>): number {
  const doublings = Math.min(Math.max(0, Math.floor(attempt) - 1), 52);
  return Math.min(initialMs * 2 ** doublings, maxMs);
}

function backoffDelay(input: BackoffInput): { readonly ms: number; readonly seed: number } {
  const { value, seed } = draw(input.seed);
  return { ms: Math.floor(value * (backoffCeiling(input) + 1)), seed };
}

/** A number in [0, 1) and the generator's next state (mulberry32: 32 bits of state fit into any snapshot). */
function draw(state: number): { readonly value: number; readonly seed: number } {
  const seed = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return { value: ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32, seed };
}
