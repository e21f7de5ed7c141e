/**
 * The trace as it happens, for whoever looks on: `GET /trace` begins with everyone alive and goes on, ten times a
 * second at most. A reader that is too slow loses lines, is told how many, and begins afresh once it has caught up;
 * it costs the daemon a bounded buffer and no time.
 */
import type { ServerResponse } from 'node:http';
import type { TraceLine } from '../trace/format.js';
import type { TraceRecorder } from '../trace/recorder.js';
import type { Clock, TimerId } from '../world.js';

export interface LiveTraceOptions {
  readonly recorder: Pick<TraceRecorder, 'introduction' | 'listen'>;
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  /** Bytes that wait for one reader; 4 MiB. */
  readonly bufferMaxBytes?: number;
}

interface Reader {
  readonly response: ServerResponse;
  lines: string[];
  bytes: number;
  /** Lines that it will not get; above 0 it gets none until it has caught up. */
  missed: number;
}

const READERS_MAX = 8;
const FLUSH_MS = 100;
/** An empty line now and then, so that neither side takes silence for death. */
const HEARTBEAT_MS = 5_000;
const BUFFER_MAX_BYTES = 4 * 1024 * 1024;

export class LiveTrace {
  readonly #options: LiveTraceOptions;
  readonly #bufferMaxBytes: number;
  readonly #readers = new Set<Reader>();
  #unlisten: (() => void) | undefined;
  #timer: TimerId | undefined;
  #sinceHeartbeatMs = 0;

  constructor(options: LiveTraceOptions) {
    this.#options = options;
    this.#bufferMaxBytes = options.bufferMaxBytes ?? BUFFER_MAX_BYTES;
  }

  /** False when there are as many readers as there may be; the response is untouched then. */
  attach(response: ServerResponse, headers: Readonly<Record<string, string>>): boolean {
    if (this.#readers.size >= READERS_MAX) return false;
    const reader: Reader = { response, lines: [], bytes: 0, missed: 0 };
    response.once('close', () => this.#detach(reader));
    response.writeHead(200, { ...headers, 'content-type': 'application/x-ndjson' });
    this.#readers.add(reader);
    this.#introduce(reader);
    this.#unlisten ??= this.#options.recorder.listen((line) => this.#told(line));
    this.#timer ??= this.#options.clock.setTimeout(() => this.#flush(), FLUSH_MS);
    return true;
  }

  close(): void {
    for (const { response } of this.#readers) response.destroy();
  }

  #detach(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#unlisten?.();
    this.#unlisten = undefined;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #introduce(reader: Reader): void {
    const gap: TraceLine = { kind: 'gap', lines: reader.missed };
    const introduction = this.#options.recorder.introduction();
    reader.lines = reader.missed > 0 ? [JSON.stringify(gap), ...introduction] : introduction;
    reader.bytes = reader.lines.reduce((sum, line) => sum + line.length + 1, 0);
    reader.missed = 0;
  }

  #told(line: string): void {
    for (const reader of this.#readers) {
      const isFull = reader.bytes + reader.response.writableLength > this.#bufferMaxBytes;
      if (isFull || reader.missed > 0) {
        reader.missed += reader.lines.length + 1;
        reader.lines = [];
        reader.bytes = 0;
      } else {
        reader.lines.push(line);
        reader.bytes += line.length + 1;
      }
    }
  }

  #flush(): void {
    this.#sinceHeartbeatMs += FLUSH_MS;
    const isHeartbeat = this.#sinceHeartbeatMs >= HEARTBEAT_MS;
    if (isHeartbeat) this.#sinceHeartbeatMs = 0;
    for (const reader of this.#readers) {
      if (reader.missed > 0 && reader.response.writableLength === 0) this.#introduce(reader);
      if (reader.lines.length > 0) reader.response.write(`${reader.lines.join('\n')}\n`);
      else if (isHeartbeat && reader.response.writableLength === 0) reader.response.write('\n');
      reader.lines = [];
      reader.bytes = 0;
    }
    this.#timer = this.#options.clock.setTimeout(() => this.#flush(), FLUSH_MS);
  }
}
