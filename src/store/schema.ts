/** The database's tables, as migrations: each entry leads from one version to the next. */
import type { Database } from 'better-sqlite3';

/**
 * Times are epoch milliseconds. `archive` is what concerned the user (or everything, as configured); `outbox`
 * what is still to be delivered; `dead` what never will be unless a person says so. A row of the outbox or of
 * `dead` keeps its archived message: retention leaves it alone.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE archive (
    id          INTEGER PRIMARY KEY,
    dedupe_key  TEXT NOT NULL,  -- platform:id
    channel     TEXT NOT NULL,
    sender      TEXT NOT NULL,
    sender_id   TEXT NOT NULL,
    text        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    stored_at   INTEGER NOT NULL,
    late        INTEGER NOT NULL,
    reply_to    TEXT,  -- JSON
    notice      TEXT   -- JSON: why it concerned whom; none when it was only archived
  ) STRICT;
  CREATE INDEX archive_stored ON archive (stored_at);
  -- The second comes first: ids are random, and each insert would write a page of its own somewhere in the index.
  CREATE UNIQUE INDEX archive_message ON archive (created_at / 1000, dedupe_key);

  CREATE TABLE outbox (
    seq         INTEGER PRIMARY KEY,
    sink        TEXT NOT NULL,
    archive_id  INTEGER NOT NULL REFERENCES archive (id),
    accepted_at INTEGER NOT NULL,
    crashes     INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX outbox_sink ON outbox (sink, seq);
  CREATE INDEX outbox_archive ON outbox (archive_id);

  CREATE TABLE dead (
    -- Never given twice: a person may type the number of one that is gone by then.
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    sink        TEXT NOT NULL,
    archive_id  INTEGER NOT NULL REFERENCES archive (id),
    accepted_at INTEGER NOT NULL,
    ended       TEXT NOT NULL CHECK (ended IN ('dead', 'expired')),
    at          INTEGER NOT NULL,
    code        TEXT NOT NULL,
    text        TEXT NOT NULL
  ) STRICT;
  CREATE INDEX dead_archive ON dead (archive_id);

  CREATE TABLE channel (
    slug        TEXT PRIMARY KEY,
    channel_id  INTEGER,
    chatroom_id INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE mark (
    channel     TEXT PRIMARY KEY,
    created_at  INTEGER NOT NULL,
    id          TEXT NOT NULL
  ) STRICT;

  CREATE TABLE sink (
    name        TEXT PRIMARY KEY,
    memory      TEXT NOT NULL
  ) STRICT;

  CREATE TABLE counter (
    name        TEXT PRIMARY KEY,
    value       INTEGER NOT NULL
  ) STRICT;
  INSERT INTO counter VALUES ('seq', 0), ('notifications', 0);
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

export function schemaVersion(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/** Brings the tables to the newest version, in one transaction. */
export function migrate(db: Database): void {
  const from = schemaVersion(db);
  db.transaction(() => {
    for (const step of MIGRATIONS.slice(from)) db.exec(step);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  }).immediate();
}
