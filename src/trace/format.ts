/**
 * The form of a trace, as FORMAT.md beside this file describes it: NDJSON, one line for each thing that happened to
 * a machine, and where it was asked for, one for each message that matched.
 */
import { createHash } from 'node:crypto';
import type { AnyStateMachine } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import type { Reason } from '../chat.js';
import { definitionOf } from '../statecharts/definition.js';

export const TRACE_FORMAT = 3;

/** `at` is monotonic milliseconds, `wall` epoch milliseconds. */
interface Stamp {
  readonly at: number;
  readonly wall: number;
}

export interface TraceHeader extends Stamp {
  readonly kind: 'header';
  readonly format: number;
  readonly version: string;
  /** A name that no other process has; absent in traces of older versions. */
  readonly process?: string;
  /** A hash of each machine's definition. */
  readonly machines: Readonly<Record<string, string>>;
}

/** What every line about an actor has. */
interface Happened extends Stamp {
  readonly seq: number;
  readonly life: number;
  readonly path: string;
  readonly machine: string;
}

/** Delays that were scheduled, in milliseconds, by the event they will send. */
export type ScheduledDelays = Readonly<Record<string, number>>;

export interface TraceActor extends Happened {
  readonly kind: 'actor';
  readonly value: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  readonly delays?: ScheduledDelays;
}

export interface TraceEvent extends Happened {
  readonly kind: 'event';
  readonly event: { readonly type: string };
  /** The state before and after. */
  readonly from: unknown;
  readonly to: unknown;
  /** By key of the context; null: is gone. */
  readonly changed: Readonly<Record<string, unknown>>;
  readonly delays?: ScheduledDelays;
  /** The machine had no transition for it. */
  readonly dropped?: true;
}

export interface TraceStop extends Happened {
  readonly kind: 'stopped';
}

/** Only with `--trace-content`: a message that a rule matched. It belongs to no actor, and no machine saw it. */
export interface TraceMessage extends Stamp {
  readonly kind: 'message';
  /** That of the last line of an actor: a message has no number of its own, so that none is missing without it. */
  readonly seq: number;
  readonly channel: string;
  readonly username: string;
  readonly text: string;
  readonly rules: readonly string[];
  readonly reasons: readonly Reason[];
  readonly sinks: readonly string[];
}

/** Live only: so many lines were dropped for a reader that was too slow. A header follows. */
export interface TraceGap {
  readonly kind: 'gap';
  readonly lines: number;
}

export type TraceLine = TraceHeader | TraceActor | TraceEvent | TraceStop | TraceMessage | TraceGap;

const hashes = new WeakMap<AnyStateMachine, string>();

/**
 * A hash of each machine's definition, by its name. It covers states, events and the names of guards and actions,
 * not what those do: the text of a function is another in each build, so a trace would seem foreign to the very
 * sources that wrote it. A guard that does something else is found by replaying.
 */
export function machineHashes(
  machines: Readonly<Record<string, AnyStateMachine>> = catalogue,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(machines).map(([name, machine]) => [name, hashOf(machine)]));
}

function hashOf(machine: AnyStateMachine): string {
  const hash =
    hashes.get(machine) ?? createHash('sha256').update(definitionOf(machine)).digest('hex').slice(0, 12);
  hashes.set(machine, hash);
  return hash;
}

/** As JSON, with errors by their message. */
export function written(value: unknown): string {
  return (
    JSON.stringify(value, (_, it: unknown) => (it instanceof Error ? { $error: it.message } : it)) ?? 'null'
  );
}
