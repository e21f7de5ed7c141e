/** What a replay found, for people: a verdict in one line, where it diverges, and what else they should know. */
import { wordsOf } from '../statecharts/chart.js';
import { type Difference, type Divergence, shown } from './divergence.js';
import type { ReplayResult } from './replay.js';
import type { Setting } from './settings.js';
import type { WhatIf } from './what-if.js';

/** `199 events, 43 actors, 0 divergences` */
export function verdictOf({ events, actors, divergence }: ReplayResult): string {
  const counts = [counted(events, 'event'), counted(actors, 'actor')];
  return [...counts, counted(divergence === undefined ? 0 : 1, 'divergence')].join(', ');
}

/** Who and what, and both states; of the context only what differs. */
export function linesOfDivergence({ states, differences, ...it }: Divergence): string[] {
  return aligned([
    ['actor', `${it.path} (${it.machine})`],
    ['event', `${it.event}, seq ${it.seq}, ${momentOf(it.wall)}`],
    ['at', `${it.file}, line ${it.line}`],
    ['expected', states.expected],
    ['got', states.got],
    ...differences.map(rowOf('expected', 'got')),
  ]);
}

/** What the settings make of a trace: the first step that differs, or that none does. */
export function linesOfWhatIf(settings: readonly Setting[], whatIf: WhatIf): string[] {
  const { departure, events, actors } = whatIf;
  const given = settings.map((it) => `${it.text} (recorded: ${whatIf.was(it).join(', ')})`).join(' and ');
  const among = (count: number) => `${counted(count, 'event')} of ${counted(actors, 'actor')}`;
  if (departure === undefined)
    return [`With ${given}, nothing would have gone differently in ${among(events)}.`];
  const { path, machine, event, seq, wall, recorded, now, differences } = departure;
  return [
    `With ${given}, the first step that would have gone differently:`,
    ...aligned([
      ['actor', `${path} (${machine})`],
      ['event', `${event}, seq ${seq}, ${momentOf(wall)}`],
      ['recorded', recorded],
      ['now', now],
      ...differences.map(rowOf('recorded', 'now')),
    ]),
    `${among(events - 1)} before it would have gone as recorded. What the trace has after it is no longer what would have happened.`,
  ];
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

/** A timer is called by its event in the trace, and by its delay here. */
function rowOf(expectedIs: string, gotIs: string) {
  return ({ what, expected, got }: Difference): [string, string] => {
    const timer = /^timer (.*)$/.exec(what)?.[1];
    const told = (it: unknown) => (timer === undefined || it === undefined ? shown(it) : `${shown(it)} ms`);
    return [
      timer === undefined ? what : wordsOf(timer),
      `${expectedIs} ${told(expected)}, ${gotIs} ${told(got)}`,
    ];
  };
}

function aligned(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}
