/** `earshot check`: reads the configuration and says what would run; with --online, asks everybody it would talk to. */
import { type Config, loadConfig, type ResolvedSink, secretsOf } from '../config.js';
import { formatDuration, formatSize } from '../durations.js';
import { createScrubber } from '../secret.js';
import type { CommonOptions } from './daemon-address.js';
import { columns, type Terminal } from './terminal.js';

export interface CheckOptions extends CommonOptions {
  readonly online?: boolean;
  readonly json?: boolean;
}

/** One question that was asked, and what came of it. */
interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly text: string;
  readonly do: string;
}

/** 0 when all is well, 1 when somebody asked did not answer well. Rejects with ConfigErrors. */
export async function check(options: CheckOptions, terminal: Terminal, version: string): Promise<number> {
  const config = await loadConfig({ file: options.config });
  const lines = plan(config);
  if (!options.json) for (const line of columns(lines)) terminal.say(line);
  const findings: Finding[] = [];
  if (options.online) {
    const scrub = createScrubber(secretsOf(config));
    for await (const { what, ok, text, do: fix } of askEverybody(config, version, terminal)) {
      const finding = { what, ok, text: scrub(text), do: scrub(fix) };
      findings.push(finding);
      if (!options.json) sayFinding(finding, terminal);
    }
  }
  if (options.json) terminal.json({ file: config.file, plan: Object.fromEntries(lines), online: findings });
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

function sayFinding({ what, ok, text, do: fix }: Finding, terminal: Terminal): void {
  terminal.say(`${ok ? ' ' : '!'} ${what}  ${text}`);
  if (fix !== '') terminal.say(`  → ${fix}`);
}

/** What would run, one part a line. */
function plan(config: Config): [part: string, text: string][] {
  const { watch, kick, rules, sinks, store, control } = config;
  const all = sinks.map(({ name }) => name).join(', ');
  return [
    ['file', config.file],
    ...watch.map(({ username, aliases, ignore }): [string, string] => [
      'watch',
      `${[username, ...aliases].join(', ')}${ignore.length > 0 ? `; ignores ${ignore.length}` : ''}`,
    ]),
    [
      'kick',
      `${kick.channels.length} channels over ${kick.transport}, gaps ${kick.gapFill ? 'filled' : 'not filled'}: ${named(
        kick.channels.map(({ slug }) => slug),
      )}`,
    ],
    ...(rules ?? [{ name: 'me', match: ['mention', 'reply'], sinks: undefined }]).map(
      (rule): [string, string] => [
        `rule ${rule.name}`,
        `${rule.match === undefined ? 'from' : conditions(rule.match)} → ${rule.sinks?.join(', ') ?? all}`,
      ],
    ),
    ...sinks.map((sink): [string, string] => [`sink ${sink.name}`, sinkText(sink)]),
    ['store', `${store.path}, ${formatDuration(store.retention)}, at most ${formatSize(store.maxBytes)}`],
    [
      'control',
      control === false ? 'its Unix socket alone' : `http://${control.host}:${control.port || '(any)'}`,
    ],
  ];
}

const NAMED_MAX = 10;

function named(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  return `${names.slice(0, NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function conditions(match: readonly string[] | object): string {
  if (Array.isArray(match)) return match.join(', ');
  return Object.entries(match)
    .filter(([, value]) => value !== false && value !== undefined)
    .map(([kind, value]) => (Array.isArray(value) ? `${kind} (${value.length})` : kind))
    .join(', ');
}

function sinkText(sink: ResolvedSink): string {
  switch (sink.type) {
    case 'discord': {
      const pings = sink.ping.users.length + sink.ping.roles.length;
      return `Discord, pings ${pings === 0 ? 'nobody' : pings}, up to ${sink.batch} a message${breakerText(sink)}`;
    }
    case 'postgrest':
      return `PostgREST at ${new URL(sink.url).host}, table ${sink.table}, up to ${sink.batch} rows${breakerText(sink)}`;
    case 'console':
      return 'prints each on standard output';
  }
}

function breakerText({
  timeout,
  breaker,
}: {
  timeout: number;
  breaker: { failures: number; recovery: number };
}): string {
  return `, ${formatDuration(timeout)} a request, opens after ${breaker.failures} failures for ${formatDuration(breaker.recovery)}`;
}

/** Kick asks for no more than one lookup a second. */
const LOOKUP_EVERY_MS = 1_000;

async function* askEverybody(config: Config, version: string, terminal: Terminal): AsyncGenerator<Finding> {
  const { goOnline, outcomeText } = await import('./online.js');
  const { KickApi } = await import('../sources/kick-api.js');
  const online = goOnline(config, version, terminal);
  const { signal } = new AbortController();
  try {
    const api = new KickApi({ config, http: online.http, clientId: 'earshot-check' });
    for (const [index, { slug }] of config.kick.channels.entries()) {
      if (index > 0) await new Promise<void>((resolve) => online.clock.setTimeout(resolve, LOOKUP_EVERY_MS));
      const found = await api.lookup(slug, signal);
      yield found.kind === 'ok'
        ? { what: `channel ${slug}`, ok: true, text: `chatroom ${found.value.chatroomId}`, do: '' }
        : { what: `channel ${slug}`, ok: false, text: found.text, do: found.remedy };
    }
    for (const sink of online.sinks) {
      const { probe } = sink;
      if (probe === undefined) continue;
      const outcome = await online.request(sink, (context) => probe.call(sink, context));
      const { isWell, text, fix } = outcomeText(outcome);
      yield { what: `sink ${sink.name}`, ok: isWell, text, do: fix };
    }
  } finally {
    await online.close();
  }
}
