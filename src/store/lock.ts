/**
 * The lock that makes one Earshot the owner of a store: `<path>.lock`, a SQLite file held by an exclusive
 * transaction. The system frees it at once when the process dies, however it dies; a socket or a pid in a file
 * cannot promise that. Who holds it stands beside it in `<path>.pid`, for the message to the second one.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { StoreError } from '../errors.js';
import { createPrivately } from './private-file.js';

export interface Lock {
  /** Never throws: a pid left behind says nothing, only the lock does. */
  release(): void;
}

/** Throws StoreError `held` when another process has it. */
export function takeLock(path: string): Lock {
  const file = `${path}.lock`;
  const pidFile = `${path}.pid`;
  createPrivately(file);
  // Rows are never written: the file exists to be locked.
  const db = new Database(file, { timeout: 0 });
  try {
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!isBusy(error)) throw error;
    const holder = readPid(pidFile);
    throw new StoreError(
      'held',
      `another Earshot${holder === undefined ? '' : ` (pid ${holder})`} is running on ${path}`,
      holder === undefined
        ? 'stop it first, or give this one its own store.path'
        : `stop it first (kill ${holder}), or give this one its own store.path`,
      { cause: error },
    );
  }
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    release() {
      // Before the lock is free, or it could be the next holder's that is removed.
      attempt(() => rmSync(pidFile, { force: true }));
      db.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}

function readPid(file: string): string | undefined {
  return /^\d+/.exec(attempt(() => readFileSync(file, 'utf8')) ?? '')?.[0];
}

/** What `work` gives, or undefined when it failed: the pid is a courtesy. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
