/** `earshot replay`: says whether a trace replays on the machines as they are, and what else is asked of it. */
import { EarshotError } from '../errors.js';
import { ActorPath } from '../trace/actor-path.js';
import type { ReplayObserver } from '../trace/cast.js';
import { traceFiles } from '../trace/files.js';
import { type ReplayResult, replayFiles } from '../trace/replay.js';
import { ActorSelection, untilOf } from '../trace/selection.js';
import { linesOfDivergence, noticesOf, verdictOf } from '../trace/telling.js';
import { TurnsDiagram } from '../trace/turns-diagram.js';
import { asTest } from './replay-as-test.js';
import { underSettings } from './replay-settings.js';
import type { Terminal } from './terminal.js';

export interface ReplayOptions {
  readonly actor?: string;
  readonly until?: string;
  readonly format?: 'text' | 'mermaid';
  readonly set?: readonly string[];
  readonly asTest?: boolean;
  readonly reach?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** What is asked of a trace beside whether it replays. */
export interface Question {
  readonly observers: readonly ReplayObserver[];
  /** The rest of the trace has nothing to add. */
  readonly isAnswered?: () => boolean;
  /** Asked when nothing diverged. Throws an EarshotError when there is no answer. */
  answer(terminal: Terminal, result: ReplayResult): void;
}

/**
 * 0 when every event led where the trace says, 1 when not. Throws an EarshotError when there is no such trace, or the
 * options make no sense.
 */
export function replayTrace(path: string, options: ReplayOptions, terminal: Terminal): number {
  const { actor, until, json = false } = options;
  const question = questionOf(options);
  const selection = actor === undefined ? undefined : new ActorSelection(actor);
  const isPast = until === undefined ? undefined : untilOf(until);
  const result = replayFiles(traceFiles(path), {
    isChosen: selection?.has,
    isPast: (line, beganAt) => question?.isAnswered?.() === true || isPast?.(line, beganAt) === true,
    observers: question?.observers ?? [],
  });
  const { divergence } = result;
  if (divergence === undefined) selection?.confirm();
  if (!json) for (const notice of noticesOf(result)) terminal.complain(notice);
  if (divergence === undefined && question !== undefined) question.answer(terminal, result);
  else if (json) terminal.json({ ...result, divergences: divergence ? 1 : 0, notices: noticesOf(result) });
  else {
    // What was asked for goes to a file, as a rule: a verdict does not belong into it.
    const say = question === undefined ? terminal.say : terminal.complain;
    say(verdictOf(result));
    for (const line of divergence === undefined ? [] : linesOfDivergence(divergence)) say(line);
  }
  return divergence === undefined ? 0 : 1;
}

function questionOf({ format, set = [], asTest: isTest = false, reach, out, json = false }: ReplayOptions) {
  const asked = [
    ...(format === 'mermaid' ? ['--format mermaid'] : []),
    ...(set.length > 0 ? ['--set'] : []),
    ...(isTest ? ['--as-test'] : []),
  ];
  if (asked.length > 1) throw new EarshotError('usage', `give one of ${asked.join(' and ')}`);
  if (isTest !== (reach !== undefined) || (out !== undefined && !isTest)) {
    throw new EarshotError(
      'usage',
      '--as-test, --reach and --out go together',
      'such as --as-test --reach sinks/discord/breaker=open --out test/open.test.ts',
    );
  }
  if (reach !== undefined) return asTest(reach, { out, json });
  if (set.length > 0) return underSettings(set, json);
  return format === 'mermaid' ? asMermaid(json) : undefined;
}

/** Of one actor its path, of several who turned when. */
function asMermaid(json: boolean): Question {
  const path = new ActorPath();
  const turns = new TurnsDiagram();
  return {
    observers: [path, turns],
    answer(terminal, { events, actors }) {
      const mermaid = path.isOfOne ? path.mermaid() : turns.mermaid();
      const left = path.isOfOne ? 0 : turns.left;
      if (json) terminal.json({ mermaid, left, events, actors });
      else terminal.write(mermaid);
      if (left > 0 && !json) {
        terminal.complain(`${left} changes of state found no room: choose with --actor or --until`);
      }
    },
  };
}
