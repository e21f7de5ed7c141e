/** Which files a recording at a path is made of: one file, or the segments of a folder in their order. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EarshotError } from '../errors.js';
import { segmentsIn } from './folder.js';
import { TRACE_FORMAT } from './format.js';

/** A header is far shorter: a hash for every machine. */
const HEADER_MAX_BYTES = 64 * 1024;

/** Throws an EarshotError, code `noTrace`, when nothing at the path is a trace that this version reads. */
export function traceFiles(path: string): string[] {
  const files = filesAt(path);
  if (files.length === 0) throw noTrace(`there is no trace at ${path}`);
  for (const file of files) check(file);
  return files;
}

function filesAt(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  return found.isDirectory() ? segmentsIn(path).map((name) => join(path, name)) : [path];
}

function check(file: string): void {
  const format = formatOf(firstLine(file));
  if (format === TRACE_FORMAT) return;
  throw noTrace(
    format === undefined
      ? `${file} is no trace: its first line is not the header of one`
      : `${file} is a trace of format ${format}; this version reads format ${TRACE_FORMAT}`,
  );
}

/** The beginning of it, when it is longer than any header. */
function firstLine(file: string): string {
  const handle = openSync(file, 'r');
  try {
    const start = Buffer.alloc(HEADER_MAX_BYTES);
    const [line = ''] = start.toString('utf8', 0, readSync(handle, start)).split('\n', 1);
    return line;
  } finally {
    closeSync(handle);
  }
}

function formatOf(line: string): number | undefined {
  try {
    const header: unknown = JSON.parse(line);
    if (typeof header !== 'object' || header === null) return undefined;
    const { kind, format } = header as { kind?: unknown; format?: unknown };
    return kind === 'header' && typeof format === 'number' ? format : undefined;
  } catch {
    return undefined;
  }
}

function noTrace(text: string): EarshotError {
  return new EarshotError(
    'noTrace',
    text,
    'record one: earshot run --trace DIR, or earshot demo --trace DIR',
  );
}
