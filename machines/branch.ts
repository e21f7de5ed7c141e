/**
 * Branch: keeps a set of members alive, together. It decides when they are started anew and when that is
 * given up for a while; it never does their work.
 *
 * R1  Members run only in `running`; whichever other state is entered, they are stopped first.
 * R2  A member's error stops all members, clears their effects, and starts them anew: never one without its kin.
 * R3  Nothing is started before the effects of the earlier incarnation have ended, or `clear` gave up on them.
 * R4  More than `restartsMax` restarts within `withinMs` make the branch `failed`; it is tried again after `retryMs`.
 * R5  A member's error never leaves the branch.
 * R6  `branch.stop` ends it from every state, and nothing restarts it.
 * R7  A member may join or leave at any time; one that joins while nothing runs is started with the next restart.
 */
import { type AnyActorLogic, assign, emit, enqueueActions, fromPromise, setup } from 'xstate';
import { backoffDelay } from './backoff.js';

export interface BranchInput {
  /** Names of the members: each is the id of the child and the name of its logic. Started in this order. */
  readonly members: readonly string[];
  readonly restartsMax?: number;
  readonly withinMs?: number;
  readonly initialMs?: number;
  readonly maxMs?: number;
  readonly retryMs?: number;
  readonly seed: number;
}

interface BranchContext {
  readonly members: readonly string[];
  readonly restartsMax: number;
  readonly withinMs: number;
  readonly initialMs: number;
  readonly maxMs: number;
  readonly retryMs: number;
  readonly seed: number;
  /** When it was restarted lately, monotonic milliseconds, oldest first. */
  readonly restarts: readonly number[];
  readonly backoffMs: number;
  /** What the last crash was, for people. */
  readonly lastError: { readonly member: string; readonly text: string } | null;
}

export type BranchEvent =
  | { type: 'branch.stop' }
  | { type: 'member.added'; member: string }
  | { type: 'member.removed'; member: string }
  | { type: `xstate.error.actor.${string}`; error: unknown; actorId: string };

export type BranchEmitted =
  | { type: 'branch.crashed'; member: string; text: string }
  | { type: 'branch.restarting'; inMs: number; restarts: number }
  | { type: 'branch.failed'; retryInMs: number; member: string; text: string };

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const branchMachine = setup({
  types: {} as {
    input: BranchInput;
    context: BranchContext;
    events: BranchEvent;
    emitted: BranchEmitted;
  },
  actors: {
    /** Ends the effects of the incarnation that just stopped (5 s at most); gives the time at which it had. */
    clear: fromPromise<{ at: number }>(async () => ({ at: 0 })),
  } as Record<string, AnyActorLogic>,
  guards: {
    isMember: ({ context, event }) => 'actorId' in event && context.members.includes(event.actorId),
    isNew: ({ context, event }) => event.type === 'member.added' && !context.members.includes(event.member),
    isPastIntensity: ({ context }) => context.restarts.length > context.restartsMax,
  },
  delays: {
    backoff: ({ context }) => context.backoffMs,
    retry: ({ context }) => context.retryMs,
  },
  actions: {
    startMembers: enqueueActions(({ context, enqueue }) => {
      for (const member of context.members) enqueue.spawnChild(member, { id: member });
    }),
    stopMembers: enqueueActions(({ context, enqueue }) => {
      for (const member of [...context.members].reverse()) enqueue.stopChild(member);
    }),
    noteCrash: assign(({ event }) =>
      'actorId' in event ? { lastError: { member: event.actorId, text: textOf(event.error) } } : {},
    ),
    noteMember: assign(({ context, event }) =>
      event.type === 'member.added' ? { members: [...context.members, event.member] } : {},
    ),
    forgetMember: assign(({ context, event }) =>
      event.type === 'member.removed'
        ? { members: context.members.filter((member) => member !== event.member) }
        : {},
    ),
    startMember: enqueueActions(({ event, enqueue }) => {
      if (event.type === 'member.added') enqueue.spawnChild(event.member, { id: event.member });
    }),
    stopMember: enqueueActions(({ event, enqueue }) => {
      if (event.type === 'member.removed') enqueue.stopChild(event.member);
    }),
    noteRestart: assign(({ context }, { at }: { at: number }) => {
      const restarts = [...context.restarts.filter((then) => at - then < context.withinMs), at];
      const { ms, seed } = backoffDelay({
        attempt: restarts.length,
        initialMs: context.initialMs,
        maxMs: context.maxMs,
        seed: context.seed,
      });
      return { restarts, backoffMs: ms, seed };
    }),
    forgetRestarts: assign({ restarts: [] }),
    announceCrash: emit(({ context }) => ({
      type: 'branch.crashed' as const,
      member: context.lastError?.member ?? '',
      text: context.lastError?.text ?? '',
    })),
    announceRestart: emit(({ context }) => ({
      type: 'branch.restarting' as const,
      inMs: context.backoffMs,
      restarts: context.restarts.length,
    })),
    announceFailure: emit(({ context }) => ({
      type: 'branch.failed' as const,
      retryInMs: context.retryMs,
      member: context.lastError?.member ?? '',
      text: context.lastError?.text ?? '',
    })),
  },
}).createMachine({
  id: 'branch',
  context: ({ input }) => ({
    members: input?.members ?? [],
    restartsMax: input?.restartsMax ?? 5,
    withinMs: input?.withinMs ?? 60_000,
    initialMs: input?.initialMs ?? 100,
    maxMs: input?.maxMs ?? 5_000,
    retryMs: input?.retryMs ?? 600_000,
    seed: input?.seed ?? 0,
    restarts: [],
    backoffMs: 0,
    lastError: null,
  }),
  initial: 'running',
  on: {
    'branch.stop': '.stopping',
    'member.added': { guard: 'isNew', actions: 'noteMember' },
    'member.removed': { actions: 'forgetMember' },
    // A member may still fail on its way out, even when it has left: that is over, or already being seen to.
    'xstate.error.actor.*': {},
  },
  states: {
    running: {
      entry: 'startMembers',
      on: {
        'xstate.error.actor.*': { guard: 'isMember', actions: 'noteCrash', target: 'clearing' },
        'member.added': { guard: 'isNew', actions: ['noteMember', 'startMember'] },
        'member.removed': { actions: ['stopMember', 'forgetMember'] },
      },
    },
    clearing: {
      entry: ['stopMembers', 'announceCrash'],
      invoke: {
        id: 'clear',
        src: 'clear',
        onDone: {
          target: 'clearing.cleared',
          actions: { type: 'noteRestart', params: ({ event }) => ({ at: event.output.at }) },
        },
        onError: 'failed',
      },
      initial: 'ending',
      states: {
        ending: {},
        cleared: {
          always: [{ guard: 'isPastIntensity', target: '#branch.failed' }, { target: '#branch.backingOff' }],
        },
      },
    },
    backingOff: {
      entry: 'announceRestart',
      after: { backoff: 'running' },
    },
    failed: {
      entry: ['announceFailure', 'forgetRestarts'],
      after: { retry: 'running' },
    },
    stopping: {
      entry: 'stopMembers',
      on: {
        'branch.stop': {},
        'member.added': {},
        'member.removed': {},
      },
      invoke: { id: 'clear', src: 'clear', onDone: 'stopped', onError: 'stopped' },
    },
    stopped: { type: 'final' },
  },
});
