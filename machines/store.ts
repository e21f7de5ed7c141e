/**
 * Store: knows whether what Earshot must remember can be written. It decides when the file is tried again; it
 * never touches it.
 *
 * T1  Only in `ready` (tag `writes`) is anything written; a refusal there leads to `down` at once.
 * T2  `down` is left by a trial that succeeded, by one that shows the store is past help, or by closing.
 * T3  Waits between trials grow (full jitter, capped) and start afresh after a success.
 * T4  `unusable` is for good: trying again cannot help (not a database, damaged, newer, held by another).
 * T5  `closed` is left by nothing.
 */
import { assign, emit, setup } from 'xstate';
import { backoffDelay } from './backoff.js';

export interface StoreInput {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly seed: number;
}

interface StoreContext extends StoreInput {
  /** Trials that failed in a row. */
  readonly attempt: number;
  readonly waitMs: number;
  readonly lastError: { readonly code: string; readonly text: string } | null;
}

export type StoreEvent =
  | { type: 'store.opened' }
  /** `passes`: trying again may help. */
  | { type: 'store.refused'; code: string; text: string; passes: boolean }
  | { type: 'store.closing' }
  | { type: 'store.closed' };

export type StoreEmitted = { type: 'store.trial' } | { type: 'store.unusable'; text: string };

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
      const attempt = context.attempt + 1;
      const { initialMs, maxMs } = context;
      const { ms, seed } = backoffDelay({ attempt, initialMs, maxMs, seed: context.seed });
      // Half of the ceiling at least: a full disk asked again at once is as full as before.
      return {
        attempt,
        waitMs: Math.max(ms, initialMs / 2),
        seed,
        lastError: { code: event.code, text: event.text },
      };
    }),
    startAfresh: assign({ attempt: 0, waitMs: 0, lastError: null }),
    askForTrial: emit({ type: 'store.trial' as const }),
    announceUnusable: emit(({ context }) => ({
      type: 'store.unusable' as const,
      text: context.lastError?.text ?? '',
    })),
  },
  delays: { wait: ({ context }) => context.waitMs },
}).createMachine({
  id: 'store',
  context: ({ input }) => ({
    initialMs: input?.initialMs ?? 500,
    maxMs: input?.maxMs ?? 10_000,
    seed: input?.seed ?? 0,
    attempt: 0,
    waitMs: 0,
    lastError: null,
  }),
  initial: 'opening',
  states: {
    opening: {
      entry: 'askForTrial',
      on: {
        'store.opened': { target: 'ready', actions: 'startAfresh' },
        'store.refused': [
          { guard: 'isPastHelp', target: 'unusable', actions: 'noteRefusal' },
          { target: 'down', actions: 'noteRefusal' },
        ],
        'store.closing': 'closing',
      },
    },
    ready: {
      tags: 'writes',
      on: {
        'store.refused': [
          { guard: 'isPastHelp', target: 'unusable', actions: 'noteRefusal' },
          { target: 'down', actions: 'noteRefusal' },
        ],
        'store.closing': 'closing',
      },
    },
    down: {
      after: { wait: 'reopening' },
      on: { 'store.closing': 'closing' },
    },
    reopening: {
      entry: 'askForTrial',
      on: {
        'store.opened': { target: 'ready', actions: 'startAfresh' },
        'store.refused': [
          { guard: 'isPastHelp', target: 'unusable', actions: 'noteRefusal' },
          { target: 'down', actions: 'noteRefusal' },
        ],
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
