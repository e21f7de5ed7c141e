/**
 * PostgreSQL and PostgREST together, set up as a Supabase project is: roles for the anonymous, for somebody who
 * may only read, for somebody who may only insert and for the service, and the table of notifications with every kind of constraint.
 */
import { type Postgresql, startPostgresql } from './postgresql.js';
import { type Postgrest, startPostgrest } from './postgrest.js';

export const TABLE = 'kick_notifications';

export interface Supabase {
  readonly url: string;
  readonly postgresql: Postgresql;
  readonly postgrest: Postgrest;
  /** Of the table, as JSON gives them, oldest first. */
  rows(table?: string): Record<string, unknown>[];
  empty(): void;
  /** Kills what serves PostgREST's idle connections: it learns of it when it uses them. */
  tearConnections(): void;
  end(): Promise<void>;
}

const SETUP = `
CREATE ROLE authenticator LOGIN NOINHERIT;
CREATE ROLE anon NOLOGIN;
CREATE ROLE reader NOLOGIN;
CREATE ROLE writer NOLOGIN;
CREATE ROLE service_role NOLOGIN BYPASSRLS;
GRANT anon, reader, writer, service_role TO authenticator;
CREATE TABLE kick_notifications (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  platform text NOT NULL,
  type text,
  channel text,
  username text NOT NULL CHECK (char_length(username) <= 25),
  message text NOT NULL,
  timestamp timestamptz,
  url text,
  original_message text,
  dedupe_key text UNIQUE
);
-- As above, guarded by row security: nobody but those who bypass it may write.
CREATE TABLE guarded (LIKE kick_notifications INCLUDING ALL);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
GRANT INSERT ON guarded TO anon, reader;
GRANT SELECT ON kick_notifications TO reader;
GRANT INSERT ON kick_notifications TO writer;
GRANT ALL ON ALL TABLES IN SCHEMA public TO service_role;
`;

export async function startSupabase(): Promise<Supabase> {
  const postgresql = await startPostgresql();
  postgresql.sql(SETUP);
  const postgrest: Postgrest = await startPostgrest(postgresql.port, 'authenticator', 'anon');
  return {
    url: postgrest.url,
    postgresql,
    postgrest,
    rows: (table = TABLE) => {
      const text = postgresql.sql(`SELECT to_jsonb(it) FROM ${table} it ORDER BY id;`);
      return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line));
    },
    empty: () => void postgresql.sql(`TRUNCATE ${TABLE}, guarded;`),
    tearConnections() {
      const pids = postgresql.sql(
        `SELECT pid FROM pg_stat_activity WHERE usename = 'authenticator' AND query NOT LIKE 'LISTEN%';`,
      );
      for (const pid of pids.split('\n').filter((line) => line !== '')) process.kill(Number(pid), 'SIGKILL');
    },
    async end() {
      await postgrest.end();
      await postgresql.end();
    },
  };
}
