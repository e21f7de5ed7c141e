/**
 * Pool: knows whether HTTP places are to be had. Who waits and who holds a place is kept elsewhere
 * (src/actors/http.ts); this hears the numbers whenever they may mean another state.
 *
 * P1  Leases never exceed `limit`.
 * P2  `idle` means that nothing was ever opened.
 * P3  `saturated` exactly while somebody waits or every place is leased.
 * P4  Once it drains nothing is leased any more (tag `leases` is gone); `closed` comes when the last place is back.
 */
import { assign, setup } from 'xstate';

interface PoolContext {
  readonly limit: number;
  readonly leased: number;
  readonly waiting: number;
}

export type PoolEvent = { type: 'pool.counted'; leased: number; waiting: number } | { type: 'pool.drained' };

export const poolMachine = setup({
  types: {} as {
    input: { readonly limit: number };
    context: PoolContext;
    events: PoolEvent;
    tags: 'leases';
  },
  guards: {
    isSaturated: ({ context, event }) =>
      event.type === 'pool.counted' && (event.waiting > 0 || event.leased >= context.limit),
    isBack: ({ context, event }) => (event.type === 'pool.counted' ? event.leased : context.leased) === 0,
  },
  actions: {
    count: assign(({ context, event }) =>
      event.type === 'pool.counted'
        ? { leased: Math.min(event.leased, context.limit), waiting: event.waiting }
        : {},
    ),
  },
}).createMachine({
  id: 'pool',
  context: ({ input }) => ({ limit: input?.limit ?? 50, leased: 0, waiting: 0 }),
  initial: 'idle',
  states: {
    idle: {
      tags: 'leases',
      on: {
        'pool.counted': [
          { guard: 'isSaturated', target: 'open.saturated', actions: 'count' },
          { target: 'open', actions: 'count' },
        ],
        'pool.drained': 'closed',
      },
    },
    open: {
      tags: 'leases',
      initial: 'available',
      states: {
        available: {
          on: {
            'pool.counted': [
              { guard: 'isSaturated', target: 'saturated', actions: 'count' },
              { actions: 'count' },
            ],
          },
        },
        saturated: {
          on: {
            'pool.counted': [
              { guard: 'isSaturated', actions: 'count' },
              { target: 'available', actions: 'count' },
            ],
          },
        },
      },
      on: { 'pool.drained': [{ guard: 'isBack', target: 'closed' }, { target: 'draining' }] },
    },
    draining: {
      on: {
        'pool.counted': [{ guard: 'isBack', target: 'closed', actions: 'count' }, { actions: 'count' }],
      },
    },
    closed: { type: 'final' },
  },
});
