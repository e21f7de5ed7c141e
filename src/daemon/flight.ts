/** Who looks on while the daemon runs, and what is kept of it. Nothing here may disturb what is looked at. */
import type { InspectionEvent } from 'xstate';
import type { Log } from '../log.js';
import type { BlackboxFile } from '../trace/blackbox.js';
import type { Recording } from '../trace/recording.js';

type Observer = (event: InspectionEvent) => void;

/**
 * All of them as one, or undefined when there are none. An observer that throws would wedge the actor it looks at
 * for good: here it only loses what it missed.
 */
export function observers(all: readonly (Observer | undefined)[], log: Log): Observer | undefined {
  const given = all.filter((it) => it !== undefined);
  if (given.length === 0) return undefined;
  let isSaid = false;
  return (event) => {
    for (const observe of given) {
      try {
        observe(event);
      } catch (error) {
        if (!isSaid) log.error({ actor: 'supervisor', err: error }, `inspection failed: ${reasonOf(error)}`);
        isSaid = true;
      }
    }
  };
}

/** Has the flight recorder write, and says where to. A disk that cannot be written is no second fault. */
export function keepRecording(log: Log, write: () => BlackboxFile | undefined): void {
  try {
    const kept = write();
    if (kept)
      log.info({ actor: 'supervisor', file: kept.file }, `flight recording (${kept.reason}): ${kept.file}`);
  } catch (error) {
    log.warn({ actor: 'supervisor' }, `flight recording not written: ${reasonOf(error)}`);
  }
}

/** Once, at the start, where chat text is written: nobody should find it there unawares. */
export function sayContentKept(log: Log, recording: Recording | undefined): void {
  if (recording?.matched === undefined) return;
  log.warn(
    { actor: 'supervisor', dir: recording.folder },
    `chat text is written: every message that matches, into ${recording.folder}`,
  );
}

export function sayTraceFailed(log: Log, error: unknown): void {
  log.warn({ actor: 'supervisor' }, `trace not written: ${reasonOf(error)}; again in 60 s`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
