/**
 * Tasks: knows which named work goes on beside the pipeline, and ends all of it together.
 *
 * T1  A name is active from its start to its end, once however often it was started.
 * T2  Once cancelling began, nothing new starts.
 * T3  `closed` is reached when nothing is active any more, and is left by nothing.
 */
import { assign, setup } from 'xstate';

interface TasksContext {
  readonly active: readonly string[];
}

export type TasksEvent =
  | { type: 'task.started'; name: string }
  | { type: 'task.ended'; name: string }
  | { type: 'tasks.cancelled' };

export const tasksMachine = setup({
  types: {} as { context: TasksContext; events: TasksEvent; tags: 'admits' },
  guards: {
    isNew: ({ context, event }) => event.type === 'task.started' && !context.active.includes(event.name),
    isIdle: ({ context }) => context.active.length === 0,
  },
  actions: {
    noteStart: assign(({ context, event }) =>
      event.type === 'task.started' ? { active: [...context.active, event.name] } : {},
    ),
    noteEnd: assign(({ context, event }) =>
      event.type === 'task.ended' ? { active: context.active.filter((name) => name !== event.name) } : {},
    ),
  },
}).createMachine({
  id: 'tasks',
  context: { active: [] },
  initial: 'open',
  states: {
    open: {
      tags: 'admits',
      on: {
        'task.started': { guard: 'isNew', actions: 'noteStart' },
        'task.ended': { actions: 'noteEnd' },
        'tasks.cancelled': 'cancelling',
      },
    },
    cancelling: {
      always: { guard: 'isIdle', target: 'closed' },
      on: { 'task.ended': { actions: 'noteEnd' } },
    },
    closed: { type: 'final' },
  },
});
