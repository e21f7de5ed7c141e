/**
 * The lock that makes one Earshot the owner of a store: `<path>.lock`, a SQLite file held by an exclusive
 * transaction. The system frees it at once when the process dies, however it dies; a socket or a pid in a file
 * cannot promise that. Who holds it stands beside it in `<path>.pid`, for the message to the second one.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { StoreError } from '../errors.js';
import { createPrivately } from './private-file.js';

const LOOKS_MAX = 200;
/** Not the same for two that start at once, or they could go on being in each other's way. */
const PAUSE_MS = 10 + (process.pid % 7);

export interface Lock {
  /** Never throws: a pid left behind says nothing, only the lock does. */
  release(): void;
}

/**
 * Throws StoreError `held` when another process has it, within four seconds. Of two that start at once SQLite may refuse
 * both, and the one that has the lock may not have written its pid yet; so both `pause` and look again.
 */
export function takeLock(path: string, pause = sleep): Lock {
  const file = `${path}.lock`;
  const pidFile = `${path}.pid`;
  createPrivately(file);
  // Rows are never written: the file exists to be locked.
  const db = new Database(file, { timeout: 0 });
  try {
    for (let look = 1; !isTaken(db); look += 1) {
      const holder = holderOf(pidFile);
      if (holder !== undefined || look === LOOKS_MAX) throw held(path, holder);
      pause();
    }
  } catch (error) {
    db.close();
    throw error;
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

function isTaken(db: Database.Database): boolean {
  try {
    // Even this is refused while another process has the file.
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY'))
      return false;
    throw error;
  }
}

function held(path: string, holder: string | undefined): StoreError {
  return new StoreError(
    'held',
    `another Earshot${holder === undefined ? '' : ` (pid ${holder})`} is running on ${path}`,
    holder === undefined
      ? 'stop it first, or give this one its own store.path'
      : `stop it first (kill ${holder}), or give this one its own store.path`,
  );
}

/** The pid that stands beside the lock, if it is that of a process that lives: one that was killed leaves its own. */
function holderOf(file: string): string | undefined {
  const pid = /^\d+/.exec(attempt(() => readFileSync(file, 'utf8')) ?? '')?.[0];
  return pid !== undefined && attempt(() => process.kill(Number(pid), 0)) === true ? pid : undefined;
}

/** Opening a store is synchronous, and so is waiting for it. */
function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/** What `work` gives, or undefined when it failed: the pid is a courtesy. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
