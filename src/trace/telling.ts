/** What a replay found, for people: a verdict in one line, where it diverges, and what else they should know. */
import { type Divergence, shown } from './divergence.js';
import type { ReplayResult } from './replay.js';

/** `199 events, 43 actors, 0 divergences` */
export function verdictOf({ events, actors, divergence }: ReplayResult): string {
  const counts = [counted(events, 'event'), counted(actors, 'actor')];
  return [...counts, counted(divergence === undefined ? 0 : 1, 'divergence')].join(', ');
}

/** Who and what, and both states; of the context only what differs. */
export function linesOfDivergence({ states, differences, ...it }: Divergence): string[] {
  const rows = [
    ['actor', `${it.path} (${it.machine})`],
    ['event', `${it.event}, seq ${it.seq}, ${momentOf(it.wall)}`],
    ['at', `${it.file}, line ${it.line}`],
    ['expected', states.expected],
    ['got', states.got],
    ...differences.map(({ what, expected, got }) => {
      return [what, `expected ${shown(expected)}, got ${shown(got)}`] as const;
    }),
  ];
  const width = Math.max(...rows.map(([name = '']) => name.length));
  return rows.map(([name = '', text]) => `  ${name.padEnd(width)}  ${text}`);
}

/** What does not decide the verdict, a sentence each. */
export function noticesOf({ changes, unreadable, missing, divergence }: ReplayResult): string[] {
  const notices = changes.map(({ machine, was, now, events }) => {
    const its = `its ${counted(events, 'event')}`;
    if (now === null) return `${machine} is no machine any more: ${its} were not compared`;
    const found = divergence?.machine === machine ? '' : `; ${its} replay as they did`;
    return `${machine} changed since this trace was written (trace ${was}, now ${now})${found}`;
  });
  if (unreadable > 0) {
    const lines = unreadable === 1 ? 'a line breaks off' : `${unreadable} lines break off`;
    notices.push(`${lines}: its process was killed, or is still writing; what stands before was replayed`);
  }
  if (missing > 0)
    notices.push(`${counted(missing, 'line')} of this trace ${missing === 1 ? 'is' : 'are'} missing`);
  return notices;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function momentOf(wall: number): string {
  return new Date(wall).toISOString();
}
