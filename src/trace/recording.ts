/** What is recorded of a daemon: always the last minutes in memory, and all of it in a folder when that is asked for. */
import type { InspectionEvent } from 'xstate';
import type { Config } from '../config.js';
import { createScrubber, type Secret } from '../secret.js';
import type { Clock } from '../world.js';
import { Blackbox } from './blackbox.js';
import { TraceFolder } from './folder.js';
import { TraceRecorder } from './recorder.js';

export interface Recording {
  readonly recorder: TraceRecorder;
  readonly blackbox: Blackbox;
  /** Where the trace is written, or null. */
  readonly folder: string | null;
  readonly inspect: (event: InspectionEvent) => void;
  close(): void;
}

export interface RecordingOptions {
  readonly trace: Config['trace'];
  /** Where the flight recordings go: `blackboxFolderOf(store.path)`. */
  readonly blackboxFolder: string;
  readonly clock: Pick<Clock, 'now' | 'wall'>;
  readonly version: string;
  readonly secrets: readonly Secret[];
  /** Told when the trace cannot be written, once each time; it is tried again. */
  readonly failed: (error: unknown) => void;
}

export function blackboxFolderOf(storePath: string): string {
  return `${storePath}.blackbox`;
}

/** Throws an EarshotError when the trace's folder cannot be written. */
export function startRecording(options: RecordingOptions): Recording {
  const { trace, blackboxFolder, clock, version, secrets, failed } = options;
  const recorder = new TraceRecorder({ clock, version, scrub: createScrubber(secrets) });
  const blackbox = new Blackbox({ recorder, clock, folder: blackboxFolder });
  const { dir, keep, maxBytes } = trace;
  const folder =
    dir === undefined
      ? undefined
      : new TraceFolder({
          folder: dir,
          segmentMaxBytes: maxBytes,
          segmentsMax: keep,
          clock,
          introduction: () => recorder.introduction(),
          failed,
        });
  if (folder !== undefined) recorder.listen((line) => folder.write(line));
  return {
    recorder,
    blackbox,
    folder: dir ?? null,
    inspect: recorder.inspect,
    close: () => folder?.close(),
  };
}
