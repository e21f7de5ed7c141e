/** From a parsed file to the configuration: the schema's defaults, secrets in place, paths made absolute. */
import { dirname, resolve } from 'node:path';
import type { Config, ResolvedSink } from '../config.js';
import { configSchema, type ParsedConfig } from '../schema.js';
import type { Secret } from '../secret.js';
import type { ConfigDocument, Path, Problem } from './document.js';
import { problemsOf } from './problems.js';
import { connectionProblems, controlProblems, referenceProblems } from './references.js';
import { readSecrets } from './secrets.js';

const DAY_MS = 24 * 3_600_000;

export function completeConfig(
  document: ConfigDocument,
  file: string,
): { readonly config: Config } | { readonly problems: readonly Problem[] } {
  const folder = dirname(file);
  const value = document.value ?? {};
  const secrets = readSecrets(value, folder);
  const parsed = configSchema.safeParse(value);
  // What the environment lacked is not also told as a mistake of form.
  const filled = (problem: Problem) => !document.problems.some(({ path }) => isWithin(problem.path, path));
  const problems = [
    ...document.problems,
    ...[
      ...(parsed.success ? [] : problemsOf(parsed.error.issues, value)),
      ...referenceProblems(value),
      ...controlProblems(value),
      ...connectionProblems(value),
      ...secrets.problems,
    ].filter(filled),
  ];
  if (!parsed.success || problems.length > 0) return { problems };
  return { config: resolved(parsed.data, secrets.values, file) };
}

function isWithin(path: Path, around: Path): boolean {
  return around.every((step, depth) => path[depth] === step);
}

function resolved(parsed: ParsedConfig, secrets: ReadonlyMap<string, Secret>, file: string): Config {
  const sinks = Object.entries(parsed.sinks).flatMap(([name, sink]) => sinkOf(name, sink, secrets));
  const { control, store, trace } = parsed;
  const folder = dirname(file);
  return {
    ...parsed,
    rules: parsed.rules,
    file,
    store: { ...store, path: resolve(folder, store.path) },
    trace: { ...trace, ...(trace.dir !== undefined && { dir: resolve(folder, trace.dir) }) },
    sinks:
      sinks.length > 0 ? sinks : [{ type: 'console', name: 'console', maxAge: DAY_MS, maxPending: 100_000 }],
    control: control === false ? false : controlOf(control, secrets.get('control.token')),
  };
}

function controlOf(
  { host, port, allowedHosts }: Exclude<ParsedConfig['control'], false>,
  token: Secret | undefined,
): Config['control'] {
  return { host, port, allowedHosts, token };
}

function sinkOf(
  name: string,
  sink: ParsedConfig['sinks'][string],
  secrets: ReadonlyMap<string, Secret>,
): ResolvedSink[] {
  switch (sink.type) {
    case 'discord': {
      const { url: _, urlFile: __, ...rest } = sink;
      const url = secrets.get(`sinks.${name}.url`);
      return url === undefined ? [] : [{ ...rest, name, url }];
    }
    case 'postgrest': {
      const { key: _, keyFile: __, ...rest } = sink;
      return [{ ...rest, name, key: secrets.get(`sinks.${name}.key`) }];
    }
    case 'console':
      return [{ ...sink, name }];
  }
}
