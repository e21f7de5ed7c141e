/**
 * Queue: knows whether a bounded queue may take more, has to spill, or is on its way out. The items are kept
 * elsewhere (src/actors/queue.ts); this hears numbers, at edges, one event a turn at most.
 *
 * Q1  `size` never exceeds `limit`, and is 0 exactly in `empty` and `closed`.
 * Q2  A queue that drops never spills; one that spills never drops.
 * Q3  Once it spills, nothing is appended (tag `appends` is gone) until a refill came up short: order is kept.
 * Q4  Once it drains or is closed nothing is appended; `closed` is left by nothing.
 * Q5  put = taken + dropped + size, whenever it was told all numbers.
 * Q6  `highWater` never falls and never exceeds `limit`.
 */
import { assign, setup } from 'xstate';

export interface QueueInput {
  readonly limit: number;
  /** What happens to an item for which there is no room: the oldest goes, or it waits outside. */
  readonly overflow: 'dropOldest' | 'spill';
}

/** Running totals, as the ring has them. */
export interface QueueCounts {
  readonly size: number;
  readonly put: number;
  readonly taken: number;
  readonly dropped: number;
  readonly highWater: number;
}

interface QueueContext extends QueueInput, QueueCounts {}

export type QueueEvent =
  | ({ type: 'queue.counted' } & QueueCounts)
  /** An item found no room in a queue that spills. */
  | { type: 'queue.overflowed' }
  /** A refill read all that was left outside. */
  | ({ type: 'queue.refilled' } & QueueCounts)
  /** No more puts; what is in may still be taken. */
  | { type: 'queue.drained' }
  | { type: 'queue.closed' };

export const queueMachine = setup({
  types: {} as { input: QueueInput; context: QueueContext; events: QueueEvent; tags: 'appends' },
  guards: {
    isEmpty: ({ context, event }) => ('size' in event ? event.size : context.size) === 0,
    isFull: ({ context, event }) => ('size' in event ? event.size : context.size) >= context.limit,
    spills: ({ context }) => context.overflow === 'spill',
  },
  actions: {
    count: assign(({ context, event }) => {
      if (!('size' in event)) return {};
      const { put, taken, dropped } = event;
      const size = Math.min(event.size, context.limit);
      return {
        size,
        put,
        taken,
        dropped,
        highWater: Math.max(context.highWater, Math.min(event.highWater, context.limit)),
      };
    }),
    forget: assign({ size: 0 }),
  },
}).createMachine({
  id: 'queue',
  context: ({ input }) => ({
    limit: input?.limit ?? 500,
    overflow: input?.overflow ?? 'dropOldest',
    size: 0,
    put: 0,
    taken: 0,
    dropped: 0,
    highWater: 0,
  }),
  initial: 'empty',
  on: { 'queue.closed': { target: '.closed', actions: 'forget' } },
  states: {
    empty: {
      tags: 'appends',
      on: {
        'queue.counted': [
          { guard: 'isEmpty', actions: 'count' },
          { guard: 'isFull', target: 'full', actions: 'count' },
          { target: 'flowing', actions: 'count' },
        ],
        'queue.overflowed': { guard: 'spills', target: 'spilling' },
        'queue.drained': 'closed',
      },
    },
    flowing: {
      tags: 'appends',
      on: {
        'queue.counted': [
          { guard: 'isEmpty', target: 'empty', actions: 'count' },
          { guard: 'isFull', target: 'full', actions: 'count' },
          { actions: 'count' },
        ],
        'queue.overflowed': { guard: 'spills', target: 'spilling' },
        'queue.drained': 'draining',
      },
    },
    full: {
      tags: 'appends',
      on: {
        'queue.counted': [
          { guard: 'isEmpty', target: 'empty', actions: 'count' },
          { guard: 'isFull', actions: 'count' },
          { target: 'flowing', actions: 'count' },
        ],
        'queue.overflowed': { guard: 'spills', target: 'spilling' },
        'queue.drained': 'draining',
      },
    },
    spilling: {
      on: {
        'queue.counted': { actions: 'count' },
        'queue.refilled': [
          { guard: 'isEmpty', target: 'empty', actions: 'count' },
          { guard: 'isFull', target: 'full', actions: 'count' },
          { target: 'flowing', actions: 'count' },
        ],
        'queue.drained': 'draining',
      },
    },
    draining: {
      on: {
        'queue.counted': [{ guard: 'isEmpty', target: 'closed', actions: 'count' }, { actions: 'count' }],
      },
    },
    closed: { type: 'final' },
  },
});
