/** Where a configuration is looked for. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Environment } from './document.js';

/** The file to read: the one named by `file` or EARSHOT_CONFIG, or else the first that exists; or all that were tried. */
export function findConfigFile(
  file: string | undefined,
  env: Environment,
  cwd: string,
): { readonly found: string } | { readonly tried: readonly string[] } {
  const named = file ?? (env.EARSHOT_CONFIG || undefined);
  if (named !== undefined) return { found: resolve(cwd, named) };
  const home = env.HOME || homedir();
  const tried = [
    join(cwd, 'earshot.yaml'),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'earshot', 'earshot.yaml'),
    '/etc/earshot/earshot.yaml',
  ];
  const found = tried.find((it) => existsSync(it));
  return found === undefined ? { tried } : { found };
}
