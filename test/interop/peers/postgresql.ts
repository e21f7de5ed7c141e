/**
 * PostgreSQL from this machine's packages: a cluster of its own in a temporary folder, on loopback, owned by
 * nobody special. It is as durable as a test needs: not at all.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgresqlFolder } from './postgresql-folder.mjs';
import { freePort, type ServerProcess, startServer } from './server-process.js';

const SUPERUSER = 'earshot';

export interface Postgresql {
  readonly port: number;
  /** Runs SQL as the superuser; gives what it printed, a row a line, columns by tabs. */
  sql(text: string): string;
  /** Every connection is torn and no new one taken, until `comeBack`. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  /** Ends it and removes its folder. */
  end(): Promise<void>;
}

export async function startPostgresql(): Promise<Postgresql> {
  const bin = postgresqlFolder();
  if (bin === undefined) throw new Error('PostgreSQL is not installed here');
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? nobody() : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'earshot-postgresql-'));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const setUp = ['-D', data, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(bin, 'initdb'), setUp, { stdio: 'pipe', timeout: 60_000, cwd: folder, ...user });
  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'fsync=off',
    'max_connections=40',
  ];
  const start = () =>
    startServer({
      command: join(bin, 'postgres'),
      args: ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
      ready: /ready to accept connections/,
      // Its way to stop at once; SIGKILL would leave its children for a while.
      endSignal: 'SIGQUIT',
      user,
    });
  let server: ServerProcess = await start();
  return {
    port,
    sql(text) {
      const how = ['-h', '127.0.0.1', '-p', String(port), '-U', SUPERUSER, '-d', 'postgres'];
      const args = [...how, '-v', 'ON_ERROR_STOP=1', '-qtA', '-F', '\t', '-f', '-'];
      return execFileSync(join(bin, 'psql'), args, { input: text, encoding: 'utf8', timeout: 20_000 }).trim();
    },
    goDown: () => server.end(),
    async comeBack() {
      server = await start();
    },
    async end() {
      await server.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function nobody(): { uid: number; gid: number } {
  const idOf = (flag: string) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8', timeout: 5_000 }).trim());
  return { uid: idOf('-u'), gid: idOf('-g') };
}
