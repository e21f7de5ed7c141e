/** The shape of a run: which configuration the daemon gets, as the YAML a person would write. */
import { completeConfig } from '../../src/config/complete.js';
import { ConfigDocument } from '../../src/config/document.js';
import type { Config } from '../../src/config.js';
import type { Chance } from './chance.js';

export interface SinkShape {
  readonly name: string;
  readonly type: 'discord' | 'postgrest' | 'console';
  /** PostgREST: whether inserts are idempotent. */
  readonly dedupes?: boolean;
}

export interface Shape {
  readonly channels: number;
  /** What the configuration knows of each channel. */
  readonly ids: 'both' | 'room' | 'none';
  readonly transport: 'auto' | 'pusher' | 'centrifugo';
  readonly sinks: readonly SinkShape[];
  /** Times as they are by default, or so short that much happens in little time. */
  readonly times: 'default' | 'quick';
  readonly queueLimit: number;
  readonly rules: 'default' | 'words';
  readonly archive: 'matches' | 'all';
  readonly maxAge: string;
  readonly maxPending: number;
  readonly gapFill: boolean;
  /** No more requests may be out at once than the configuration must allow. */
  readonly isNarrow?: boolean;
  /** Of each sink's circuit, where that is not as \`times\` has it: near the longest wait there is. */
  readonly recovery?: string;
}

export const WATCHED = 'bob';
export const IGNORED = 'spambot';
export const KEYWORD = 'giveaway';
export const COOLDOWN_MS = 20_000;
/** No text may hold one of these, wherever it is written. */
export const SECRETS = {
  discord: 'Wh-token-7f3a9c0b55e1',
  database: 'sb_secret_4d2e8b71c6',
  control: 'control-token-91ab5c33d0f2',
} as const;
export const PUSHER_KEY = '32cbd69e4b950bf97679';

export const roomOf = (index: number) => ({
  slug: `room${index}`,
  channelId: 1_001 + index,
  chatroomId: 5_001 + index,
});

export const webhookId = (index: number): string => `12345678901234567${index.toString().padStart(2, '0')}`;
export const tableOf = (name: string): string => `notes_${name}`;

export function drawShape(chance: Chance): Shape {
  const isWide = chance.is(0.01);
  return {
    channels: isWide ? 84 : chance.whole(1, 4),
    ids: isWide ? 'both' : chance.pick(['both', 'both', 'both', 'room', 'none']),
    transport: chance.pick(['auto', 'auto', 'pusher', 'centrifugo']),
    sinks: chance.pick(SINKS),
    times: chance.is(0.75) ? 'quick' : 'default',
    queueLimit: chance.is(0.4) ? 12 : 500,
    rules: chance.is(0.4) ? 'words' : 'default',
    archive: chance.is(0.3) ? 'all' : 'matches',
    maxAge: chance.is(0.2) ? '1m' : '24h',
    maxPending: chance.is(0.25) ? 100 : 100_000,
    gapFill: chance.is(0.9),
    ...(chance.is(0.4) && { isNarrow: true }),
    // More than may ask for their history at once.
    ...(!isWide && chance.is(0.06) && { channels: chance.whole(6, 8) }),
    ...(chance.is(0.08) && { recovery: '400s' }),
  };
}

const discord: SinkShape = { name: 'discord', type: 'discord' };
const database: SinkShape = { name: 'database', type: 'postgrest', dedupes: true };
const SINKS: readonly [readonly SinkShape[], ...(readonly SinkShape[])[]] = [
  [discord],
  [discord, database],
  [discord, { name: 'second', type: 'discord' }, database],
  [discord, { name: 'screen', type: 'console' }],
  [
    { ...database, dedupes: false },
    { name: 'screen', type: 'console' },
  ],
];

const QUICK = `
timeouts: { connect: 4s, pingEvery: 6s, pong: 3s, close: 2s, lookup: 3s }
reconnect: { initial: 200ms, max: 5s, stableAfter: 4s, breaker: { failures: 4, recovery: 8s } }
shutdown: { sources: 3s, drain: 2s, sinks: 4s, tasks: 1s, store: 2s, total: 10s }
`;

const known = new Map<string, Config>();

/** Read as `earshot run` reads it; the same text is read once. The store is at `path`. */
export function configOf(shape: Shape, path: string): Config {
  const text = yamlOf(shape);
  const config = known.get(text) ?? read(text);
  known.set(text, config);
  return { ...config, store: { ...config.store, path } };
}

function read(text: string): Config {
  const document = new ConfigDocument(text, {});
  const completed = completeConfig(document, '/simulated/earshot.yaml');
  if ('config' in completed) return completed.config;
  throw new Error(completed.problems.map((problem) => problem.text).join('\n') + text);
}

export function yamlOf(shape: Shape): string {
  const rooms = Array.from({ length: shape.channels }, (_, index) => {
    const { slug, channelId, chatroomId } = roomOf(index);
    const ids = {
      both: `, channelId: ${channelId}, chatroomId: ${chatroomId}`,
      room: `, chatroomId: ${chatroomId}`,
      none: '',
    };
    return `    - { slug: ${slug}${ids[shape.ids]} }`;
  });
  return `watch: { username: ${WATCHED}, ignore: [${IGNORED}] }
kick:
  transport: ${shape.transport}
  gapFill: ${shape.gapFill}
  silentAfter: ${shape.times === 'quick' ? '25s' : '10m'}
  channels:
${rooms.join('\n')}
${rulesText(shape)}sinks:
${shape.sinks.map((sink, index) => sinkText(sink, index, shape)).join('\n')}
store: { archive: ${shape.archive} }
limits: { messagesPerChannel: ${shape.queueLimit}, httpConnections: ${placesOf(shape)} }
control: { port: 0, token: ${SECRETS.control} }
${shape.times === 'quick' ? QUICK : ''}`;
}

function placesOf({ isNarrow, sinks }: Shape): number {
  return isNarrow ? Math.max(5, sinks.length + 4) : 50;
}

function rulesText({ rules, sinks }: Shape): string {
  if (rules === 'default') return '';
  return `rules:
  - { name: me, match: [mention, reply] }
  - { name: words, match: { keywords: [${KEYWORD}] }, sinks: [${sinks[0]?.name}], cooldown: ${COOLDOWN_MS / 1_000}s }
`;
}

function sinkText(
  { name, type, dedupes }: SinkShape,
  index: number,
  { times, maxAge, maxPending, recovery = '4s' }: Shape,
): string {
  const common = `maxAge: ${maxAge}, maxPending: ${maxPending}`;
  const quick = times === 'quick' ? `, timeout: 3s, breaker: { failures: 3, recovery: ${recovery} }` : '';
  switch (type) {
    case 'discord':
      return `  ${name}: { type: discord, url: "https://discord.com/api/webhooks/${webhookId(index)}/${SECRETS.discord}", ${common}${quick} }`;
    case 'postgrest':
      return `  ${name}: { type: postgrest, url: "https://db.example", key: ${SECRETS.database}, table: ${tableOf(name)}, ${common}${quick}${dedupes ? ', dedupeColumn: dedupe_key' : ''} }`;
    case 'console':
      return `  ${name}: { type: console, ${common} }`;
  }
}
