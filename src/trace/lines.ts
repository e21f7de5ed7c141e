/** The lines of a file, read piece by piece: a file of any size needs no more memory than its longest line. */
import { closeSync, openSync, readSync } from 'node:fs';
import { EarshotError } from '../errors.js';

const PIECE_BYTES = 256 * 1024;
/** Far above any line of a trace: the longest have a few kilobytes. */
export const LINE_MAX_BYTES = 4 * 1024 * 1024;

/** Without their ends; the last one also when it has none. Throws an EarshotError when the file cannot be read. */
export function* linesOf(file: string): Generator<string, void> {
  const handle = reading(file, () => openSync(file, 'r'));
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    /** The beginning of a line whose end was not read yet. */
    let begun = Buffer.alloc(0);
    for (;;) {
      const size = reading(file, () => readSync(handle, piece));
      if (size === 0) break;
      const read = Buffer.concat([begun, piece.subarray(0, size)]);
      const end = read.lastIndexOf('\n');
      if (end >= 0) yield* read.toString('utf8', 0, end).split('\n');
      begun = read.subarray(end + 1);
      if (begun.length > LINE_MAX_BYTES) throw tooLong(file);
    }
    if (begun.length > 0) yield begun.toString('utf8');
  } finally {
    closeSync(handle);
  }
}

/** Says which file it was, when reading fails. */
export function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new EarshotError('unreadable', `${file} cannot be read (${code})`, REMEDIES[code], {
      cause: error,
    });
  }
}

const OWNER = 'a trace is readable by its owner alone: be the user that Earshot ran as, or have it copied';
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: OWNER,
  EPERM: OWNER,
  ENOENT: 'a daemon that runs removes its oldest segments: copy the folder first',
};

function tooLong(file: string): EarshotError {
  return new EarshotError(
    'noTrace',
    `${file} holds a line of more than ${LINE_MAX_BYTES / 1024 ** 2} MiB: no trace does`,
    'give a trace as Earshot wrote it, one JSON object a line',
  );
}
