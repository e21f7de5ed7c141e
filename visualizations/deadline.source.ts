/**
 * Deadline: one named operation against a limit. It decides how the operation ended; it neither does nor
 * aborts the work.
 *
 * D1  An operation ends exactly once; what comes after changes nothing.
 * D2  It never runs longer than `limitMs` after its start.
 * D3  Whatever ended it, `tookMs` is the time from its start to its end, and `limitMs` when it timed out.
 */
import { assign, setup } from 'xstate';

export interface DeadlineInput {
  readonly name: string;
  readonly limitMs: number;
  /** Monotonic milliseconds of the start. */
  readonly at: number;
}

interface DeadlineContext extends DeadlineInput {
  readonly tookMs: number;
}

export type DeadlineEvent =
  | { type: 'work.completed'; at: number }
  | { type: 'work.failed'; at: number }
  | { type: 'work.cancelled'; at: number };

export const deadlineMachine = setup({
  types: {} as {
    input: DeadlineInput;
    context: DeadlineContext;
    events: DeadlineEvent;
    output: { tookMs: number };
  },
  actions: {
    noteEnd: assign(({ context, event }) => ({
      tookMs: 'at' in event ? Math.max(0, event.at - context.at) : context.limitMs,
    })),
  },
  delays: { limit: ({ context }) => context.limitMs },
}).createMachine({
  id: 'deadline',
  context: ({ input }) => ({
    name: input?.name ?? '',
    limitMs: input?.limitMs ?? 0,
    at: input?.at ?? 0,
    tookMs: 0,
  }),
  output: ({ context }) => ({ tookMs: context.tookMs }),
  initial: 'running',
  states: {
    running: {
      on: {
        'work.completed': { target: 'completed', actions: 'noteEnd' },
        'work.failed': { target: 'failed', actions: 'noteEnd' },
        'work.cancelled': { target: 'cancelled', actions: 'noteEnd' },
      },
      after: { limit: { target: 'timedOut', actions: 'noteEnd' } },
    },
    completed: { type: 'final' },
    failed: { type: 'final' },
    timedOut: { type: 'final' },
    cancelled: { type: 'final' },
  },
});
