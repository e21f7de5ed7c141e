/**
 * Where traces are kept: segments of a bounded size in one folder, the oldest of which go. A folder that cannot be
 * written (a full disk) costs what happens meanwhile and nothing else; a minute later a new segment is tried.
 */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EarshotError } from '../errors.js';
import type { Clock } from '../world.js';

export interface TraceFolderOptions {
  readonly folder: string;
  readonly segmentMaxBytes: number;
  readonly segmentsMax: number;
  readonly clock: Pick<Clock, 'now'>;
  /** The lines that a segment must start with. */
  readonly introduction: () => readonly string[];
  /** Told once for each time that writing failed after it had worked. */
  readonly failed: (error: unknown) => void;
}

const SEGMENT = /^trace-(\d{6,})\.ndjson$/;
const AGAIN_MS = 60_000;

export class TraceFolder {
  readonly #options: TraceFolderOptions;
  #number: number;
  #file: number | undefined;
  #bytes = 0;
  /** When a segment is tried again, after a failure. */
  #againAt: number | undefined;
  #isFailing = false;

  /** Throws an EarshotError when the folder cannot be written. */
  constructor(options: TraceFolderOptions) {
    const { folder } = options;
    this.#options = options;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#number = Math.max(0, ...segmentsIn(folder).map(numberOf));
      this.#open();
    } catch (error) {
      throw unwritable(folder, error);
    }
  }

  /** Written at once, so that a crash loses no line that was told. Never throws. */
  write(line: string): void {
    try {
      if (this.#file !== undefined) this.#append(line);
      // What an actor's line says is in the introduction; a message is lost as those of the last minute are.
      else if (this.#againAt !== undefined && this.#options.clock.now() >= this.#againAt) this.#open();
    } catch (error) {
      this.#rest(error);
    }
  }

  close(): void {
    this.#againAt = undefined;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #append(line: string): void {
    if (this.#file === undefined) return;
    this.#bytes += writeSync(this.#file, `${line}\n`);
    if (this.#bytes >= this.#options.segmentMaxBytes) this.#open();
  }

  #open(): void {
    this.close();
    this.#number += 1;
    const { folder, segmentsMax, introduction } = this.#options;
    this.#file = openSync(join(folder, `trace-${String(this.#number).padStart(6, '0')}.ndjson`), 'w', 0o600);
    // What a segment begins with may be long (it has everyone alive), and does not count: it never begins another.
    this.#bytes = 0;
    writeSync(this.#file, `${introduction().join('\n')}\n`);
    for (const name of segmentsIn(folder).slice(0, -segmentsMax)) rmSync(join(folder, name));
    this.#isFailing = false;
  }

  #rest(error: unknown): void {
    this.close();
    this.#againAt = this.#options.clock.now() + AGAIN_MS;
    if (!this.#isFailing) this.#options.failed(error);
    this.#isFailing = true;
  }
}

/** The names of a folder's segments, oldest first. */
export function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => SEGMENT.test(name))
    .sort((one, other) => numberOf(one) - numberOf(other));
}

function unwritable(folder: string, error: unknown): EarshotError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new EarshotError(
    'trace',
    `the trace's folder ${folder} cannot be written (${code})`,
    'name another with --trace or trace.dir, or give the user that runs Earshot write access to it',
    { cause: error },
  );
}

function numberOf(name: string): number {
  return Number(SEGMENT.exec(name)?.[1]);
}
