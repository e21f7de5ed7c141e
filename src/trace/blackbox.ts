/**
 * The flight recorder: always holds the last minutes of what the machines did, and writes them to a file when it is
 * told to. Memory is bounded by bytes and by age; the file is one segment that replays alone.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../world.js';
import type { TraceRecorder } from './recorder.js';

export interface BlackboxOptions {
  readonly recorder: Pick<TraceRecorder, 'introduction' | 'listen'>;
  readonly clock: Pick<Clock, 'now' | 'wall'>;
  /** Made when the first file is written. */
  readonly folder: string;
  /** 8 MiB, if a line for everyone alive and a tenth of this fit into it; that much is always held. */
  readonly maxBytes?: number;
  /** 10 min. */
  readonly maxAgeMs?: number;
}

export type BlackboxReason = 'degraded' | 'crashed' | 'asked';

export interface BlackboxFile {
  readonly file: string;
  /** Epoch milliseconds. */
  readonly wall: number;
  readonly reason: BlackboxReason;
}

/** Part of what is held, thrown away as a whole: it begins with everyone alive, so that what follows replays. */
interface Chunk {
  readonly beganAt: number;
  readonly introduction: readonly string[];
  readonly introductionBytes: number;
  readonly lines: string[];
  /** Of the lines. */
  bytes: number;
}

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_AGE_MS = 600_000;
const CHUNKS = 10;
const FILES_MAX = 8;
/** A part that fails and recovers all day must not write all day. */
const UNASKED_EVERY_MS = 60_000;
const FILE = /^blackbox-[\dTZ-]+-[a-z]+\.ndjson$/;

export class Blackbox {
  readonly #options: BlackboxOptions;
  readonly #chunkMaxBytes: number;
  readonly #chunkMaxAgeMs: number;
  readonly #maxAgeMs: number;
  readonly #maxBytes: number;
  readonly #chunks: Chunk[] = [];
  #bytes = 0;
  #lastUnaskedAt = Number.NEGATIVE_INFINITY;
  #last: BlackboxFile | null = null;

  constructor(options: BlackboxOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#maxAgeMs = options.maxAgeMs ?? MAX_AGE_MS;
    this.#chunkMaxBytes = this.#maxBytes / CHUNKS;
    this.#chunkMaxAgeMs = this.#maxAgeMs / CHUNKS;
    this.#begin(options.clock.now());
    options.recorder.listen((line) => this.#hold(line));
  }

  /** The file written last. */
  get last(): BlackboxFile | null {
    return this.#last;
  }

  /** Turned degraded: writes, unless it did within the last minute. Throws what the file system throws. */
  degraded(): BlackboxFile | undefined {
    const now = this.#options.clock.now();
    if (now - this.#lastUnaskedAt < UNASKED_EVERY_MS) return undefined;
    this.#lastUnaskedAt = now;
    return this.write('degraded');
  }

  /** Writes what is held, and removes the oldest files above 8. Throws what the file system throws. */
  write(reason: BlackboxReason): BlackboxFile {
    const { folder, clock } = this.#options;
    const wall = Math.round(clock.wall());
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(
      folder,
      `blackbox-${new Date(wall).toISOString().replace(/[:.]/g, '-')}-${reason}.ndjson`,
    );
    const lines = this.#chunks.flatMap((chunk, index) => [
      ...(index === 0 ? chunk.introduction : []),
      ...chunk.lines,
    ]);
    try {
      writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
    for (const name of flightRecordingsIn(folder).slice(0, -FILES_MAX))
      rmSync(join(folder, name), { force: true });
    this.#last = { file, wall, reason };
    return this.#last;
  }

  #hold(line: string): void {
    const chunk = this.#chunks.at(-1);
    if (chunk === undefined) return;
    chunk.lines.push(line);
    chunk.bytes += line.length + 1;
    this.#bytes += line.length + 1;
    const now = this.#options.clock.now();
    if (chunk.bytes < this.#chunkMaxBytes && now - chunk.beganAt < this.#chunkMaxAgeMs) return;
    this.#begin(now);
    this.#shed(now);
  }

  #begin(now: number): void {
    const introduction = this.#options.recorder.introduction();
    const introductionBytes = introduction.reduce((sum, line) => sum + line.length + 1, 0);
    this.#chunks.push({ beganAt: now, introduction, introductionBytes, lines: [], bytes: 0 });
    this.#bytes += introductionBytes;
  }

  /** Lets go of what is too much or too old; never of the chunk that is being written. */
  #shed(now: number): void {
    for (let next = this.#chunks[1]; next !== undefined; next = this.#chunks[1]) {
      const isOld = now - next.beganAt > this.#maxAgeMs;
      if (this.#bytes <= this.#maxBytes && !isOld) return;
      const [oldest] = this.#chunks.splice(0, 1);
      if (oldest !== undefined) this.#bytes -= oldest.introductionBytes + oldest.bytes;
    }
  }
}

/** The names of a folder's flight recordings, oldest first. */
export function flightRecordingsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => FILE.test(name))
    .sort();
}
