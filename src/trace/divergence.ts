/** Where a replay and its trace first differ: which actor, which event, which states, and what else. */
import { isDeepStrictEqual } from 'node:util';
import { written } from './format.js';

/** One thing that differs. */
export interface Difference {
  /** A key of the context, or `timer` and `dropped` for what the step did beside it. */
  readonly what: string;
  readonly expected: unknown;
  readonly got: unknown;
}

export interface Divergence {
  readonly file: string;
  /** Of the file, from 1. */
  readonly line: number;
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly wall: number;
  readonly path: string;
  readonly machine: string;
  /** Its type, or what else happened: `started`, `stopped`. */
  readonly event: string;
  /** In words, the states first: what the trace says, and what the machine did. */
  readonly expected: string;
  readonly got: string;
  /** The states alone. */
  readonly states: { readonly expected: string; readonly got: string };
  /** What differs beside them. */
  readonly differences: readonly Difference[];
}

type Context = Readonly<Record<string, unknown>>;

/** What is null, undefined and absent is alike in a trace; so are an error and its message. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  const [left, right] = [written(one ?? null), written(other ?? null)];
  return left === right || isDeepStrictEqual(JSON.parse(left), JSON.parse(right));
}

/** Between what a step made of a context and what the trace says that it changed. */
export function changesThatDiffer(before: Context, after: Context, changed: Context): Difference[] {
  const differences: Difference[] = [];
  const compare = (what: string, expected: unknown) => {
    if (!isSame(expected, after[what])) differences.push({ what, expected, got: after[what] });
  };
  for (const key of Object.keys(changed)) compare(key, changed[key]);
  if (before === after) return differences;
  for (const key of Object.keys(after)) {
    if (after[key] !== before[key] && !Object.hasOwn(changed, key)) compare(key, before[key]);
  }
  return differences;
}

export function contextsThatDiffer(expected: Context, got: Context): Difference[] {
  const keys = new Set([...Object.keys(expected), ...Object.keys(got)]);
  return [...keys]
    .filter((key) => !isSame(expected[key], got[key]))
    .map((what) => ({ what, expected: expected[what], got: got[what] }));
}

/** Timers by the events they will send. */
export function timersThatDiffer(expected: Context, got: Context): Difference[] {
  return contextsThatDiffer(expected, got).map((it) => ({ ...it, what: `timer ${it.what}` }));
}

const SHOWN_MAX = 120;

/** For people; cut when it is long. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : written(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/** `closed → open, trips 1` */
export function inWords(
  states: string,
  differences: readonly Difference[],
  side: 'expected' | 'got',
): string {
  return [states, ...differences.map((it) => `${it.what} ${shown(it[side])}`)].join(', ');
}
