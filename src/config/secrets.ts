/**
 * Secrets as the file names them: beside every one stands a `…File`, which holds it alone. Read once, turned
 * into `Secret` here. What is wrong is said without the value and without the path, for either may be a secret
 * that was put into the wrong line.
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { Secret } from '../secret.js';
import { discordWebhook } from '../sinks/discord-url.js';
import type { Path, Problem } from './document.js';
import { nameOf } from './problems.js';
import { record } from './record.js';

export interface Secrets {
  /** By the dotted name of the key: `sinks.discord.url`. */
  readonly values: ReadonlyMap<string, Secret>;
  readonly problems: readonly Problem[];
}

/** Longer than any key; a whole log given by mistake is not read into memory. */
const SECRET_MAX_BYTES = 16 * 1024;

/** @param folder what relative paths count from. */
export function readSecrets(config: unknown, folder: string): Secrets {
  const values = new Map<string, Secret>();
  const problems: Problem[] = [];
  const read = (around: Path, key: string, check?: (value: string) => string | undefined) => {
    const block = around.reduce<unknown>((it, step) => record(it)[String(step)], config);
    const fileKey = `${key}File`;
    const direct = record(block)[key];
    const file = record(block)[fileKey];
    const path = [...around, typeof direct === 'string' ? key : fileKey];
    const say = (text: string) => problems.push({ path, text: `${nameOf(path)}: ${text}` });
    const got =
      typeof direct === 'string'
        ? direct.trim()
        : typeof file === 'string'
          ? content(file, folder)
          : undefined;
    if (got === undefined) return;
    if (typeof got !== 'string') return void say(got.problem);
    const problem = check?.(got);
    if (problem !== undefined) return void say(problem);
    values.set([...around, key].join('.'), new Secret(got));
  };
  for (const [name, sink] of Object.entries(record(record(config).sinks))) {
    if (record(sink).type === 'discord') read(['sinks', name], 'url', webhookProblem);
    if (record(sink).type === 'postgrest') read(['sinks', name], 'key');
  }
  read(['control'], 'token', (value) =>
    value.length < 16 ? 'too short to protect anything; give at least 16 characters' : undefined,
  );
  return { values, problems };
}

function content(file: string, folder: string): string | { readonly problem: string } {
  if (/^https?:\/\//.test(file))
    return { problem: 'this is an address; give the name of a file that holds it' };
  try {
    const bytes = readFileSync(isAbsolute(file) ? file : resolve(folder, file));
    if (bytes.length > SECRET_MAX_BYTES)
      return { problem: 'that file is too large; give one that holds the secret alone' };
    const text = bytes.toString('utf8').trim();
    return text === '' ? { problem: 'that file is empty; write the secret into it' } : text;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    switch (code) {
      case 'ENOENT':
        return { problem: 'there is no such file; relative names count from the configuration file' };
      case 'EACCES':
      case 'EPERM':
        return { problem: 'that file may not be read; give the user that runs Earshot read access' };
      case 'EISDIR':
        return { problem: 'that is a folder; give the name of a file' };
      default:
        return { problem: `that file cannot be read (${code})` };
    }
  }
}

function webhookProblem(value: string): string | undefined {
  try {
    discordWebhook(value);
    return undefined;
  } catch {
    return 'not a webhook’s address; give https://discord.com/api/webhooks/ID/TOKEN';
  }
}
