/**
 * Host: what the sinks of one origin share. It decides whether anything may be sent there now; it sends nothing.
 *
 * H1  No more than `perSecondMax` requests begin within any second.
 * H2  A 429 without a time is a ban: it holds every sink of the host for `banMs` at least, twice as long each
 *     time it comes again, up to `banMaxMs`.
 * H3  After a ban one request alone goes out; only its answer opens the host. One that is lost, or says nothing
 *     for `trialMs`, gives its place to the next.
 * H4  A hold with a time lasts at least that long; of two holds the later end counts.
 * H5  At `invalidMax` answers of 401, 403 or 429 within ten minutes nothing goes out until enough of them are older.
 * H6  What comes in for a request sent before a ban neither ends the ban nor counts as another one.
 * H7  Every state that admits nothing ends by itself, at `dueAt`.
 */
import { assign, emit, setup } from 'xstate';

export interface HostInput {
  readonly perSecondMax: number;
  readonly banMs: number;
  readonly banMaxMs: number;
  readonly trialMs: number;
  readonly invalidMax: number;
  readonly seed: number;
  /** Monotonic milliseconds of the start. */
  readonly at: number;
  /** The hold an earlier incarnation of this actor was in, and how many bans led there. */
  readonly restored?: { readonly dueAt: number; readonly bans: number };
}

/** Answers of one minute that count towards the server's own ban. */
interface InvalidMinute {
  readonly minute: number;
  readonly count: number;
}

interface HostContext extends Omit<HostInput, 'restored'> {
  /** When requests of the last second began, oldest first; `perSecondMax` at most. */
  readonly sent: readonly number[];
  /** The last eleven minutes at most. */
  readonly invalid: readonly InvalidMinute[];
  /** Bans in a row. */
  readonly bans: number;
  readonly isRestored: boolean;
  /** When the running hold ends. */
  readonly dueAt: number;
}

export type HostEvent =
  | { type: 'request.sent'; at: number }
  /** Any answer that does not hold the host. `invalid`: 401, 403, 429. */
  | { type: 'request.answered'; at: number; invalid: boolean }
  | { type: 'request.lost'; at: number }
  /** The server holds the whole host, and says for how long. */
  | { type: 'host.held'; at: number; forMs: number }
  /** The server holds the whole host, and does not say for how long. */
  | { type: 'host.banned'; at: number };

export type HostEmitted = { type: 'host.opened' };

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** Ten minutes, and the one that has only begun: never too few. */
const MINUTES_KEPT = 11;
/** A ban may last up to a tenth longer, so that not everyone is back at once. */
const JITTER = 0.1;

const minuteOf = (at: number): number => Math.floor(at / MINUTE_MS);

const isInvalidAnswer = (event: HostEvent): boolean =>
  event.type === 'host.held' ||
  event.type === 'host.banned' ||
  (event.type === 'request.answered' && event.invalid);

/** The minutes that still count at `at`, with one more answer when there is one. */
function invalidAfter(
  { invalid }: Pick<HostContext, 'invalid'>,
  at: number,
  more: 0 | 1,
): readonly InvalidMinute[] {
  const minute = minuteOf(at);
  const kept = invalid.filter((it) => it.minute > minute - MINUTES_KEPT && it.minute !== minute);
  const count = (invalid.find((it) => it.minute === minute)?.count ?? 0) + more;
  return count === 0 ? kept : [...kept, { minute, count }];
}

const sumOf = (invalid: readonly InvalidMinute[]): number =>
  invalid.reduce((sum, { count }) => sum + count, 0);

const recent = (sent: readonly number[], at: number): readonly number[] =>
  sent.filter((then) => at - then < SECOND_MS);

/** The time of an event; a timer's is the time it was due. */
const timeOf = (context: HostContext, event: object): number =>
  'at' in event && typeof event.at === 'number' ? event.at : context.dueAt;

export const hostMachine = setup({
  types: {} as {
    input: HostInput;
    context: HostContext;
    events: HostEvent;
    emitted: HostEmitted;
    tags: 'admits';
  },
  guards: {
    isRestored: ({ context }) => context.isRestored,
    fillsTheSecond: ({ context, event }) =>
      event.type === 'request.sent' && recent(context.sent, event.at).length + 1 >= context.perSecondMax,
    isInvalid: ({ event }) => isInvalidAnswer(event),
    isTooInvalid: ({ context, event }) =>
      sumOf(invalidAfter(context, timeOf(context, event), isInvalidAnswer(event) ? 1 : 0)) >=
      context.invalidMax,
  },
  delays: {
    due: ({ context }) => Math.max(0, context.dueAt - context.at),
  },
  actions: {
    noteSent: assign(({ context, event }) => {
      const at = timeOf(context, event);
      return { at, sent: [...recent(context.sent, at), at] };
    }),
    noteInvalid: assign(({ context, event }) => ({
      at: timeOf(context, event),
      invalid: invalidAfter(context, timeOf(context, event), isInvalidAnswer(event) ? 1 : 0),
    })),
    pace: assign(({ context }) => ({ dueAt: (context.sent[0] ?? context.at) + SECOND_MS })),
    hold: assign(({ event }) => (event.type === 'host.held' ? { dueAt: event.at + event.forMs } : {})),
    holdLonger: assign(({ context, event }) =>
      event.type === 'host.held' ? { dueAt: Math.max(context.dueAt, event.at + event.forMs) } : {},
    ),
    ban: assign(({ context }) => {
      const { value, seed } = draw(context.seed);
      const ms = Math.min(context.banMs * 2 ** Math.min(context.bans, 30), context.banMaxMs);
      const dueAt = context.at + Math.round(ms * (1 + JITTER * value));
      return { seed, bans: context.bans + 1, dueAt: Math.max(context.dueAt, dueAt) };
    }),
    waitForTheOldest: assign(({ context }) => {
      const oldest = Math.min(...context.invalid.map(({ minute }) => minute));
      return { dueAt: (oldest + MINUTES_KEPT) * MINUTE_MS };
    }),
    leaseTrial: assign(({ context, event }) => {
      const at = timeOf(context, event);
      return { at, dueAt: at + context.trialMs };
    }),
    arrive: assign(({ context }) => ({ at: context.dueAt })),
    forgetBans: assign({ bans: 0 }),
    announceOpen: emit({ type: 'host.opened' }),
  },
}).createMachine({
  id: 'host',
  context: ({ input }) => ({
    perSecondMax: input?.perSecondMax ?? 50,
    banMs: input?.banMs ?? 60_000,
    banMaxMs: input?.banMaxMs ?? 3_600_000,
    trialMs: input?.trialMs ?? 30_000,
    invalidMax: input?.invalidMax ?? 5_000,
    seed: input?.seed ?? 0,
    at: input?.at ?? 0,
    sent: [],
    invalid: [],
    bans: input?.restored?.bans ?? 0,
    isRestored: input?.restored !== undefined,
    dueAt: input?.restored?.dueAt ?? 0,
  }),
  initial: 'starting',
  on: {
    // Wherever it is: a ban outdoes pacing, holds and caution.
    'host.banned': { target: '.banned', actions: ['noteInvalid', 'ban'] },
    'host.held': { target: '.held', actions: ['noteInvalid', 'hold'] },
    'request.answered': [
      { guard: 'isTooInvalid', target: '.wary', actions: ['noteInvalid', 'waitForTheOldest'] },
      { guard: 'isInvalid', actions: 'noteInvalid' },
    ],
  },
  states: {
    starting: { always: [{ guard: 'isRestored', target: 'banned' }, { target: 'open' }] },
    open: {
      tags: 'admits',
      entry: 'announceOpen',
      on: {
        'request.sent': [
          { guard: 'fillsTheSecond', target: 'paced', actions: ['noteSent', 'pace'] },
          { actions: 'noteSent' },
        ],
      },
    },
    paced: { after: { due: { target: 'open', actions: 'arrive' } } },
    held: {
      on: {
        'host.held': { target: 'held', reenter: true, actions: ['noteInvalid', 'holdLonger'] },
        'request.answered': { guard: 'isInvalid', actions: 'noteInvalid' },
      },
      after: {
        due: [
          { guard: 'isTooInvalid', target: 'wary', actions: ['arrive', 'noteInvalid', 'waitForTheOldest'] },
          { target: 'open', actions: 'arrive' },
        ],
      },
    },
    banned: {
      on: {
        'host.banned': { actions: 'noteInvalid' },
        'host.held': { target: 'banned', reenter: true, actions: ['noteInvalid', 'holdLonger'] },
        'request.answered': { guard: 'isInvalid', actions: 'noteInvalid' },
      },
      after: { due: { target: 'trying', actions: 'arrive' } },
    },
    // A host that banned us must not meet every sink at once.
    trying: {
      tags: 'admits',
      entry: 'announceOpen',
      on: {
        'request.sent': { target: 'tried', actions: ['noteSent', 'leaseTrial'] },
        'request.answered': { guard: 'isInvalid', actions: 'noteInvalid' },
      },
    },
    tried: {
      on: {
        'request.answered': [
          {
            guard: 'isTooInvalid',
            target: 'wary',
            actions: ['noteInvalid', 'forgetBans', 'waitForTheOldest'],
          },
          { target: 'open', actions: ['noteInvalid', 'forgetBans'] },
        ],
        'request.lost': { target: 'trying' },
      },
      after: { due: { target: 'trying', actions: 'arrive' } },
    },
    wary: {
      on: {
        'host.held': { target: 'held', actions: ['noteInvalid', 'holdLonger'] },
        'request.answered': { guard: 'isInvalid', actions: 'noteInvalid' },
      },
      after: {
        due: [
          {
            guard: 'isTooInvalid',
            target: 'wary',
            reenter: true,
            actions: ['arrive', 'noteInvalid', 'waitForTheOldest'],
          },
          { target: 'open', actions: 'arrive' },
        ],
      },
    },
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
