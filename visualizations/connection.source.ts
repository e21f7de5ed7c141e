/**
 * Connection: decides when a link to the chat is opened, asked for a sign of life, given up and tried again.
 * It never negotiates, dials, sends or parses: the invoked `link` does, and tells it the edges.
 *
 * C1  One link at a time: only `attached` invokes it, and every way out of `attached` ends it.
 * C2  Nothing is dialled before a channel wants it, nor after `link.close`.
 * C3  Each wait has an end: negotiating, opening, a pong and closing are left when their time is up.
 * C4  Waits before a new attempt are full jitter and grow; they start afresh only after a link that was up for `stableMs`.
 * C5  "At once" is at most a second, and only after such a link; otherwise it is an ordinary end.
 * C6  A transport whose server said never to come back unchanged is not tried again for `anewMs`.
 * C7  When that leaves no transport, or `attemptsMax` attempts failed in a row, it is `failed` until something may have changed.
 * C8  An attempt that never came up, and a link that fell silent, put the other transport first; a link that merely broke keeps its own.
 * C9  While the circuit refuses, nothing is tried; `circuit.admits` ends that.
 * C10 A link whose server has to ping is dead when it is quiet; any other is asked, and dead when it does not answer in time.
 */
import { assign, emit, fromCallback, not, type SnapshotFrom, setup } from 'xstate';

export type Transport = 'centrifugo' | 'pusher';

/** How a link ended, as its protocol words it. */
export type Verdict =
  /** Do not come back unchanged. */
  | 'never'
  /** Come back at once. */
  | 'atOnce'
  /** Come back with backoff. */
  | 'later';

export interface ConnectionInput {
  /** The transports allowed, the preferred one first. */
  readonly transports: readonly Transport[];
  /** Finding an address and a token. */
  readonly negotiateMs: number;
  /** From the dial to the end of the handshake. */
  readonly connectMs: number;
  readonly pongMs: number;
  readonly closeMs: number;
  readonly initialMs: number;
  readonly maxMs: number;
  readonly stableMs: number;
  /** After this long, what was refused for good may have changed (keys rotate). */
  readonly anewMs: number;
  /** Failed attempts in a row after which it is `failed`; null for no bound. */
  readonly attemptsMax: number | null;
  readonly seed: number;
}

export interface ConnectionContext extends ConnectionInput {
  /** When the last event was, and when the running timer is due; monotonic milliseconds. */
  readonly at: number;
  readonly dueAt: number;
  /** Attempts that failed in a row. */
  readonly attempt: number;
  /** The transports in the order of the next attempt. */
  readonly order: readonly Transport[];
  /** The one in use, or tried last. */
  readonly transport: Transport | null;
  /** Since when the link is up; null while it is not. */
  readonly upSince: number | null;
  /** Whether the server pings (and this side only waits). */
  readonly serverPings: boolean;
  /** Until when a transport is not to be tried; 0 when it may be. */
  readonly refusedUntil: Readonly<Record<Transport, number>>;
}

export type ConnectionEvent =
  /** A channel is there to be subscribed. */
  | { type: 'link.wanted'; at: number }
  | { type: 'link.close'; at: number }
  | { type: 'circuit.refused'; at: number }
  | { type: 'circuit.admits'; at: number }
  /** No address could be had for any transport that may be tried. */
  | { type: 'link.unavailable'; at: number }
  | { type: 'link.dialled'; at: number; transport: Transport }
  | { type: 'link.opened'; at: number }
  | { type: 'link.established'; at: number; serverPings: boolean }
  /** Nothing has come for as long as the protocol allows. */
  | { type: 'link.quiet'; at: number }
  /** Something came while an answer was awaited. */
  | { type: 'link.heard'; at: number }
  /** The link is alive, but chat has stopped flowing on it. */
  | { type: 'link.stale'; at: number }
  | { type: 'link.closed'; at: number; verdict: Verdict; floorMs: number };

export type ConnectionEmitted = { type: 'connection.up' } | { type: 'connection.down' };

/** When the event happened; a timer's transition happens when it was due. */
const timeOf = (context: ConnectionContext, event: object): number =>
  'at' in event && typeof event.at === 'number' ? event.at : context.dueAt;

/** The transports that may be tried at `at`, in order. */
const usable = (context: ConnectionContext, at: number): readonly Transport[] =>
  context.order.filter((transport) => context.refusedUntil[transport] <= at);

const wasStable = (context: ConnectionContext, at: number): boolean =>
  context.upSince !== null && at - context.upSince >= context.stableMs;

const isNever = (event: ConnectionEvent): boolean =>
  event.type === 'link.closed' && event.verdict === 'never';

/** The order with the transport in use moved to its end. */
const otherFirst = ({ order, transport }: ConnectionContext): readonly Transport[] =>
  transport === null ? order : [...order.filter((it) => it !== transport), transport];

export const connectionMachine = setup({
  types: {} as {
    input: ConnectionInput;
    context: ConnectionContext;
    events: ConnectionEvent;
    emitted: ConnectionEmitted;
  },
  actors: {
    /** Asks the circuit, negotiates, dials, and tells what happens; ends its socket when it is stopped. */
    link: fromCallback<ConnectionEvent, { transports: readonly Transport[] }>(() => {}),
  },
  actions: {
    /** Asks the other side for a sign of life. */
    ping: () => {},
    /** Begins to close the link politely. */
    sayGoodbye: () => {},
    begin: assign(({ context, event }) => {
      const at = timeOf(context, event);
      return { at, dueAt: at + context.negotiateMs, transport: null, upSince: null };
    }),
    noteDial: assign(({ context, event }) =>
      event.type === 'link.dialled'
        ? { at: event.at, dueAt: event.at + context.connectMs, transport: event.transport }
        : {},
    ),
    noteUp: assign(({ event }) =>
      event.type === 'link.established'
        ? { at: event.at, upSince: event.at, serverPings: event.serverPings }
        : {},
    ),
    awaitPong: assign(({ context, event }) => {
      const at = timeOf(context, event);
      return { at, dueAt: at + context.pongMs };
    }),
    awaitClose: assign(({ context, event }) => {
      const at = timeOf(context, event);
      return { at, dueAt: at + context.closeMs };
    }),
    refuseTransport: assign(({ context, event }) =>
      context.transport === null
        ? {}
        : {
            refusedUntil: {
              ...context.refusedUntil,
              [context.transport]: timeOf(context, event) + context.anewMs,
            },
          },
    ),
    preferOther: assign(({ context }) => ({ order: otherFirst(context) })),
    preferOtherUnlessUp: assign(({ context }) =>
      context.upSince === null ? { order: otherFirst(context) } : {},
    ),
    countFailure: assign(({ context, event }) => {
      const at = timeOf(context, event);
      const stable = wasStable(context, at);
      const attempt = stable ? 1 : context.attempt + 1;
      const isAtOnce = stable && event.type === 'link.closed' && event.verdict === 'atOnce';
      const { ms, seed } = backoffDelay({
        attempt,
        initialMs: isAtOnce ? Math.min(context.initialMs, 1_000) : context.initialMs,
        maxMs: context.maxMs,
        seed: context.seed,
      });
      const floorMs = event.type === 'link.closed' ? event.floorMs : 0;
      return { at, dueAt: at + Math.max(ms, floorMs), attempt, seed, upSince: null };
    }),
    /** The first moment at which one more attempt is not the same again. */
    awaitChange: assign(({ context, event }) => {
      const at = timeOf(context, event);
      const ends = Object.values(context.refusedUntil).filter((until) => until > at);
      return { at, dueAt: Math.min(at + context.anewMs, ...ends), attempt: 0, upSince: null };
    }),
    announceUp: emit({ type: 'connection.up' as const }),
    announceDown: emit({ type: 'connection.down' as const }),
  },
  guards: {
    isNever: ({ event }) => isNever(event),
    leavesNoTransport: ({ context, event }) =>
      isNever(event) && usable(context, timeOf(context, event)).every((it) => it === context.transport),
    isAnyRefused: ({ context, event }) =>
      usable(context, timeOf(context, event)).length < context.order.length,
    isLastAttempt: ({ context, event }) =>
      context.attemptsMax !== null &&
      (wasStable(context, timeOf(context, event)) ? 1 : context.attempt + 1) >= context.attemptsMax,
    isServersTurn: ({ context }) => context.serverPings,
  },
  delays: {
    due: ({ context }) => Math.max(0, context.dueAt - context.at),
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => ({
    ...input,
    at: 0,
    dueAt: 0,
    attempt: 0,
    order: input?.transports ?? [],
    transport: null,
    upSince: null,
    serverPings: false,
    refusedUntil: { centrifugo: 0, pusher: 0 },
  }),
  initial: 'idle',
  on: { 'link.close': '.closed' },
  states: {
    idle: { on: { 'link.wanted': 'attached' } },
    attached: {
      entry: 'begin',
      invoke: {
        id: 'link',
        src: 'link',
        input: ({ context }) => ({ transports: usable(context, context.at) }),
      },
      on: {
        'link.closed': [
          { guard: 'leavesNoTransport', target: 'failed', actions: 'refuseTransport' },
          { guard: 'isLastAttempt', target: 'failed' },
          { guard: 'isNever', target: 'backoff', actions: ['refuseTransport', 'countFailure'] },
          { target: 'backoff', actions: ['preferOtherUnlessUp', 'countFailure'] },
        ],
      },
      initial: 'negotiating',
      states: {
        negotiating: {
          on: {
            'circuit.refused': '#connection.suspended',
            'link.dialled': 'opening',
            'link.unavailable': [
              // What is left cannot be had, and the rest said never: that is the end of all of them.
              { guard: 'isAnyRefused', target: '#connection.failed' },
              { guard: 'isLastAttempt', target: '#connection.failed' },
              { target: '#connection.backoff', actions: 'countFailure' },
            ],
          },
          after: {
            due: [
              { guard: 'isLastAttempt', target: '#connection.failed' },
              { target: '#connection.backoff', actions: 'countFailure' },
            ],
          },
        },
        opening: {
          entry: 'noteDial',
          initial: 'connecting',
          states: {
            connecting: { on: { 'link.opened': 'handshaking' } },
            handshaking: { on: { 'link.close': '#connection.attached.closing' } },
          },
          on: { 'link.established': 'connected' },
          after: {
            due: [
              { guard: 'isLastAttempt', target: '#connection.failed', actions: 'preferOther' },
              { target: '#connection.backoff', actions: ['preferOther', 'countFailure'] },
            ],
          },
        },
        connected: {
          entry: ['noteUp', 'announceUp'],
          exit: 'announceDown',
          initial: 'quiet',
          on: {
            'link.close': 'closing',
            'link.stale': { target: '#connection.backoff', actions: ['preferOther', 'countFailure'] },
          },
          states: {
            quiet: {
              on: {
                'link.quiet': [
                  { guard: not('isServersTurn'), target: 'awaitingPong' },
                  { guard: 'isLastAttempt', target: '#connection.failed' },
                  { target: '#connection.backoff', actions: 'countFailure' },
                ],
              },
            },
            awaitingPong: {
              entry: ['awaitPong', 'ping'],
              on: { 'link.heard': 'quiet' },
              after: {
                due: [
                  { guard: 'isLastAttempt', target: '#connection.failed' },
                  { target: '#connection.backoff', actions: 'countFailure' },
                ],
              },
            },
          },
        },
        closing: {
          entry: ['awaitClose', 'sayGoodbye'],
          on: { 'link.closed': '#connection.closed', 'link.close': {} },
          after: { due: '#connection.closed' },
        },
      },
    },
    backoff: { after: { due: 'attached' } },
    // A refusal by the circuit is no attempt: neither counted nor backed off from.
    suspended: { on: { 'circuit.admits': 'attached' } },
    failed: { entry: 'awaitChange', after: { due: 'attached' } },
    closed: { type: 'final' },
  },
});

/** What a connection is doing, in one word for people. */
export type ConnectionCondition =
  | 'idle'
  | 'negotiating'
  | 'connecting'
  | 'handshaking'
  | 'connected'
  | 'closing'
  | 'backoff'
  | 'suspended'
  | 'failed'
  | 'closed';

export function connectionCondition({ value }: SnapshotFrom<typeof connectionMachine>): ConnectionCondition {
  if (typeof value === 'string') return value;
  const within = value.attached;
  if (typeof within === 'string') return within;
  return 'opening' in within ? within.opening : 'connected';
}

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
