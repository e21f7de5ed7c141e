/** `earshot replay`: says whether a trace replays on the machines as they are, and where it first does not. */
import { traceFiles } from '../trace/files.js';
import { replayFiles } from '../trace/replay.js';
import { ActorSelection, untilOf } from '../trace/selection.js';
import { linesOfDivergence, noticesOf, verdictOf } from '../trace/telling.js';
import type { Terminal } from './terminal.js';

export interface ReplayOptions {
  readonly actor?: string;
  readonly until?: string;
  readonly json?: boolean;
}

/** 0 when every event led where the trace says, 1 when not. Throws an EarshotError when there is no such trace. */
export function replayTrace(path: string, options: ReplayOptions, terminal: Terminal): number {
  const { actor, until, json = false } = options;
  const selection = actor === undefined ? undefined : new ActorSelection(actor);
  const isPast = until === undefined ? undefined : untilOf(until);
  const result = replayFiles(traceFiles(path), { isChosen: selection?.has, isPast });
  const { divergence } = result;
  if (divergence === undefined) selection?.confirm();
  const notices = noticesOf(result);
  if (json) terminal.json({ ...result, divergences: divergence === undefined ? 0 : 1, notices });
  else {
    for (const notice of notices) terminal.complain(notice);
    terminal.say(verdictOf(result));
    for (const line of divergence === undefined ? [] : linesOfDivergence(divergence)) terminal.say(line);
  }
  return divergence === undefined ? 0 : 1;
}
