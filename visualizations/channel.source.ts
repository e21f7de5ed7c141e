/**
 * Channel: decides what a watched channel does next, from its ids to its chat. It never looks up, sends or
 * reads; of the chat it hears only the edges (silent, heard again).
 *
 * N1  Nothing is subscribed before ids are known and a link is up.
 * N2  A lookup or a subscription that fails is tried again with growing, jittered waits; nobody else waits for it.
 * N3  Ids given by hand end every wait for them, and replace those in use.
 * N4  What was missed is asked for at most `fillMs` long; the chat is held while it is. Broken off, it stays held for the
 *     next attempt; `hold.over` lets it go when none comes.
 * N5  Silence is answered by subscribing anew, then by moving; each time the wait for the next answer doubles, up to `silentMaxMs`.
 * N6  Any message ends the doubt.
 * N7  Without its link a channel waits; it never tries on its own.
 * N8  `channel.leave` ends it from every state; one that was subscribed is unsubscribed first, for `leaveMs` at most.
 * N9  Told that it is subscribed no more, for a while or for good, it is live no more.
 */
import { assign, emit, fromPromise, setup } from 'xstate';

/** How a lookup ended. `floorMs`: not again before that. */
export type LookupEnd =
  | { readonly kind: 'found'; readonly at: number }
  | { readonly kind: 'failed'; readonly at: number; readonly floorMs: number };

export interface ChannelInput {
  /** Whether its ids are known already. */
  readonly known: boolean;
  /** How often in a row it fell silent (kept when it moved). */
  readonly doubts: number;
  readonly subscribeMs: number;
  readonly fillMs: number;
  readonly leaveMs: number;
  /** First and longest wait after a failed lookup. */
  readonly lookupInitialMs: number;
  readonly lookupMaxMs: number;
  /** First and longest wait after a subscription that was not confirmed. */
  readonly initialMs: number;
  readonly maxMs: number;
  /** After this long a refused subscription is asked for again. */
  readonly refusedMs: number;
  readonly silentMs: number;
  readonly silentMaxMs: number;
  readonly seed: number;
}

export interface ChannelContext extends ChannelInput {
  /** When the last event was, and when the running timer is due; monotonic milliseconds. */
  readonly at: number;
  readonly dueAt: number;
  /** Failed lookups, then failed subscriptions, in a row. */
  readonly attempt: number;
  /** Since when the chat is held for what was missed before it; null while it is not. */
  readonly heldSince: number | null;
}

export type ChannelEvent =
  | { type: 'ids.found'; at: number }
  | { type: 'link.up'; at: number }
  | { type: 'link.down'; at: number }
  /** `gap`: something may have been missed, and can be asked for. */
  | { type: 'subscription.confirmed'; at: number; gap: boolean }
  | { type: 'subscription.refused'; at: number }
  | { type: 'subscription.lost'; at: number }
  | { type: 'subscription.ended'; at: number }
  /** An active channel has said nothing for `silenceMs`. */
  | { type: 'channel.silent'; at: number }
  /** The chat was held for `fillMs`. */
  | { type: 'hold.over'; at: number }
  /** A doubted channel speaks again. */
  | { type: 'channel.heard'; at: number }
  | { type: 'channel.leave'; at: number };

export type ChannelEmitted = { type: 'channel.moving'; doubts: number };

const timeOf = (context: ChannelContext, event: object): number => {
  if ('at' in event && typeof event.at === 'number') return event.at;
  return 'output' in event && typeof event.output === 'object' && event.output !== null
    ? timeOf(context, event.output)
    : context.dueAt;
};

function backOff(
  context: ChannelContext,
  at: number,
  wait: { initialMs: number; maxMs: number; floorMs: number },
): Pick<ChannelContext, 'at' | 'dueAt' | 'attempt' | 'seed'> {
  const attempt = context.attempt + 1;
  const { initialMs, maxMs } = wait;
  const { ms, seed } = backoffDelay({ attempt, initialMs, maxMs, seed: context.seed });
  return { at, dueAt: at + Math.max(ms, wait.floorMs), attempt, seed };
}

/** How long an active channel may say nothing before it is doubted (again). */
export function silenceMs({ silentMs, silentMaxMs, doubts }: ChannelContext): number {
  return Math.min(silentMaxMs, silentMs * 2 ** Math.min(doubts, 30));
}

export const channelMachine = setup({
  types: {} as {
    input: ChannelInput;
    context: ChannelContext;
    events: ChannelEvent;
    emitted: ChannelEmitted;
    /** `subscribed`: its chat arrives. `doubted`: a message would be news. */
    tags: 'subscribed' | 'doubted';
  },
  actors: {
    /** Finds the ids. Never rejects; bounded by its own deadline. */
    lookup: fromPromise<LookupEnd, { name: string }>(async () => ({ kind: 'failed', at: 0, floorMs: 0 })),
    /** Asks for what was missed and hands it on. */
    fill: fromPromise<{ at: number }, { name: string }>(async () => ({ at: 0 })),
  },
  actions: {
    /** Makes sure that there will be a link, and answers `link.up` if there is one. */
    askForLink: () => {},
    subscribe: () => {},
    unsubscribe: () => {},
    hold: () => {},
    release: () => {},
    noteKnown: assign({ known: true, attempt: 0 }),
    forgetAttempts: assign({ attempt: 0 }),
    forgetDoubts: assign({ doubts: 0 }),
    doubt: assign(({ context }) => ({ doubts: context.doubts + 1 })),
    awaitAnswer: assign(({ context, event }) => {
      const at = timeOf(context, event);
      return { at, dueAt: at + context.subscribeMs };
    }),
    awaitFill: assign(({ context, event }) => {
      const at = timeOf(context, event);
      return { at, dueAt: at + context.fillMs, heldSince: context.heldSince ?? at };
    }),
    noteReleased: assign({ heldSince: null }),
    awaitChange: assign(({ context, event }) => {
      const at = timeOf(context, event);
      return { at, dueAt: at + context.refusedMs };
    }),
    awaitLeave: assign(({ context, event }) => {
      const at = timeOf(context, event);
      return { at, dueAt: at + context.leaveMs };
    }),
    backOffLookup: assign(({ context, event }, end: LookupEnd) =>
      backOff(context, timeOf(context, event), {
        initialMs: context.lookupInitialMs,
        maxMs: context.lookupMaxMs,
        floorMs: end.kind === 'failed' ? end.floorMs : 0,
      }),
    ),
    backOffSubscribing: assign(({ context, event }) =>
      backOff(context, timeOf(context, event), {
        initialMs: context.initialMs,
        maxMs: context.maxMs,
        floorMs: 0,
      }),
    ),
    announceMove: emit(({ context }) => ({ type: 'channel.moving' as const, doubts: context.doubts })),
  },
  guards: {
    isKnown: ({ context }) => context.known,
    isDoubted: ({ context }) => context.doubts > 0,
    hasGap: ({ event }) => event.type === 'subscription.confirmed' && event.gap,
    isFound: (_, end: LookupEnd) => end.kind === 'found',
  },
  delays: {
    due: ({ context }) => Math.max(0, context.dueAt - context.at),
  },
}).createMachine({
  id: 'channel',
  context: ({ input }) => ({ ...input, at: 0, dueAt: 0, attempt: 0, heldSince: null }),
  initial: 'begun',
  on: {
    'channel.leave': '.left',
    'ids.found': { target: '.waiting', actions: ['noteKnown', 'unsubscribe'] },
    'link.down': '.waiting',
    'channel.heard': { actions: 'forgetDoubts' },
    'hold.over': { actions: ['release', 'noteReleased'] },
  },
  states: {
    begun: { always: [{ guard: 'isKnown', target: 'waiting' }, { target: 'resolving' }] },
    resolving: {
      on: { 'link.down': {} },
      initial: 'looking',
      states: {
        looking: {
          invoke: {
            id: 'lookup',
            src: 'lookup',
            input: ({ self }) => ({ name: self.id }),
            onDone: [
              {
                guard: { type: 'isFound', params: ({ event }) => event.output },
                target: '#channel.waiting',
                actions: 'noteKnown',
              },
              {
                target: 'resting',
                actions: { type: 'backOffLookup', params: ({ event }) => event.output },
              },
            ],
          },
        },
        resting: { after: { due: 'looking' } },
      },
    },
    waiting: {
      entry: 'askForLink',
      on: { 'link.up': { target: 'subscribing', actions: 'forgetAttempts' }, 'link.down': {} },
    },
    subscribing: {
      on: {
        'channel.leave': 'leaving',
        'subscription.confirmed': [
          { guard: 'hasGap', target: 'filling' },
          { guard: 'isDoubted', target: 'silent' },
          { target: 'live' },
        ],
        'subscription.refused': 'refused',
      },
      initial: 'asked',
      states: {
        asked: {
          entry: ['awaitAnswer', 'subscribe'],
          on: { 'subscription.lost': { target: 'resting', actions: 'backOffSubscribing' } },
          after: { due: { target: 'resting', actions: 'backOffSubscribing' } },
        },
        resting: { after: { due: 'asked' } },
      },
    },
    filling: {
      tags: 'subscribed',
      entry: ['awaitFill', 'hold'],
      invoke: {
        id: 'fill',
        src: 'fill',
        input: ({ self }) => ({ name: self.id }),
        onDone: [{ guard: 'isDoubted', target: 'silent' }, { target: 'live' }],
        onError: [{ guard: 'isDoubted', target: 'silent' }, { target: 'live' }],
      },
      on: {
        'channel.leave': 'leaving',
        'subscription.refused': 'refused',
        'subscription.lost': { target: 'subscribing.resting', actions: 'backOffSubscribing' },
        'hold.over': {},
      },
      after: { due: [{ guard: 'isDoubted', target: 'silent' }, { target: 'live' }] },
    },
    live: {
      tags: 'subscribed',
      entry: ['forgetAttempts', 'release', 'noteReleased'],
      on: {
        'channel.leave': 'leaving',
        'channel.silent': { target: 'subscribing', actions: ['doubt', 'unsubscribe'] },
        'subscription.refused': 'refused',
        'subscription.lost': { target: 'subscribing.resting', actions: 'backOffSubscribing' },
      },
    },
    // Subscribed anew, and still nothing heard: it may be quiet, or the flow may have stopped.
    silent: {
      tags: ['subscribed', 'doubted'],
      entry: ['forgetAttempts', 'release', 'noteReleased'],
      on: {
        'channel.leave': 'leaving',
        'channel.heard': { target: 'live', actions: 'forgetDoubts' },
        'channel.silent': { target: 'moving', actions: 'doubt' },
        'subscription.refused': 'refused',
        'subscription.lost': { target: 'subscribing.resting', actions: 'backOffSubscribing' },
      },
    },
    // Whoever has another link takes it away from here; when nobody does, it subscribes anew.
    moving: {
      tags: ['subscribed', 'doubted'],
      entry: ['awaitAnswer', 'announceMove'],
      on: {
        'channel.leave': 'leaving',
        'channel.heard': { target: 'live', actions: 'forgetDoubts' },
        'subscription.refused': 'refused',
        'subscription.lost': { target: 'subscribing.resting', actions: 'backOffSubscribing' },
      },
      after: { due: { target: 'subscribing', actions: 'unsubscribe' } },
    },
    refused: {
      entry: 'awaitChange',
      on: { 'link.down': {} },
      after: { due: 'waiting' },
    },
    leaving: {
      entry: ['awaitLeave', 'release', 'noteReleased', 'unsubscribe'],
      on: {
        'channel.leave': {},
        'ids.found': {},
        'channel.heard': {},
        'link.down': 'left',
        'subscription.ended': 'left',
      },
      after: { due: 'left' },
    },
    left: { type: 'final', entry: ['release', 'noteReleased'] },
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
