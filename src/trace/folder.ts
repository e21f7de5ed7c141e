/** Where traces are kept: segments of a bounded size in one folder, the oldest of which go. */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface TraceFolderOptions {
  readonly folder: string;
  readonly segmentMaxBytes: number;
  readonly segmentsMax: number;
  /** Called when a segment was begun: what it must start with is written now. */
  readonly begun: () => void;
  /** Takes every secret out of a line. */
  readonly scrub: (line: string) => string;
}

const SEGMENT = /^trace-(\d{6})\.ndjson$/;

export class TraceFolder {
  readonly #options: TraceFolderOptions;
  #number: number;
  #file: number | undefined;
  #bytes = 0;
  #isTurning = false;

  constructor(options: TraceFolderOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#number = Math.max(0, ...segmentsIn(options.folder).map((name) => Number(SEGMENT.exec(name)?.[1])));
    this.#open();
  }

  /** Written at once, so that a crash loses no line that was told. */
  write(line: string): void {
    if (this.#file === undefined) return;
    const text = `${this.#options.scrub(line)}\n`;
    this.#bytes += writeSync(this.#file, text);
    if (this.#bytes >= this.#options.segmentMaxBytes && !this.#isTurning) this.#turn();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #turn(): void {
    // What a segment begins with may itself be long: it never begins another.
    this.#isTurning = true;
    this.close();
    this.#open();
    this.#options.begun();
    this.#isTurning = false;
  }

  #open(): void {
    this.#number += 1;
    const { folder, segmentsMax } = this.#options;
    this.#file = openSync(join(folder, `trace-${String(this.#number).padStart(6, '0')}.ndjson`), 'w', 0o600);
    this.#bytes = 0;
    for (const name of segmentsIn(folder).slice(0, -segmentsMax)) rmSync(join(folder, name));
  }
}

/** The names of a folder's segments, oldest first. */
export function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => SEGMENT.test(name))
    .sort();
}
