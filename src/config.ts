/**
 * The configuration: file + environment → Config, or every mistake at once. The one reader of the environment.
 * YAML and zod are imported when a file is read: `earshot --version` comes by here too.
 */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { ConfigDocument, Environment, Problem } from './config/document.js';
import { findConfigFile } from './config/places.js';
import { record } from './config/record.js';
import { EarshotError } from './errors.js';
import type { DiscordConfig, ParsedConfig, PostgrestConfig, SinkConfig } from './schema.js';
import { Secret } from './secret.js';

type ConsoleConfig = Extract<SinkConfig, { type: 'console' }>;

/** A sink with its secrets read (from the file or its `…File`). */
export type ResolvedSink =
  | (Omit<DiscordConfig, 'url' | 'urlFile'> & { name: string; url: Secret })
  | (Omit<PostgrestConfig, 'key' | 'keyFile'> & { name: string; key: Secret | undefined })
  | (ConsoleConfig & { name: string });

/** What the daemon is built from. Durations are milliseconds, sizes bytes, paths absolute. */
export interface Config extends Omit<ParsedConfig, 'sinks' | 'rules' | 'control'> {
  /** In the order of the file; the console alone when none is configured. */
  readonly sinks: readonly ResolvedSink[];
  readonly rules: ParsedConfig['rules'];
  readonly control:
    | false
    | {
        readonly host: string;
        readonly port: number;
        /** Asked of every POST, and of every request when `host` is not the loopback. */
        readonly token: Secret | undefined;
        readonly allowedHosts: readonly string[];
      };
  /** Where it was read from, for messages. */
  readonly file: string;
}

/** Where to look. Absent: EARSHOT_CONFIG, ./earshot.yaml, the user's configuration folder, /etc/earshot/. */
export interface ConfigPlace {
  readonly file?: string | undefined;
  readonly env?: Environment;
  readonly cwd?: string;
}

/** Everything that is wrong with a configuration, one line each: `file:line:column: what is wrong, what would be right`. */
export class ConfigErrors extends EarshotError {
  override readonly name = 'ConfigErrors';
  constructor(readonly lines: readonly string[]) {
    super('config', lines.join('\n'));
  }
}

/** The process's environment. */
export const environment: Environment = process.env;

/** Reads, checks and completes the configuration. Rejects with ConfigErrors. */
export async function loadConfig(place: ConfigPlace = {}): Promise<Config> {
  const { file, document, fail } = await read(place);
  const { completeConfig } = await import('./config/complete.js');
  const completed = completeConfig(document, file);
  return 'problems' in completed ? fail(completed.problems) : completed.config;
}

/**
 * Where a daemon of this configuration keeps its store, beside which its socket lies. Needs no secret.
 * Rejects with ConfigErrors.
 */
export async function loadControlOnly(
  place: ConfigPlace = {},
): Promise<{ readonly file: string; readonly storePath: string }> {
  const { file, document, fail } = await read(place);
  const own = document.problems.filter(({ path }) => path[0] === 'store' && path[1] === 'path');
  const path = record(record(document.value).store).path ?? DEFAULT_STORE_PATH;
  if (own.length > 0) return fail(own);
  if (typeof path !== 'string' || path === '') {
    return fail([{ path: ['store', 'path'], text: 'store.path: give the name of a file' }]);
  }
  return { file, storePath: resolve(dirname(file), path) };
}

const DEFAULT_STORE_PATH = './earshot.db';

/** Every secret of a configuration, for whoever writes where people read. */
export function secretsOf({ sinks, control }: Pick<Config, 'sinks' | 'control'>): Secret[] {
  const own = sinks.map((sink) =>
    sink.type === 'discord' ? sink.url : sink.type === 'postgrest' ? sink.key : undefined,
  );
  return [...own, control === false ? undefined : control.token].filter((it) => it instanceof Secret);
}

async function read({ file: named, env = environment, cwd = process.cwd() }: ConfigPlace) {
  const place = findConfigFile(named, env, cwd);
  if ('tried' in place) {
    throw new ConfigErrors([
      `no configuration found; write one to ${place.tried[0]}, or name it with --config (looked for ${place.tried.join(', ')})`,
    ]);
  }
  const file = place.found;
  const shown = file.startsWith(`${cwd}/`) ? relative(cwd, file) : file;
  const { ConfigDocument } = await import('./config/document.js');
  const document = new ConfigDocument(textOf(file, shown), env);
  if (document.syntaxErrors.length > 0) {
    throw new ConfigErrors(firstOfEach(document.syntaxErrors).map((it) => `${shown}:${it}`));
  }
  const fail = (problems: readonly Problem[]): never => {
    throw new ConfigErrors(lines(problems, document, shown));
  };
  return { file, document, fail };
}

/** One slip of a bracket makes a parser complain all the way down: of each complaint the first place is enough. */
function firstOfEach(complaints: readonly string[]): string[] {
  const texts = complaints.map((it) => it.replace(/^\d+:\d+: /, ''));
  return complaints.filter((_, index) => texts.indexOf(texts[index] ?? '') === index);
}

function textOf(file: string, shown: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? 'it may not be read; give the user that runs Earshot read access'
          : `it cannot be read (${code})`;
    throw new ConfigErrors([`${shown}: ${why}`]);
  }
}

/** In the order of the file, each once. */
function lines(problems: readonly Problem[], document: ConfigDocument, shown: string): string[] {
  const placed = problems.map(({ path, atKey, text }) => {
    const place = document.place(path, atKey);
    const [line = 1, column = 1] = place.split(':').map(Number);
    return { line, column, text: `${shown}:${place}: ${text}` };
  });
  placed.sort((one, other) => one.line - other.line || one.column - other.column);
  return [...new Set(placed.map(({ text }) => text))];
}
