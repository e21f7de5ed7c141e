/** SQLite's refusals in Earshot's words: what happened to which file, and what to do. */
import { StoreError } from '../errors.js';

type Code = ConstructorParameters<typeof StoreError>[0];

/** By the beginning of SQLite's (or the system's) code; the first that fits. */
const KNOWN: readonly (readonly [prefix: string, code: Code, what: string, remedy: string])[] = [
  ['SQLITE_BUSY', 'busy', 'is locked by another program', 'close the program that writes to it'],
  ['SQLITE_LOCKED', 'busy', 'is locked', 'close the program that writes to it'],
  ['SQLITE_FULL', 'full', 'cannot grow: the disk is full', 'free some space; nothing else needs to be done'],
  ['ENOSPC', 'full', 'cannot grow: the disk is full', 'free some space; nothing else needs to be done'],
  ['EDQUOT', 'full', 'cannot grow: the quota is used up', 'free some space; nothing else needs to be done'],
  [
    'SQLITE_READONLY',
    'readOnly',
    'is read-only',
    'give the user that runs Earshot write access to the file and its folder',
  ],
  [
    'SQLITE_CANTOPEN',
    'readOnly',
    'cannot be opened',
    'check that the folder exists and that the user may write there',
  ],
  [
    'SQLITE_PERM',
    'readOnly',
    'may not be opened',
    'give the user that runs Earshot write access to the file',
  ],
  [
    'EACCES',
    'readOnly',
    'may not be opened',
    'give the user that runs Earshot write access to the file and its folder',
  ],
  [
    'EPERM',
    'readOnly',
    'may not be opened',
    'give the user that runs Earshot write access to the file and its folder',
  ],
  ['EROFS', 'readOnly', 'lies on a read-only file system', 'set store.path to a place that can be written'],
  [
    'SQLITE_NOTADB',
    'notADatabase',
    'is not a database',
    'set store.path to another file, or move this one away',
  ],
  [
    'SQLITE_CORRUPT',
    'corrupt',
    'is damaged',
    'move it away, or repair it with `sqlite3 FILE .recover`; a copy may lie beside it',
  ],
  ['SQLITE_IOERR', 'io', 'could not be read or written', 'check the disk (dmesg, SMART)'],
];

/** Runs `work`; what SQLite or the file system throws leaves as a StoreError about `path`. */
export function translated<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(path, error);
  }
}

function translate(path: string, error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error) || !('code' in error)) return error;
  const code = String(error.code);
  for (const [prefix, own, what, remedy] of KNOWN) {
    if (code.startsWith(prefix))
      return new StoreError(own, `${path} ${what} (${code})`, remedy, { cause: error });
  }
  if (code.startsWith('SQLITE_CONSTRAINT') || code === 'SQLITE_ERROR') return error;
  return new StoreError('io', `${path}: ${error.message} (${code})`, undefined, { cause: error });
}
