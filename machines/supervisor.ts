/**
 * Supervisor: the root. It decides in which order the parts start and stop, how long each step may take, and
 * with which exit code it all ends; it does none of it itself.
 *
 * S1  Parts start in the order store, pool and sinks, control, sources and tasks; each only after the one before.
 * S2  The phases of the stop follow each other in one order, each exactly once, from wherever the stop began.
 * S3  A phase ends when its work ends, fails, or reaches its limit; the next follows in each case.
 * S4  The first three phases together end `reserveMs` before the total runs out: what is left is the store's.
 * S5  The exit code is 0 only if nothing failed and no phase passed its limit (draining may use all of its own:
 *     what it leaves behind is safe in the outbox), 128 + n when forced, 1 otherwise.
 * S6  A second request to stop forces the end; nothing forces it before the first.
 * S7  A part that fails past its own means stops the whole in order; it is never left half alive.
 * S8  Health turns only while running, and only on a change.
 */
import { type AnyActorLogic, assign, emit, fromCallback, fromPromise, setup, spawnChild } from 'xstate';

export type Phase =
  | 'closingSources'
  | 'drainingQueues'
  | 'closingSinks'
  | 'cancellingTasks'
  | 'closingStore'
  | 'closingRest';

export interface SupervisorInput {
  /** Milliseconds each phase may take, and all of them together. */
  readonly limits: Readonly<Record<Phase | 'total' | 'start', number>>;
}

export interface PhaseEnd {
  readonly phase: Phase;
  readonly end: 'done' | 'failed' | 'overran';
  readonly tookMs: number;
  readonly text?: string;
}

interface SupervisorContext {
  readonly limits: SupervisorInput['limits'];
  /** Monotonic milliseconds of the last thing that is known to have happened. */
  readonly at: number;
  /** When the stop began, and the phase in hand. */
  readonly stoppingSince: number;
  readonly phaseSince: number;
  readonly dueAt: number;
  readonly phases: readonly PhaseEnd[];
  /** What made it stop when nobody asked for it. */
  readonly failure: string | null;
  readonly forcedCode: number | null;
}

/** What a phase or a step of the start gives back: when it ended, and what failed if something did. */
export interface Ended {
  readonly at: number;
  readonly failed?: string;
}

export type SupervisorEvent =
  /** `forcedCode`: the exit code if this request has to force the end (128 + the signal's number). */
  | { type: 'stop.requested'; at: number; reason: string; forcedCode: number }
  | { type: 'health.judged'; at: number; degraded: boolean }
  | { type: 'part.failed'; at: number; part: string; text: string }
  | { type: `xstate.error.actor.${string}`; error: unknown; actorId: string };

export type SupervisorEmitted =
  | { type: 'supervisor.stopping'; reason: string }
  | { type: 'phase.began'; phase: Phase; limitMs: number }
  | ({ type: 'phase.ended' } & PhaseEnd);

export interface SupervisorOutput {
  readonly exitCode: number;
  readonly phases: readonly PhaseEnd[];
  readonly failure: string | null;
}

/** Kept of the total for the last phases, so that a slow sink never costs what is to be written. */
const RESERVE_MS = 5_000;
const RESERVED: readonly Phase[] = ['cancellingTasks', 'closingStore', 'closingRest'];
const PARTS = ['store', 'pool', 'sinks', 'control', 'sources', 'tasks'];

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function failureOf(event: SupervisorEvent): string {
  if (event.type === 'part.failed') return `${event.part}: ${event.text}`;
  return 'actorId' in event ? `${event.actorId}: ${textOf(event.error)}` : 'unknown';
}

const NO_LIMITS: SupervisorInput['limits'] = {
  closingSources: 0,
  drainingQueues: 0,
  closingSinks: 0,
  cancellingTasks: 0,
  closingStore: 0,
  closingRest: 0,
  total: 0,
  start: 0,
};

/** A hole for a part of the tree: filled in by the composition. */
const part: AnyActorLogic = fromCallback(() => {});
/** A hole for a step: filled in by the composition. */
const step = () => fromPromise<Ended>(async () => ({ at: 0 }));

const machine = setup({
  types: {} as {
    input: SupervisorInput;
    context: SupervisorContext;
    events: SupervisorEvent;
    emitted: SupervisorEmitted;
    output: SupervisorOutput;
    tags: 'ready';
  },
  actors: {
    store: part,
    pool: part,
    sinks: part,
    control: part,
    sources: part,
    tasks: part,
    openStore: step(),
    startSinks: step(),
    bindControl: step(),
    startSources: step(),
    closingSources: step(),
    drainingQueues: step(),
    closingSinks: step(),
    cancellingTasks: step(),
    closingStore: step(),
    closingRest: step(),
    abort: step(),
  },
  guards: {
    isPart: ({ event }) => 'actorId' in event && PARTS.includes(event.actorId),
    hasFailed: (_, { ended }: { ended: Ended }) => ended.failed !== undefined,
    isDegraded: ({ event }) => event.type === 'health.judged' && event.degraded,
    isHealthy: ({ event }) => event.type === 'health.judged' && !event.degraded,
  },
  delays: {
    startLimit: ({ context }) => context.limits.start,
    phaseLimit: ({ context }) => Math.max(0, context.dueAt - context.phaseSince),
    abortLimit: () => 1_000,
  },
  actions: {
    noteStop: assign(({ event }) =>
      event.type === 'stop.requested' ? { at: event.at, stoppingSince: event.at } : {},
    ),
    noteForced: assign(({ event }) =>
      event.type === 'stop.requested' ? { forcedCode: event.forcedCode } : {},
    ),
    noteFailure: assign(({ context, event }, failure: { at?: number; text: string } | undefined) => {
      const at = failure?.at ?? ('at' in event ? event.at : context.at);
      return { failure: failure?.text ?? failureOf(event), at, stoppingSince: at };
    }),
    noteLateFailure: assign(({ context, event }) => ({ failure: context.failure ?? failureOf(event) })),
    noteAt: assign((_, { at }: Ended) => ({ at })),
    announceStop: emit(({ context, event }) => ({
      type: 'supervisor.stopping' as const,
      reason: event.type === 'stop.requested' ? event.reason : (context.failure ?? ''),
    })),
    beginPhase: assign(({ context }, { phase }: { phase: Phase }) => {
      const end = context.stoppingSince + context.limits.total - (RESERVED.includes(phase) ? 0 : RESERVE_MS);
      return {
        phaseSince: context.at,
        dueAt: Math.max(context.at, Math.min(context.at + context.limits[phase], end)),
      };
    }),
    announcePhase: emit(({ context }, { phase }: { phase: Phase }) => ({
      type: 'phase.began' as const,
      phase,
      limitMs: context.dueAt - context.phaseSince,
    })),
    endPhase: assign(
      ({ context }, { phase, end, ended }: { phase: Phase; end: PhaseEnd['end']; ended?: Ended }) => {
        const at = Math.max(context.phaseSince, ended?.at ?? context.dueAt);
        const failed = ended?.failed;
        const account = { phase, tookMs: at - context.phaseSince };
        const outcome =
          failed === undefined ? { ...account, end } : { ...account, end: 'failed' as const, text: failed };
        return { at, phases: [...context.phases, outcome] };
      },
    ),
    announcePhaseEnd: emit(({ context }) => ({
      type: 'phase.ended' as const,
      ...(context.phases.at(-1) ?? { phase: 'closingRest' as const, end: 'failed' as const, tookMs: 0 }),
    })),
  },
});

/** One phase of the stop: its work under its limit, then the next phase whatever came of it (S3). */
function phase<const Name extends Phase, const Next extends string>(
  name: Name,
  next: Next,
  atLimit: PhaseEnd['end'] = 'overran',
) {
  return {
    entry: [
      { type: 'beginPhase', params: { phase: name } },
      { type: 'announcePhase', params: { phase: name } },
    ],
    invoke: {
      id: name,
      src: name,
      onDone: {
        target: next,
        actions: [
          {
            type: 'endPhase',
            params: ({ event }: { event: { output: Ended } }) => ({
              phase: name,
              end: 'done' as const,
              ended: event.output,
            }),
          },
          'announcePhaseEnd',
        ],
      },
      onError: {
        target: next,
        actions: [
          {
            type: 'endPhase',
            params: ({ context, event }: { context: SupervisorContext; event: { error: unknown } }) => ({
              phase: name,
              end: 'failed' as const,
              ended: { at: context.phaseSince, failed: textOf(event.error) },
            }),
          },
          'announcePhaseEnd',
        ],
      },
    },
    after: {
      phaseLimit: {
        target: next,
        actions: [{ type: 'endPhase', params: { phase: name, end: atLimit } }, 'announcePhaseEnd'],
      },
    },
  } as const;
}

/** One step of the start: its work under the start's limit; a failure stops everything in order. */
function begin<const Name extends string, const Next extends string>(name: Name, next: Next) {
  return {
    invoke: {
      id: name,
      src: name,
      onDone: [
        {
          guard: {
            type: 'hasFailed',
            params: ({ event }: { event: { output: Ended } }) => ({ ended: event.output }),
          },
          target: '#supervisor.stopping',
          actions: [
            {
              type: 'noteFailure',
              params: ({ event }: { event: { output: Ended } }) => ({
                at: event.output.at,
                text: event.output.failed ?? '',
              }),
            },
            'announceStop',
          ],
        },
        {
          target: next,
          actions: { type: 'noteAt', params: ({ event }: { event: { output: Ended } }) => event.output },
        },
      ],
      onError: {
        target: '#supervisor.stopping',
        actions: [
          {
            type: 'noteFailure',
            params: ({ event }: { event: { error: unknown } }) => ({ text: textOf(event.error) }),
          },
          'announceStop',
        ],
      },
    },
    after: {
      startLimit: {
        target: '#supervisor.stopping',
        actions: [{ type: 'noteFailure', params: { text: `${name} took too long` } }, 'announceStop'],
      },
    },
  } as const;
}

export const supervisorMachine = machine.createMachine({
  id: 'supervisor',
  context: ({ input }) => ({
    limits: input?.limits ?? NO_LIMITS,
    at: 0,
    stoppingSince: 0,
    phaseSince: 0,
    dueAt: 0,
    phases: [],
    failure: null,
    forcedCode: null,
  }),
  output: ({ context }) => ({
    exitCode:
      context.forcedCode ??
      (context.failure === null && context.phases.every(({ end }) => end === 'done') ? 0 : 1),
    phases: context.phases,
    failure: context.failure,
  }),
  initial: 'starting',
  states: {
    starting: {
      initial: 'openingStore',
      states: {
        openingStore: { entry: spawnChild('store', { id: 'store' }), ...begin('openStore', 'startingSinks') },
        startingSinks: {
          entry: [spawnChild('pool', { id: 'pool' }), spawnChild('sinks', { id: 'sinks' })],
          ...begin('startSinks', 'bindingControl'),
        },
        bindingControl: {
          entry: spawnChild('control', { id: 'control' }),
          ...begin('bindControl', 'startingSources'),
        },
        startingSources: {
          tags: 'ready',
          entry: [spawnChild('tasks', { id: 'tasks' }), spawnChild('sources', { id: 'sources' })],
          ...begin('startSources', '#supervisor.running'),
        },
      },
      on: {
        'stop.requested': { target: 'stopping', actions: ['noteStop', 'announceStop'] },
        'part.failed': { target: 'stopping', actions: ['noteFailure', 'announceStop'] },
        'xstate.error.actor.*': {
          guard: 'isPart',
          target: 'stopping',
          actions: ['noteFailure', 'announceStop'],
        },
      },
    },
    running: {
      tags: 'ready',
      initial: 'healthy',
      states: {
        healthy: { on: { 'health.judged': { guard: 'isDegraded', target: 'degraded' } } },
        degraded: { on: { 'health.judged': { guard: 'isHealthy', target: 'healthy' } } },
      },
      on: {
        'stop.requested': { target: 'stopping', actions: ['noteStop', 'announceStop'] },
        'part.failed': { target: 'stopping', actions: ['noteFailure', 'announceStop'] },
        'xstate.error.actor.*': {
          guard: 'isPart',
          target: 'stopping',
          actions: ['noteFailure', 'announceStop'],
        },
      },
    },
    stopping: {
      initial: 'closingSources',
      states: {
        closingSources: phase('closingSources', 'drainingQueues'),
        // All of its time is there to be used; what is left then is safe in the outbox.
        drainingQueues: phase('drainingQueues', 'closingSinks', 'done'),
        closingSinks: phase('closingSinks', 'cancellingTasks'),
        cancellingTasks: phase('cancellingTasks', 'closingStore'),
        closingStore: phase('closingStore', 'closingRest'),
        closingRest: phase('closingRest', '#supervisor.stopped'),
      },
      on: {
        'stop.requested': { target: 'aborting', actions: 'noteForced' },
        // On its way out a part may still fail: the stop goes on, and says so.
        'part.failed': { actions: 'noteLateFailure' },
        'xstate.error.actor.*': { guard: 'isPart', actions: 'noteLateFailure' },
      },
    },
    aborting: {
      invoke: { id: 'abort', src: 'abort', onDone: 'stopped', onError: 'stopped' },
      after: { abortLimit: 'stopped' },
      on: { 'xstate.error.actor.*': { guard: 'isPart', actions: 'noteLateFailure' } },
    },
    stopped: { type: 'final' },
  },
});
