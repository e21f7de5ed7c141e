import { assign, setup } from 'xstate';

/** Stands for a machine of the catalogue: it counts, holds what the test gives it, and can be made to throw. */
export const counting = (held: unknown) =>
  setup({
    types: {} as {
      context: { readonly count: number; readonly held: unknown };
      events: { type: 'one.more' | 'work.failed' | 'unheard.of' };
    },
    actions: {
      count: assign({ count: ({ context }) => context.count + 1 }),
      fail: () => {
        throw new Error('boom');
      },
    },
  }).createMachine({
    id: 'queue',
    context: { count: 0, held },
    initial: 'open',
    states: { open: { on: { 'one.more': { actions: 'count' }, 'work.failed': { actions: 'fail' } } } },
  });
