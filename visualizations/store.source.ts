/**
 * Store: knows whether what Earshot must remember can be written. It decides when the file is tried again; it
 * never touches it.
 *
 * M1  Only in `ready` (tag `writes`) is anything written; a refusal there ends that at once.
 * M2  A trial is asked for on entering `opening` and `reopening`, and at no other time; one at a time.
 * M3  `down` is left when its wait is over, or by closing.
 * M4  Waits between trials grow up to a cap, with jitter but never under half of the first; a success starts afresh.
 * M5  `unusable` is for good: trying again cannot help (not a database, damaged, newer, held by another).
 * M6  `closing` is entered from every state, and is left for `closed` alone; nothing leaves `closed`.
 */
import { assign, emit, setup } from 'xstate';

export interface StoreInput {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly seed: number;
}

interface StoreContext extends StoreInput {
  /** Trials that failed in a row. */
  readonly attempt: number;
  /** Monotonic milliseconds of the last thing that is known to have happened, and of the next trial. */
  readonly at: number;
  readonly dueAt: number;
  readonly lastError: { readonly code: string; readonly text: string } | null;
}

export type StoreEvent =
  | { type: 'store.opened'; at: number }
  /** `passes`: trying again may help. */
  | { type: 'store.refused'; at: number; code: string; text: string; passes: boolean }
  | { type: 'store.closing' }
  | { type: 'store.closed' };

export type StoreEmitted = { type: 'store.trial' } | { type: 'store.unusable'; code: string; text: string };

const REFUSED = [
  { guard: 'isPastHelp', target: 'unusable', actions: 'noteRefusal' },
  { target: 'down', actions: 'noteRefusal' },
] as const;

export const storeMachine = setup({
  types: {} as {
    input: StoreInput;
    context: StoreContext;
    events: StoreEvent;
    emitted: StoreEmitted;
    tags: 'writes';
  },
  guards: {
    isPastHelp: ({ event }) => event.type === 'store.refused' && !event.passes,
  },
  actions: {
    noteRefusal: assign(({ context, event }) => {
      if (event.type !== 'store.refused') return {};
      const { at, code, text } = event;
      const { initialMs, maxMs } = context;
      const attempt = context.attempt + 1;
      const { ms, seed } = backoffDelay({ attempt, initialMs, maxMs, seed: context.seed });
      // Not the full range of the jitter: a disk that is full is as full a moment later.
      return { attempt, seed, at, dueAt: at + Math.max(ms, initialMs / 2), lastError: { code, text } };
    }),
    startAfresh: assign(({ event }) =>
      event.type === 'store.opened' ? { attempt: 0, at: event.at, lastError: null } : {},
    ),
    passTime: assign(({ context }) => ({ at: context.dueAt })),
    askForTrial: emit({ type: 'store.trial' as const }),
    announceUnusable: emit(({ context }) => ({
      type: 'store.unusable' as const,
      code: context.lastError?.code ?? '',
      text: context.lastError?.text ?? '',
    })),
  },
  delays: { wait: ({ context }) => context.dueAt - context.at },
}).createMachine({
  id: 'store',
  context: ({ input }) => ({
    initialMs: input?.initialMs ?? 500,
    maxMs: input?.maxMs ?? 10_000,
    seed: input?.seed ?? 0,
    attempt: 0,
    at: 0,
    dueAt: 0,
    lastError: null,
  }),
  initial: 'opening',
  states: {
    opening: {
      entry: 'askForTrial',
      on: {
        'store.opened': { target: 'ready', actions: 'startAfresh' },
        'store.refused': REFUSED,
        'store.closing': 'closing',
      },
    },
    ready: {
      tags: 'writes',
      on: {
        'store.refused': REFUSED,
        'store.closing': 'closing',
      },
    },
    down: {
      after: { wait: { target: 'reopening', actions: 'passTime' } },
      on: { 'store.closing': 'closing' },
    },
    reopening: {
      entry: 'askForTrial',
      on: {
        'store.opened': { target: 'ready', actions: 'startAfresh' },
        'store.refused': REFUSED,
        'store.closing': 'closing',
      },
    },
    unusable: {
      entry: 'announceUnusable',
      on: { 'store.closing': 'closing' },
    },
    closing: { on: { 'store.closed': 'closed' } },
    closed: { type: 'final' },
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
