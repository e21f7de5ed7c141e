/** The status document as rows for people: what is wrong first, worded as `earshot status` words it. */
/** @import { StatusDocument } from '../../src/status.js' */
/** @import { ChannelStatus } from '../../src/sources/source.js' */
/** @import { BreakerStatus } from '../../src/actors/breaker.js' */
/** @import { Card } from './keyed-cards.js' */
/** @import { Condition } from './conditions.js' */
/** @import { Trouble } from './trouble-view.js' */
import { CONDITION_OF, CONDITIONS, conditionOf, worstOf } from './conditions.js';
import { count, duration, percent, size } from './figures.js';
import { wordsOf } from './state-path.js';

const CONNECTION = /\/connection-\d+\//;

/** @param {StatusDocument} status */
export const nowOf = ({ startedAt, uptimeMs }) => startedAt + uptimeMs;

/**
 * What is wrong, then what one may want to know.
 * @param {StatusDocument} status
 * @returns {Trouble[]}
 */
export function troublesOf(status) {
  const now = nowOf(status);
  return status.reasons
    .map(({ code, actor, severity, text, do: remedy, sinceAt }) => ({
      key: `${code} ${actor}`,
      actor,
      condition: /** @type {Trouble['condition']} */ (severity === 'degraded' ? 'trouble' : 'waiting'),
      text,
      remedy,
      since: `for ${duration(now - sinceAt)}`,
    }))
    .sort((a, b) => CONDITIONS.indexOf(a.condition) - CONDITIONS.indexOf(b.condition));
}

/** @param {StatusDocument} status @returns {Card[]} */
export function sinkCards({ sinks }) {
  return worstFirst(
    sinks.map(({ name, state, breaker, queue, delivered, retried, dead, expired, lastError }) => ({
      key: name,
      actor: `sinks/${name}`,
      condition: worstOf([deliveryCondition(state), breakerCondition(breaker)]),
      name,
      state: wordsOf(state),
      figures: {
        breaker: breakerText(breaker),
        queue: `${count(queue.size)} of ${count(queue.limit)}`,
        outbox: queue.outbox === 0 ? '0' : `${count(queue.outbox)}, oldest ${duration(queue.oldestMs)}`,
        delivered: count(delivered),
        retried: count(retried),
        'given up': count(dead + expired),
      },
      note: lastError === null || isWell(state, breaker) ? '' : lastError.text,
    })),
  );
}

/** @param {StatusDocument} status @returns {Card[]} */
export function connectionCards(status) {
  const now = nowOf(status);
  return worstFirst(
    status.sources.flatMap(({ platform, connections }) =>
      connections.map(({ id, state, sinceAt, transport, attempt, breaker, lastError }) => ({
        key: `${platform}/${id}`,
        actor: `sources/${platform}/${id}/link`,
        condition: worstOf([connectionCondition(state), breakerCondition(breaker)]),
        name: `${platform} ${id}`,
        state: `${wordsOf(state)} for ${duration(now - sinceAt)}`,
        figures: {
          transport: transport ?? 'none',
          breaker: breakerText(breaker),
          attempt: count(attempt),
        },
        note: lastError === null || state === 'connected' ? '' : lastError.text,
      })),
    ),
  );
}

/**
 * @param {StatusDocument} status
 * @param {readonly string[]} paths of the actors: a channel may move from one connection to another
 */
export function channelRows(status, paths) {
  const now = nowOf(status);
  const actors = new Map(paths.map((path) => [path.replace(CONNECTION, '/'), path]));
  return worstFirst(
    status.sources.flatMap(({ platform, channels }) =>
      channels.map((channel) => ({
        key: `${platform}/${channel.slug}`,
        ...actorAt(actors.get(`sources/${platform}/channel-${channel.slug}`)),
        condition: channelCondition(channel),
        cells: [
          channel.slug,
          wordsOf(channel.state),
          count(channel.heard),
          count(channel.matched),
          count(channel.dropped),
          channel.lastHeardAt === null ? 'nothing yet' : `${duration(now - channel.lastHeardAt)} ago`,
        ],
      })),
    ),
  );
}

/** @param {StatusDocument} status */
export function timeoutRows({ timeouts }) {
  return worstFirst(
    Object.entries(timeouts).map(([name, { started, timedOut, ratePercent, longestMs }]) => ({
      key: name,
      actor: `deadline/${name}`,
      condition: /** @type {Condition} */ (timedOut > 0 ? 'waiting' : 'well'),
      cells: [name, count(started), count(timedOut), percent(ratePercent), duration(longestMs)],
    })),
  );
}

/** What was heard is what became of it. @param {StatusDocument} status */
export function accountRows({ account }) {
  const { heard, ...parts } = account;
  return [['heard', heard], ...Object.entries(parts)].map(([name, value]) => ({
    key: String(name),
    ...(name === 'dropped' && Number(value) > 0 && { condition: 'trouble' }),
    cells: [String(name), count(Number(value))],
  }));
}

/** @param {StatusDocument} status */
export function partRows({ pool, store, tasks, memory, trace, pid }) {
  const trail = trace.dir === null ? 'flight recorder only' : trace.dir;
  return [
    {
      key: 'store',
      actor: 'store',
      condition: conditionOf('store', store.state),
      cells: [
        'store',
        `${wordsOf(store.state)}, ${size(store.bytes)}, ${count(store.notifications)} kept, ${count(store.pending)} pending`,
      ],
    },
    {
      key: 'pool',
      actor: 'pool',
      condition: poolCondition(pool.state),
      cells: [
        'pool',
        `${wordsOf(pool.state)}, ${count(pool.leased)}/${count(pool.limit)} leased, ${count(pool.waiting)} waiting`,
      ],
    },
    { key: 'tasks', actor: 'tasks', condition: 'well', cells: ['tasks', tasks.names.join(', ') || 'none'] },
    { key: 'process', cells: ['process', `pid ${pid}, ${size(memory.rssBytes)}`] },
    { key: 'trace', cells: ['trace', `${count(trace.seq)} lines; ${trail}`] },
    ...(trace.blackbox === null
      ? []
      : [{ key: 'blackbox', cells: ['recording', `${trace.blackbox.file} (${trace.blackbox.reason})`] }]),
  ];
}

/** @param {string | undefined} path */
const actorAt = (path) => (path === undefined ? {} : { actor: path });

/**
 * @param {string} state
 * @param {BreakerStatus} breaker
 */
function isWell(state, breaker) {
  return breakerCondition(breaker) === 'well' && deliveryCondition(state) !== 'trouble';
}

/** @param {BreakerStatus} breaker */
function breakerText({ state, failures, threshold, retryInMs }) {
  if (state === 'open') return `open, retry in ${duration(retryInMs)}`;
  return state === 'closed' && failures > 0 ? `closed, ${failures}/${threshold} failures` : wordsOf(state);
}

/** @param {BreakerStatus} breaker @returns {Condition} */
function breakerCondition({ state }) {
  return state === 'isolated' ? 'trouble' : conditionOf('breaker', state);
}

/** Of a sink that failed past its means there is no delivery. @param {string} state @returns {Condition} */
const deliveryCondition = (state) => (state === 'failed' ? 'trouble' : conditionByLeaf('delivery', state));
/** @param {string} state */
const poolCondition = (state) => conditionByLeaf('pool', state);
/** @param {string} state */
const connectionCondition = (state) =>
  state === 'connected' ? 'well' : conditionByLeaf('connection', state);
/** @param {ChannelStatus} channel */
const channelCondition = ({ state }) => conditionByLeaf('channel', state);

/**
 * Status names the innermost state of a machine, or the one around it.
 * @param {keyof typeof CONDITION_OF} machine
 * @param {string} state
 * @returns {Condition}
 */
function conditionByLeaf(machine, state) {
  const all = Object.entries(CONDITION_OF[machine]).filter(
    ([name]) => name === state || name.endsWith(`.${state}`) || name.startsWith(`${state}.`),
  );
  return worstOf(all.length === 0 ? ['working'] : all.map(([, condition]) => condition));
}

/**
 * @template {{ condition: Condition }} Row
 * @param {Row[]} rows
 */
function worstFirst(rows) {
  return rows.sort((a, b) => CONDITIONS.indexOf(a.condition) - CONDITIONS.indexOf(b.condition));
}
