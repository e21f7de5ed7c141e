/**
 * The form of a trace: NDJSON, one line for each thing that happened to a machine. A segment begins with a header
 * and a line for every actor alive, so that each replays alone; `jq` reads it.
 *
 * header  {"kind":"header","format":1,"version":"1.0.0","wall":…,"machines":{"breaker":"9f2c…"}}
 * actor   {"kind":"actor","seq":…,"at":…,"life":12,"path":"sinks/discord/breaker","machine":"breaker","value":…,"context":…}
 * event   {"kind":"event","seq":…,"at":…,"life":12,"event":{"type":…},"value":…,"changed":{"failures":1}}
 * stopped {"kind":"stopped","seq":…,"at":…,"life":12}
 *
 * `at` is monotonic milliseconds, `wall` epoch milliseconds; `life` is one life of one actor (a restart is another);
 * `value` is the state after the event, `changed` what the context had changed by then (null: is gone). Errors are
 * {"$error":"their message"}. Chat is in none of it: machines never hold any.
 */
import { createHash } from 'node:crypto';
import type { AnyStateMachine } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import { definitionOf } from '../statecharts/definition.js';

export const TRACE_FORMAT = 1;

export interface TraceHeader {
  readonly kind: 'header';
  readonly format: number;
  readonly version: string;
  readonly wall: number;
  /** A hash of each machine's definition. */
  readonly machines: Readonly<Record<string, string>>;
}

export interface TraceActor {
  readonly kind: 'actor';
  readonly seq: number;
  readonly at: number;
  readonly life: number;
  readonly path: string;
  readonly machine: string;
  readonly value: unknown;
  readonly context: Readonly<Record<string, unknown>>;
}

export interface TraceEvent {
  readonly kind: 'event';
  readonly seq: number;
  readonly at: number;
  readonly life: number;
  readonly event: { readonly type: string };
  readonly value: unknown;
  readonly changed: Readonly<Record<string, unknown>>;
}

export interface TraceStop {
  readonly kind: 'stopped';
  readonly seq: number;
  readonly at: number;
  readonly life: number;
}

export type TraceLine = TraceHeader | TraceActor | TraceEvent | TraceStop;

export function machineHashes(): Record<string, string> {
  return Object.fromEntries(Object.entries(catalogue).map(([name, machine]) => [name, hashOf(machine)]));
}

function hashOf(machine: AnyStateMachine): string {
  return createHash('sha256').update(definitionOf(machine)).digest('hex').slice(0, 12);
}

/** As JSON, with errors by their message. */
export function encode(line: TraceLine): string {
  return JSON.stringify(line, (_, value: unknown) =>
    value instanceof Error ? { $error: value.message } : value,
  );
}

/** A value as a trace would hold it: what cannot be written is gone, and two that read alike are alike. */
export function written(value: unknown): string {
  return (
    JSON.stringify(value, (_, it: unknown) => (it instanceof Error ? { $error: it.message } : it)) ?? 'null'
  );
}
