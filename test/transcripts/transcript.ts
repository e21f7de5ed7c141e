/**
 * A trace as people review it: for each actor the turns it took, a line each. Without times, numbers and whatever else
 * is another each time; what repeats is told once, and how often.
 */
import { replay } from '../../src/trace/replay.js';
import { type LifeTurns, type Turn, Turns } from '../../src/trace/turns.js';

/** `segments` by their names, in order. */
export function transcriptOf(about: string, segments: ReadonlyMap<string, string>): string {
  const parts = [...segments].flatMap(([name, text]) => {
    const turns = new Turns();
    replay(text, { observers: [turns] });
    return [`== ${name}`, ...sectionsOf(turns.lives)];
  });
  return `${[about, ...parts].join('\n\n')}\n`;
}

/** Siblings that did the same are told together. */
function sectionsOf(lives: readonly LifeTurns[]): string[] {
  const alike = new Map<string, string[]>();
  for (const life of [...lives].sort(byPath)) {
    const did = linesOf(life).join('\n');
    const key = `${parentOf(life.path)}\n${did}`;
    alike.set(key, [...(alike.get(key) ?? []), life.path]);
  }
  return [...alike].map(([key, paths]) => `${headingOf(paths)}\n${key.slice(key.indexOf('\n') + 1)}`);
}

const byPath = (one: LifeTurns, other: LifeTurns): number =>
  one.path.localeCompare(other.path, 'en', { numeric: true });

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

const NAMED_MAX = 4;

function headingOf(paths: readonly string[]): string {
  const names = [...new Set(paths)].map((name) => {
    const times = paths.filter((path) => path === name).length;
    return times === 1 ? name : `${name} (${times} times)`;
  });
  if (names.length <= NAMED_MAX) return names.join('\n');
  return `${names[0]}\n${names[1]}\nand ${names.length - 2} more`;
}

function linesOf({ first, turns, hasEnded }: LifeTurns): string[] {
  const lines = turns.map(({ event, to }) => `${cause(event)} → ${to}`);
  return [first, ...folded(lines), ...(hasEnded ? ['ended'] : [])].map((line) => `  ${line}`);
}

/** What XState sends by itself, in words. */
function cause(event: Turn['event']): string {
  const [, kind, rest = ''] = /^xstate\.(after|done\.actor|error\.actor)\.(.*)$/.exec(event) ?? [];
  if (kind === 'after') return `after ${rest.split('.', 1)[0]}`;
  if (kind === undefined) return event;
  return `${rest} ${kind === 'done.actor' ? 'done' : 'failed'}`;
}

/** Runs of lines that come several times in a row are written once, below their number. */
function folded(lines: readonly string[]): string[] {
  const told: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const { length, times } = repeatAt(lines, at);
    const run = lines.slice(at, at + length);
    told.push(...(times === 1 ? run : [`${times} times`, ...run.map((line) => `  ${line}`)]));
    at += length * times;
  }
  return told;
}

/** The shortest run beginning at `at` that repeats at once, and how often it is there. */
function repeatAt(lines: readonly string[], at: number): { readonly length: number; readonly times: number } {
  for (let length = 1; at + 2 * length <= lines.length; length += 1) {
    const isAgain = (times: number) =>
      lines.slice(at, at + length).every((line, index) => line === lines[at + times * length + index]);
    let times = 1;
    while (isAgain(times)) times += 1;
    if (times > 1) return { length, times };
  }
  return { length: 1, times: 1 };
}
