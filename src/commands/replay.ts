/** `earshot replay`: says whether a trace replays on the machines as they are, and where it first does not. */
import { readFileSync } from 'node:fs';
import { traceFiles } from '../trace/files.js';
import { type ReplayResult, replay } from '../trace/replay.js';
import type { Terminal } from './terminal.js';

export interface ReplayOptions {
  readonly json?: boolean;
}

/** 0 when every event led where the trace says, 1 when not. */
export function replayTrace(path: string, { json = false }: ReplayOptions, terminal: Terminal): number {
  const files = traceFiles(path);
  let events = 0;
  let actors = 0;
  for (const file of files) {
    const result = replay(readFileSync(file, 'utf8'));
    events += result.events;
    actors += result.actors;
    if (result.divergence === undefined) continue;
    terminal.write(json ? `${JSON.stringify({ file, ...result })}\n` : told(file, result));
    return 1;
  }
  const divergences = 0;
  const sum = `${events} events, ${actors} actors, ${divergences} divergences`;
  terminal.write(json ? `${JSON.stringify({ events, actors, divergences })}\n` : `${sum}\n`);
  return 0;
}

function told(file: string, { divergence, changed, events }: ReplayResult): string {
  const since = changed.length > 0 ? `${changed.join(', ')} changed since this trace was written\n` : '';
  if (divergence === undefined) return since;
  const { seq, path, event, expected, got } = divergence;
  return `${since}after ${events} events, 1 divergence: ${file}, seq ${seq}\n  actor     ${path}\n  event     ${event}\n  expected  ${expected}\n  got       ${got}\n`;
}
