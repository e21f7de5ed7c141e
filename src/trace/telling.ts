/** What a replay found, for people: a verdict in one line, where it diverges, and what else they should know. */
import { listed } from '../config/did-you-mean.js';
import { wordsOf } from '../statecharts/chart.js';
import { type Difference, type Divergence, shown } from './divergence.js';
import type { MachineChange, ReplayResult } from './replay.js';
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
export function noticesOf({ changes, unreadable, missing, failed, divergence }: ReplayResult): string[] {
  const notices = [];
  const changed = changes.filter(({ now }) => now !== null);
  const gone = changes.filter(({ now }) => now === null);
  if (changed.length > 0) {
    const isDiverging = changed.some(({ machine }) => machine === divergence?.machine);
    const well = isDiverging ? '' : `; no difference in ${eventsOf(changed)}`;
    notices.push(`${namesOf(changed)} changed since this trace was written${hashesOf(changed)}${well}`);
  }
  if (gone.length > 0) {
    const are = gone.length === 1 ? 'is no machine' : 'are no machines';
    notices.push(`${namesOf(gone)} ${are} any more; not compared: ${eventsOf(gone)}`);
  }
  if (unreadable > 0) {
    const lines = unreadable === 1 ? 'a line breaks off' : `${unreadable} lines break off`;
    notices.push(`${lines}: its process was killed, or is still writing; what stands before was replayed`);
  }
  if (missing > 0)
    notices.push(`${counted(missing, 'line')} of this trace ${missing === 1 ? 'is' : 'are'} missing`);
  if (failed > 0) {
    notices.push(
      `${counted(failed, 'actor')} failed: what ${failed === 1 ? 'it was' : 'they were'} sent then is not in the trace`,
    );
  }
  return notices;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function momentOf(wall: number): string {
  const moment = new Date(wall);
  return Number.isNaN(moment.getTime()) ? `wall ${wall}` : moment.toISOString();
}

function namesOf(changes: readonly MachineChange[]): string {
  return listed(
    changes.map(({ machine }) => machine),
    ' and ',
  );
}

/** Of one: of several they would be read by nobody. */
function hashesOf([change, ...others]: readonly MachineChange[]): string {
  return change === undefined || others.length > 0 ? '' : ` (trace ${change.was}, now ${change.now})`;
}

function eventsOf(changes: readonly MachineChange[]): string {
  const events = changes.reduce((sum, it) => sum + it.events, 0);
  return `${changes.length === 1 ? 'its' : 'their'} ${counted(events, 'event')}`;
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
