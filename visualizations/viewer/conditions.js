/**
 * What each state of each machine means to the person who looks on, in five words:
 *
 * - `well`: as it should be, at rest or doing its standing duty.
 * - `working`: on its way, will have ended by itself in a moment.
 * - `waiting`: holds back until a time or an event, by plan.
 * - `trouble`: something is wrong, or a person's hand keeps it from working.
 * - `ended`: over.
 *
 * The one table of it: the tree, the statechart and the lanes of the timeline take their colours from here.
 */
/** @import { MachineName } from '../../machines/catalogue.js' */

/** @typedef {'well' | 'working' | 'waiting' | 'trouble' | 'ended'} Condition */

/** The worst first. @type {readonly Condition[]} */
export const CONDITIONS = ['trouble', 'waiting', 'working', 'well', 'ended'];

/** By machine and innermost state. @type {Readonly<Record<MachineName, Readonly<Record<string, Condition>>>>} */
export const CONDITION_OF = {
  branch: {
    running: 'well',
    'clearing.ending': 'working',
    'clearing.cleared': 'working',
    backingOff: 'waiting',
    failed: 'trouble',
    stopping: 'working',
    stopped: 'ended',
  },
  breaker: {
    starting: 'working',
    closed: 'well',
    open: 'trouble',
    halfOpen: 'waiting',
    probing: 'working',
    'isolated.untilReleased': 'trouble',
    'isolated.forATime': 'trouble',
  },
  channel: {
    begun: 'working',
    'resolving.looking': 'working',
    'resolving.resting': 'waiting',
    waiting: 'waiting',
    'subscribing.asked': 'working',
    'subscribing.resting': 'waiting',
    filling: 'working',
    live: 'well',
    silent: 'waiting',
    moving: 'working',
    refused: 'trouble',
    leaving: 'working',
    left: 'ended',
  },
  connection: {
    idle: 'well',
    'attached.negotiating': 'working',
    'attached.opening.connecting': 'working',
    'attached.opening.handshaking': 'working',
    'attached.connected.quiet': 'well',
    'attached.connected.awaitingPong': 'working',
    'attached.closing': 'working',
    backoff: 'waiting',
    suspended: 'waiting',
    failed: 'trouble',
    closed: 'ended',
  },
  deadline: {
    running: 'working',
    completed: 'ended',
    failed: 'trouble',
    timedOut: 'trouble',
    cancelled: 'ended',
  },
  delivery: {
    starting: 'working',
    idle: 'well',
    'delivering.leasing': 'working',
    'delivering.sending': 'working',
    'delivering.draining': 'working',
    'waiting.limited': 'waiting',
    'waiting.backingOff': 'waiting',
    blocked: 'trouble',
    settling: 'waiting',
    refused: 'trouble',
    closed: 'ended',
  },
  host: {
    starting: 'working',
    open: 'well',
    paced: 'waiting',
    held: 'waiting',
    banned: 'trouble',
    trying: 'working',
    tried: 'working',
    wary: 'trouble',
  },
  pool: {
    idle: 'well',
    'open.available': 'well',
    'open.saturated': 'waiting',
    draining: 'working',
    closed: 'ended',
  },
  queue: {
    empty: 'well',
    flowing: 'working',
    full: 'waiting',
    spilling: 'waiting',
    draining: 'working',
    closed: 'ended',
  },
  store: {
    opening: 'working',
    ready: 'well',
    down: 'trouble',
    reopening: 'working',
    unusable: 'trouble',
    closing: 'working',
    closed: 'ended',
  },
  supervisor: {
    'starting.openingStore': 'working',
    'starting.startingSinks': 'working',
    'starting.bindingControl': 'working',
    'starting.startingSources': 'working',
    'running.healthy': 'well',
    'running.degraded': 'trouble',
    'stopping.closingSources': 'working',
    'stopping.drainingQueues': 'working',
    'stopping.closingSinks': 'working',
    'stopping.cancellingTasks': 'working',
    'stopping.closingStore': 'working',
    'stopping.closingRest': 'working',
    aborting: 'trouble',
    stopped: 'ended',
  },
  tasks: {
    open: 'well',
    cancelling: 'working',
    closed: 'ended',
  },
};

/** @type {Readonly<Record<string, Readonly<Record<string, Condition>>>>} */
const BY_NAME = CONDITION_OF;

/**
 * What a state means; `working` for one that this page has never heard of (a trace of another version).
 * @param {string} machine
 * @param {string} state as `stateOf` writes it
 * @returns {Condition}
 */
export function conditionOf(machine, state) {
  const known = Object.hasOwn(BY_NAME, machine) ? (BY_NAME[machine] ?? {}) : {};
  const conditions = state
    .split(' ')
    .map((leaf) => (Object.hasOwn(known, leaf) ? known[leaf] : undefined) ?? 'working');
  return worstOf(conditions);
}

/**
 * @param {readonly Condition[]} conditions
 * @returns {Condition}
 */
export function worstOf(conditions) {
  return CONDITIONS.find((condition) => conditions.includes(condition)) ?? 'ended';
}

/**
 * What an actor's state means now: one that was stopped has ended, unless it ended badly.
 * @param {{ machine: string, state: string, isAlive: boolean }} actor
 * @returns {Condition}
 */
export function conditionOfActor({ machine, state, isAlive }) {
  const condition = conditionOf(machine, state);
  const endsBadly = machine === 'deadline' && condition === 'trouble';
  return isAlive || endsBadly ? condition : 'ended';
}
