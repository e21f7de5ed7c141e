/**
 * Circuit breaker: decides whether a call may be attempted; never makes the call.
 *
 * B1  A result counts only if it carries the generation under which its call was admitted.
 * B2  One probe at a time: while one is out, nobody else is admitted.
 * B3  Each admission is settled once; a second result finds another generation or changes nothing.
 * B4  A probe's lease runs out; its late result falls dead.
 * B5  An ignored result gives a probe's place back; it neither closes nor opens.
 * B6  Only a probe's success closes a circuit that was open; or a person, by `breaker.reset`.
 * B7  While open nothing is admitted, and the time of opening is set once per opening.
 * B8  Times are monotonic milliseconds out of events; a wall clock set back changes nothing.
 * B9  The wait grows with each trip (×2), up to a cap, with jitter on top; only closing starts it afresh.
 * B10 Each change of state is announced once.
 * B11 A refused call is no event here: it counts as neither success nor failure.
 * B12 Isolation by hand beats every timer but its own.
 * B13 What is restored is never better than what was stored: half-open comes back as open, the wait clamped.
 * B14 admitted = succeeded + failed + ignored + in flight (kept by the gate that hands out the permits).
 */
import { and, assign, emit, setup } from 'xstate';

export interface BreakerInput {
  /** Failures in a row that open it. */
  readonly failuresMax: number;
  /** Wait before the first probe, and the cap it grows to. */
  readonly recoveryMs: number;
  readonly recoveryMaxMs: number;
  /** A probe that has said nothing for so long has failed. */
  readonly probeMs: number;
  readonly seed: number;
  /** Monotonic milliseconds of the start. */
  readonly at: number;
  /** What an earlier process left. */
  readonly restored?: {
    readonly state: 'closed' | 'open' | 'isolated';
    /** How much of the wait is left. */
    readonly remainingMs: number;
    readonly trips: number;
    readonly failures: number;
  };
}

interface BreakerContext extends Omit<BreakerInput, 'restored'> {
  readonly restored: BreakerInput['restored'] | null;
  readonly generation: number;
  readonly failures: number;
  /** Openings since it was last closed. */
  readonly trips: number;
  readonly openedAt: number;
  /** When the running timer is due: the wait, the probe's lease, the isolation. */
  readonly dueAt: number;
}

export type BreakerEvent =
  | { type: 'call.succeeded' | 'call.failed' | 'call.ignored'; at: number; generation: number }
  | { type: 'probe.started'; at: number }
  /** By hand: admits nothing until released, or for `forMs`. */
  | { type: 'breaker.isolated'; at: number; forMs: number | null }
  /** By hand: the isolation ends; a probe must prove that the service is well. */
  | { type: 'breaker.released'; at: number }
  /** By hand: closed, as if nothing had happened. */
  | { type: 'breaker.reset'; at: number };

export type BreakerEmitted = {
  type: 'breaker.turned';
  to: 'closed' | 'open' | 'halfOpen' | 'probing' | 'isolated';
};

/** A wait may last up to a tenth longer, so that many breakers of one service do not probe in step. */
const JITTER = 0.1;

const timeOf = (context: BreakerContext, event: object): number =>
  'at' in event && typeof event.at === 'number' ? event.at : context.dueAt;

export const breakerMachine = setup({
  types: {} as {
    input: BreakerInput;
    context: BreakerContext;
    events: BreakerEvent;
    emitted: BreakerEmitted;
    tags: 'admits';
  },
  guards: {
    isCurrent: ({ context, event }) => 'generation' in event && event.generation === context.generation,
    isLastStraw: and(['isCurrent', ({ context }) => context.failures + 1 >= context.failuresMax]),
    hasFailures: and(['isCurrent', ({ context }) => context.failures > 0]),
    isTimed: ({ event }) => event.type === 'breaker.isolated' && event.forMs !== null,
    wasOpen: ({ context }) => context.restored?.state === 'open',
    wasIsolated: ({ context }) => context.restored?.state === 'isolated',
  },
  actions: {
    countFailure: assign(({ context, event }) => ({
      failures: context.failures + 1,
      at: timeOf(context, event),
    })),
    forgetFailures: assign(({ context, event }) => ({ failures: 0, at: timeOf(context, event) })),
    startAfresh: assign(({ context, event }) => ({
      failures: 0,
      trips: 0,
      at: timeOf(context, event),
      generation: context.generation + 1,
    })),
    trip: assign(({ context, event }) => {
      const at = timeOf(context, event);
      const { value, seed } = draw(context.seed);
      const waitMs = context.recoveryMs * 2 ** Math.min(context.trips, 30) * (1 + JITTER * value);
      return {
        at,
        openedAt: at,
        dueAt: at + Math.min(Math.round(waitMs), Math.max(context.recoveryMs, context.recoveryMaxMs)),
        trips: context.trips + 1,
        generation: context.generation + 1,
        seed,
      };
    }),
    turnGeneration: assign(({ context, event }) => ({
      generation: context.generation + 1,
      at: timeOf(context, event),
    })),
    leaseProbe: assign(({ context, event }) => {
      const at = timeOf(context, event);
      return { at, dueAt: at + context.probeMs, generation: context.generation + 1 };
    }),
    noteIsolation: assign(({ context, event }) => {
      const at = timeOf(context, event);
      const forMs = event.type === 'breaker.isolated' ? (event.forMs ?? 0) : 0;
      return { at, openedAt: at, dueAt: at + forMs, generation: context.generation + 1 };
    }),
    restore: assign(({ context }) => {
      const { restored, at } = context;
      if (!restored) return {};
      const remainingMs = Math.max(
        0,
        Math.min(restored.remainingMs, Math.max(context.recoveryMs, context.recoveryMaxMs)),
      );
      return {
        restored: null,
        openedAt: at,
        dueAt: at + remainingMs,
        trips: restored.trips,
        failures: restored.failures,
      };
    }),
    announce: emit((_, to: BreakerEmitted['to']) => ({ type: 'breaker.turned' as const, to })),
  },
  delays: {
    due: ({ context }) => Math.max(0, context.dueAt - context.at),
  },
}).createMachine({
  id: 'breaker',
  context: ({ input }) => ({
    failuresMax: input?.failuresMax ?? 5,
    recoveryMs: input?.recoveryMs ?? 60_000,
    recoveryMaxMs: input?.recoveryMaxMs ?? 600_000,
    probeMs: input?.probeMs ?? 20_000,
    seed: input?.seed ?? 0,
    at: input?.at ?? 0,
    restored: input?.restored ?? null,
    generation: 0,
    failures: 0,
    trips: 0,
    openedAt: 0,
    dueAt: 0,
  }),
  initial: 'starting',
  on: {
    'breaker.isolated': [
      { guard: 'isTimed', target: '.isolated.forATime', actions: 'noteIsolation' },
      { target: '.isolated.untilReleased', actions: 'noteIsolation' },
    ],
    'breaker.reset': { target: '.closed', actions: 'startAfresh' },
  },
  states: {
    starting: {
      always: [
        { guard: 'wasOpen', target: 'open', actions: 'restore' },
        { guard: 'wasIsolated', target: 'isolated.untilReleased', actions: 'restore' },
        { target: 'closed', actions: 'restore' },
      ],
    },
    closed: {
      tags: 'admits',
      entry: { type: 'announce', params: 'closed' },
      on: {
        'call.failed': [
          { guard: 'isLastStraw', target: 'open', actions: ['countFailure', 'trip'] },
          { guard: 'isCurrent', actions: 'countFailure' },
        ],
        'call.succeeded': { guard: 'hasFailures', actions: 'forgetFailures' },
      },
    },
    open: {
      entry: { type: 'announce', params: 'open' },
      after: { due: { target: 'halfOpen', actions: 'turnGeneration' } },
    },
    // One probe at a time: a service on its knees must not meet the whole queue.
    halfOpen: {
      tags: 'admits',
      entry: { type: 'announce', params: 'halfOpen' },
      on: { 'probe.started': { target: 'probing', actions: 'leaseProbe' } },
    },
    probing: {
      entry: { type: 'announce', params: 'probing' },
      on: {
        'call.succeeded': { guard: 'isCurrent', target: 'closed', actions: 'startAfresh' },
        'call.failed': { guard: 'isCurrent', target: 'open', actions: ['countFailure', 'trip'] },
        'call.ignored': { guard: 'isCurrent', target: 'halfOpen', actions: 'turnGeneration' },
      },
      after: { due: { target: 'open', actions: ['countFailure', 'trip'] } },
    },
    isolated: {
      entry: { type: 'announce', params: 'isolated' },
      on: { 'breaker.released': { target: 'halfOpen', actions: 'turnGeneration' } },
      initial: 'untilReleased',
      states: {
        untilReleased: {},
        forATime: { after: { due: { target: '#breaker.halfOpen', actions: 'turnGeneration' } } },
      },
    },
  },
});

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
