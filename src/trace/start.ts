/** A trace of a daemon, from its first actor to its end. */
import type { InspectionEvent } from 'xstate';
import { createScrubber, type Secret } from '../secret.js';
import type { Clock } from '../world.js';
import { TraceFolder } from './folder.js';
import { TraceRecorder } from './recorder.js';

export interface Trace {
  readonly inspect: (event: InspectionEvent) => void;
  close(): void;
}

export interface TraceOptions {
  readonly folder: string;
  readonly clock: Pick<Clock, 'now' | 'wall'>;
  readonly version: string;
  readonly secrets: readonly Secret[];
}

const SEGMENT_MAX_BYTES = 16 * 1024 * 1024;
const SEGMENTS_MAX = 8;

/** Throws what the file system throws when the folder cannot be written. */
export function startTrace({ folder: path, clock, version, secrets }: TraceOptions): Trace {
  const folder = new TraceFolder({
    folder: path,
    segmentMaxBytes: SEGMENT_MAX_BYTES,
    segmentsMax: SEGMENTS_MAX,
    begun: () => recorder.begin(),
    scrub: createScrubber(secrets),
  });
  const recorder = new TraceRecorder({ clock, version, write: (line) => folder.write(line) });
  return { inspect: recorder.inspect, close: () => folder.close() };
}
