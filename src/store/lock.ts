/**
 * The lock that makes one Earshot the owner of a store: `<path>.lock`, a SQLite file held by an exclusive
 * transaction. The system frees it at once when the process dies, however it dies; a socket or a pid in a file
 * cannot promise that. Who holds it stands beside it in `<path>.pid`, for the message to the second one.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { StoreError } from '../errors.js';
import { createPrivately } from './private-file.js';

const PID_LOOKS = 20;
const PID_PAUSE_MS = 10;

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
    const holder = holderOf(pidFile);
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

/**
 * Who holds the lock. Two that start at once: the first may have the lock and not yet have written its pid, or
 * that of one that was killed may still stand there; so it is looked at again for a moment.
 */
function holderOf(file: string): string | undefined {
  for (let look = 0; look < PID_LOOKS; look += 1) {
    const pid = /^\d+/.exec(attempt(() => readFileSync(file, 'utf8')) ?? '')?.[0];
    if (pid !== undefined && attempt(() => process.kill(Number(pid), 0)) === true) return pid;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PID_PAUSE_MS);
  }
  return undefined;
}

/** What `work` gives, or undefined when it failed: the pid is a courtesy. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
