/** Which files a recording at a path is made of: one file, or a folder's segments and flight recordings in order. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { EarshotError } from '../errors.js';
import { flightRecordingsIn } from './blackbox.js';
import { segmentsIn } from './folder.js';
import { linesOf, reading } from './lines.js';
import { RECORD_ONE, TraceReader } from './reader.js';

/** Throws an EarshotError when nothing at the path is a trace that this version reads. */
export function traceFiles(path: string): string[] {
  const found = reading(path, () => statSync(path, { throwIfNoEntry: false }));
  if (found?.isDirectory() === false) {
    // What comes through a pipe can be read once only.
    if (found.isFile()) check(path).end();
    return [path];
  }
  const names = found && reading(path, () => [...segmentsIn(path), ...flightRecordingsIn(path)]);
  // A process that was killed before it had written a first line left nothing to replay.
  const files = names?.map((name) => join(path, name)).filter((file) => check(file).hasHeader) ?? [];
  if (files.length === 0) throw new EarshotError('noTrace', `there is no trace at ${path}`, RECORD_ONE);
  return files;
}

/** Reads as far as its header. Throws when it begins with something else. */
function check(file: string): TraceReader {
  const reader = new TraceReader(file);
  for (const line of linesOf(file)) if (reader.read(line) !== undefined) break;
  return reader;
}
