/** What a database needs before it can be used: the right kind and version, its settings, a copy before migrating. */
import { rmSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { StoreError } from '../errors.js';
import type { StoreOptions } from '../store.js';
import { createPrivately } from './private-file.js';
import { migrate, SCHEMA_VERSION, schemaVersion } from './schema.js';

/** "EARS": tells Earshot's databases from everybody else's. */
const APPLICATION_ID = 0x45415253;

export function prepareDatabase(db: Database, { path, durability }: StoreOptions): void {
  const version = schemaVersion(db);
  const isNew = version === 0 && tableCount(db) === 0;
  if (!isNew) refuseForeign(db, path, version);
  // Before the first table, or it takes no effect.
  if (isNew) db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`);
  db.pragma('journal_size_limit = 67108864');
  db.pragma('wal_autocheckpoint = 1000');
  db.pragma('foreign_keys = ON');
  db.pragma('trusted_schema = OFF');
  if (version === SCHEMA_VERSION) {
    // Written only to see that it can be: SQLite opens a file it may not write all the same, and refuses later.
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
    return;
  }
  const copy = isNew ? undefined : copyBefore(db, path, version);
  try {
    migrate(db);
  } catch (error) {
    if (copy === undefined || !isOddSchema(error)) throw error;
    throw new StoreError(
      'corrupt',
      `${path} could not be brought from schema ${version} to ${SCHEMA_VERSION}, and was left as it was`,
      `report this; ${copy} is a copy of it`,
      { cause: error },
    );
  }
  db.pragma(`application_id = ${APPLICATION_ID}`);
}

function refuseForeign(db: Database, path: string, version: number): void {
  if (Number(db.pragma('application_id', { simple: true })) !== APPLICATION_ID) {
    throw new StoreError(
      'notADatabase',
      `${path} is a database of another program`,
      'set store.path to another file',
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new StoreError(
      'newerVersion',
      `${path} was written by a newer Earshot (schema ${version}; this one knows ${SCHEMA_VERSION})`,
      'update Earshot, or set store.path to another file',
    );
  }
}

/** A whole copy, private as the database itself. A copy that could not be finished is not left lying about. */
function copyBefore(db: Database, path: string, version: number): string {
  const copy = `${path}.schema${version}.bak`;
  rmSync(copy, { force: true });
  try {
    // SQLite takes an empty file as none, and keeps its mode.
    createPrivately(copy);
    db.prepare('VACUUM INTO ?').run(copy);
  } catch (error) {
    rmSync(copy, { force: true });
    throw error;
  }
  return copy;
}

/** The tables are not those that the version stands for. */
export function isOddSchema(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_ERROR';
}

function tableCount(db: Database): number {
  return db.prepare<[], { count: number }>('SELECT count(*) AS count FROM sqlite_schema').get()?.count ?? 0;
}
