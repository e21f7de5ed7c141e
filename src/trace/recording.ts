/** What is recorded of a daemon: always the last minutes in memory, and all of it in a folder when that is asked for. */
import type { InspectionEvent } from 'xstate';
import type { Notification } from '../chat.js';
import type { Config } from '../config.js';
import { EarshotError } from '../errors.js';
import { createScrubber, type Secret } from '../secret.js';
import type { Clock } from '../world.js';
import { Blackbox } from './blackbox.js';
import { TraceFolder } from './folder.js';
import { written } from './format.js';
import { messageLine } from './message.js';
import { TraceRecorder } from './recorder.js';

export interface Recording {
  readonly recorder: TraceRecorder;
  readonly blackbox: Blackbox;
  /** Where the trace is written, or null. */
  readonly folder: string | null;
  readonly inspect: (event: InspectionEvent) => void;
  /** Writes a message that matched into the folder, and nowhere else; absent unless that was asked for. Never throws. */
  readonly matched?: (notification: Notification) => void;
  close(): void;
}

export interface RecordingOptions {
  readonly trace: Config['trace'];
  /** `--trace-content`: what was said is written into the folder too. */
  readonly withContent?: boolean;
  /** Where the flight recordings go: `blackboxFolderOf(store.path)`. */
  readonly blackboxFolder: string;
  readonly clock: Pick<Clock, 'now' | 'wall'>;
  readonly version: string;
  /** A name that no other process has. */
  readonly process: string;
  readonly secrets: readonly Secret[];
  /** Told when the trace cannot be written, once each time; it is tried again. */
  readonly failed: (error: unknown) => void;
}

export function blackboxFolderOf(storePath: string): string {
  return `${storePath}.blackbox`;
}

/** Throws an EarshotError when the trace's folder cannot be written, or is wanted for what was said and not given. */
export function startRecording(options: RecordingOptions): Recording {
  const { trace, withContent = false, blackboxFolder, clock, version, process, secrets, failed } = options;
  if (withContent && trace.dir === undefined) throw nowhereToWrite();
  const scrub = createScrubber(secrets);
  const recorder = new TraceRecorder({ clock, version, process, scrub });
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
    ...(withContent && {
      matched: (notification) =>
        folder?.write(scrub(written(messageLine(notification, recorder.present, scrub)))),
    }),
    close: () => folder?.close(),
  };
}

function nowhereToWrite(): EarshotError {
  return new EarshotError(
    'usage',
    '--trace-content writes what was said into the folder of the trace, and there is none',
    'name one with --trace DIR, or with trace.dir in the configuration',
  );
}
