/**
 * The status document for people: one line for the whole, then one a part, trouble first, and under a trouble
 * what to do about it. Pure: every age is measured against the document's own moment.
 */
import { formatDuration, formatSize } from '../durations.js';
import type { SourceStatus, StatusReason } from '../sources/source.js';
import type { SinkStatus, StatusDocument } from '../status.js';
import { terminalSafe } from '../terminal-text.js';

export interface RenderOptions {
  /** A line for every connection and channel, and every notice. */
  readonly channels: boolean;
  readonly color: boolean;
}

interface Part {
  readonly name: string;
  readonly isTroubled: boolean;
  readonly text: string;
  /** Beneath it, indented: causes, and what to do about them. */
  readonly details: readonly string[];
}

export function renderStatus(document: StatusDocument, { channels, color }: RenderOptions): string {
  const parts = partsOf(document, channels);
  const width = Math.max(9, ...parts.map(({ name }) => name.length));
  const lines = [...parts.filter((it) => it.isTroubled), ...parts.filter((it) => !it.isTroubled)].flatMap(
    ({ name, isTroubled, text, details }) => [
      paint(`${isTroubled ? '!' : ' '} ${name.padEnd(width)} ${text}`, isTroubled ? 'red' : 'plain', color),
      ...details.map((detail) => terminalSafe(`${' '.repeat(width + 3)}${detail}`)),
    ],
  );
  return `${[headline(document, color), ...lines].join('\n')}\n`;
}

function headline({ version, health, uptimeMs, memory }: StatusDocument, color: boolean): string {
  const tone = health === 'healthy' ? 'green' : health === 'degraded' ? 'red' : 'yellow';
  const up = `up ${formatDuration(uptimeMs)}  ${formatSize(memory.rssBytes)}`;
  return `earshot ${terminalSafe(version)}  ${paint(health, tone, color)}  ${up}`;
}

/** Sinks and sources always, in their order; anything else only when there is something to say about it. */
function partsOf(document: StatusDocument, withNotices: boolean): Part[] {
  const now = document.startedAt + document.uptimeMs;
  const rest = new Set(document.reasons);
  const claim = (path: string) => {
    const own = document.reasons.filter(({ actor }) => actor === path || actor.startsWith(`${path}/`));
    for (const reason of own) rest.delete(reason);
    return own;
  };
  const sinks = document.sinks.map((sink) => sinkPart(sink, claim(`sinks/${sink.name}`), now));
  const sources = document.sources.map((source) =>
    sourcePart(source, claim(`sources/${source.platform}`), withNotices, now),
  );
  const others = [...rest].map((reason) => ({
    name: reason.actor.split('/').at(-1) ?? '',
    isTroubled: reason.severity === 'degraded',
    text: reason.text,
    details: remedies([reason]),
  }));
  return [...sinks, ...sources, ...others, ...recordingPart(document, now)];
}

/** While there is trouble: where it can be looked at. */
function recordingPart({ health, trace: { blackbox } }: StatusDocument, now: number): Part[] {
  if (health !== 'degraded' || blackbox === null) return [];
  const text = `${blackbox.file} (${blackbox.reason}, ${formatDuration(now - blackbox.wall)} ago)`;
  const details = [`step through it: earshot replay ${blackbox.file} --open`];
  return [{ name: 'recording', isTroubled: false, text: terminalSafe(text), details }];
}

function sinkPart(sink: SinkStatus, reasons: readonly StatusReason[], now: number): Part {
  const trouble = sinkTrouble(sink, now);
  const degraded = reasons.filter(({ severity }) => severity === 'degraded');
  const condition = trouble ?? degraded[0]?.text ?? `ok, ${count(sink.delivered)} delivered`;
  const { pending } = sink;
  const lost = sink.dead + sink.expired;
  const text = [
    condition,
    ...(pending > 0 ? [`${count(pending)} waiting, oldest ${formatDuration(sink.queue.oldestMs)}`] : []),
    ...(lost > 0 ? [`${count(lost)} given up (earshot dead)`] : []),
  ].join('; ');
  return {
    name: sink.name,
    isTroubled: trouble !== undefined || degraded.length > 0,
    text,
    details: remedies(reasons),
  };
}

/** What is wrong with a sink, from its own figures; undefined while it does its work or waits for a limit. */
function sinkTrouble({ state, sinceAt, breaker, lastError }: SinkStatus, now: number): string | undefined {
  const age = formatDuration(now - sinceAt);
  if (state === 'refused') return `refused ${age}${lastError ? `: ${lastError.text}` : ''}`;
  if (state === 'failed') return `failed ${age}${lastError ? `: ${lastError.text}` : ''}`;
  const why = lastError ? ` (${lastError.code} ×${count(breaker.failures)})` : '';
  switch (breaker.state) {
    case 'open':
      return `circuit open ${age}${why}, retry in ${formatDuration(breaker.retryInMs)}`;
    case 'halfOpen':
      return `circuit half-open${why}, one probe may go out`;
    case 'probing':
      return `circuit half-open${why}, a probe is out`;
    case 'isolated':
      return `circuit isolated by hand ${age}`;
    case 'closed':
      return undefined;
  }
}

function sourcePart(
  source: SourceStatus,
  reasons: readonly StatusReason[],
  withNotices: boolean,
  now: number,
): Part {
  const { platform, connections, channels } = source;
  const degraded = reasons.filter(({ severity }) => severity === 'degraded');
  const notices = reasons.length - degraded.length;
  const hint = withNotices ? '' : ' (--channels)';
  const up = connections.filter(({ state }) => CONNECTED.test(state)).length;
  const live = channels.filter(({ state }) => HEARD.test(state)).length;
  const text = [
    `${count(up)}/${count(connections.length)} connections`,
    `${count(live)}/${count(channels.length)} channels live`,
    ...(notices > 0 ? [`${count(notices)} ${notices === 1 ? 'notice' : 'notices'}${hint}`] : []),
  ].join(', ');
  const told = withNotices ? reasons : degraded;
  return {
    name: platform,
    isTroubled: degraded.length > 0,
    text,
    details: [
      ...told.flatMap((reason) => [reason.text, ...remedies([reason])]),
      ...(withNotices ? everyLine(source, now) : []),
    ],
  };
}

const CONNECTED = /^connected\b/;
const HEARD = /^(live|silent)\b/;

function everyLine({ connections, channels }: SourceStatus, now: number): string[] {
  const idWidth = Math.max(0, ...connections.map(({ id }) => id.length));
  const slugWidth = Math.max(0, ...channels.map(({ slug }) => slug.length));
  return [
    ...connections.map(
      ({ id, state, sinceAt, transport, lastError }) =>
        `${id.padEnd(idWidth)}  ${state} ${formatDuration(now - sinceAt)}${transport ? `, ${transport}` : ''}${
          lastError && !CONNECTED.test(state) ? `: ${lastError.text}` : ''
        }`,
    ),
    ...channels.map(
      ({ slug, state, sinceAt, heard, matched, dropped, lastHeardAt }) =>
        `${slug.padEnd(slugWidth)}  ${state} ${formatDuration(now - sinceAt)}, ${count(heard)} heard, ${count(matched)} matched${
          dropped > 0 ? `, ${count(dropped)} dropped` : ''
        }${lastHeardAt === null ? '' : `, last ${formatDuration(now - lastHeardAt)} ago`}`,
    ),
  ];
}

function remedies(reasons: readonly StatusReason[]): string[] {
  return [...new Set(reasons.flatMap((reason) => (reason.do === '' ? [] : [`→ ${reason.do}`])))];
}

/** 1,204: the same on every machine, whatever its language. */
function count(value: number): string {
  return value.toLocaleString('en-US');
}

const COLORS = { red: '\u001b[31m', green: '\u001b[32m', yellow: '\u001b[33m', plain: '' } as const;

function paint(text: string, tone: keyof typeof COLORS, color: boolean): string {
  const safe = terminalSafe(text);
  return color && tone !== 'plain' ? `${COLORS[tone]}${safe}\u001b[0m` : safe;
}
