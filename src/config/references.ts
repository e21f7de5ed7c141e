/**
 * What no schema can see: whether names that one part of the file uses exist in another, and whether numbers
 * agree. Looks at the data as written, so that these are told together with mistakes of form.
 */
import { LOOKUPS_MAX } from '../actors/places.js';
import { HTTP_CONNECTIONS } from '../schema.js';
import { suggestion } from './did-you-mean.js';
import type { Path, Problem } from './document.js';
import { nameOf, shown } from './problems.js';
import { record } from './record.js';

export function referenceProblems(config: unknown): Problem[] {
  const kick = record(record(config).kick);
  const slugs = list(kick.channels).map(slugOf);
  const sinks = Object.keys(record(record(config).sinks));
  const rules = list(record(config).rules).map(record);
  return [
    ...duplicates(slugs, (index) => ['kick', 'channels', index], 'this channel is listed already'),
    ...duplicates(
      rules.map(({ name }) => text(name)),
      (index) => ['rules', index, 'name'],
      'another rule has this name; give each its own',
    ),
    ...rules.flatMap((rule, index) => [
      ...unknown(list(rule.sinks), sinks.length > 0 ? sinks : ['console'], ['rules', index, 'sinks'], 'sink'),
      ...unknown(
        list(rule.channels).map((slug) => text(slug)?.trim().toLowerCase()),
        slugs.filter((slug) => slug !== undefined),
        ['rules', index, 'channels'],
        'channel',
      ),
    ]),
  ];
}

/** A place for requests is kept for each sink: were there no others, the chat could never be looked up. */
export function connectionProblems(config: unknown): Problem[] {
  const sinks = Object.values(record(record(config).sinks)).filter((it) => record(it).type !== 'console');
  const limits = record(record(config).limits);
  const { httpConnections = HTTP_CONNECTIONS } = limits;
  const least = sinks.length + LOOKUPS_MAX;
  if (typeof httpConnections !== 'number' || httpConnections >= least) return [];
  const key = 'limits.httpConnections';
  const advice = `too few for ${sinks.length} sinks; give at least ${least}`;
  return 'httpConnections' in limits
    ? [{ path: ['limits', 'httpConnections'], text: `${key}: ${advice}` }]
    : [{ path: ['sinks'], atKey: true, text: `${key}: its default of ${HTTP_CONNECTIONS} is ${advice}` }];
}

/** The loopback's own names; anything else can be reached from other machines. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

export function controlProblems(config: unknown): Problem[] {
  const control = record(record(config).control);
  const host = text(control.host);
  if (host === undefined || isLoopback(host) || 'token' in control || 'tokenFile' in control) return [];
  return [
    {
      path: ['control', 'host'],
      text: 'control.host: other machines can reach this address; give control.tokenFile as well, or 127.0.0.1',
    },
  ];
}

function slugOf(channel: unknown): string | undefined {
  return text(typeof channel === 'object' ? record(channel).slug : channel)
    ?.trim()
    .toLowerCase();
}

function duplicates(
  names: readonly (string | undefined)[],
  path: (index: number) => Path,
  why: string,
): Problem[] {
  return names.flatMap((name, index) =>
    name !== undefined && names.indexOf(name) < index
      ? [{ path: path(index), text: `${nameOf(path(index))}: ${why}` }]
      : [],
  );
}

function unknown(names: readonly unknown[], known: readonly string[], path: Path, what: string): Problem[] {
  return names.flatMap((name, index) => {
    // Nothing known is a mistake of its own, told already.
    if (typeof name !== 'string' || known.length === 0 || known.includes(name)) return [];
    return [
      {
        path: [...path, index],
        text: `${nameOf([...path, index])}: unknown ${what} \`${shown(name)}\`${suggestion(
          name,
          known.filter((it) => shown(it) === it),
        )}`,
      },
    ];
  });
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
