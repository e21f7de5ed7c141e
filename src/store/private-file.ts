/** Files that hold other people's words: nobody but their owner may read them. */
import { chmodSync, closeSync, openSync, statSync } from 'node:fs';

/**
 * Creates an empty file with mode 0600 unless it is there already. An existing one is never opened: closing any
 * descriptor of a file drops all locks that this process holds on it (POSIX), SQLite's among them.
 */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Takes away what others may do with it; what its owner may not, stays forbidden. */
export function makePrivate(path: string): void {
  const { mode } = statSync(path);
  if ((mode & 0o077) !== 0) chmodSync(path, mode & 0o700);
}
