/**
 * Replay: drives the pure machines with the events of a trace and compares every state and context. It needs no
 * clock and touches nothing; what differs is a machine that changed, or one that was not pure.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, transition } from 'xstate';
import { catalogue, type MachineName } from '../../machines/catalogue.js';
import {
  machineHashes,
  TRACE_FORMAT,
  type TraceActor,
  type TraceEvent,
  type TraceLine,
  written,
} from './format.js';

export interface Divergence {
  readonly seq: number;
  readonly path: string;
  readonly event: string;
  readonly expected: string;
  readonly got: string;
}

export interface ReplayResult {
  readonly events: number;
  readonly actors: number;
  /** The first one; the replay ends there. */
  readonly divergence: Divergence | undefined;
  /** Machines whose definition is another now than when the trace was written. */
  readonly changed: readonly string[];
  /** Lines that could not be read: the last one of a process that was killed, as a rule. */
  readonly unreadable: number;
}

interface Life {
  readonly path: string;
  readonly machine: AnyStateMachine;
  /** As the machine has it, and as the trace says. */
  state: AnyMachineSnapshot;
  context: Record<string, unknown>;
}

/** `text` is one segment. */
export function replay(text: string): ReplayResult {
  const run = new Replay();
  for (const line of text.split('\n')) if (line !== '' && !run.take(line)) break;
  return run.result();
}

class Replay {
  readonly #lives = new Map<number, Life>();
  readonly #actors = new Set<number>();
  #events = 0;
  #unreadable = 0;
  #changed: string[] = [];
  #divergence: Divergence | undefined;

  /** False when nothing after it is worth replaying. */
  take(text: string): boolean {
    const line = parse(text);
    if (line === undefined) this.#unreadable += 1;
    else if (line.kind === 'header') return this.#begin(line.format, line.machines);
    else if (line.kind === 'actor') this.#introduce(line);
    else if (line.kind === 'event') this.#step(line);
    else if (line.kind === 'stopped') this.#lives.delete(line.life);
    return this.#divergence === undefined;
  }

  result(): ReplayResult {
    return {
      events: this.#events,
      actors: this.#actors.size,
      divergence: this.#divergence,
      changed: this.#changed,
      unreadable: this.#unreadable,
    };
  }

  #begin(format: number, machines: Readonly<Record<string, string>>): boolean {
    const now = machineHashes();
    this.#changed = Object.keys(machines).filter((name) => machines[name] !== now[name]);
    return format === TRACE_FORMAT;
  }

  #introduce({ life, path, machine: name, value, context }: TraceActor): void {
    if (!isMachine(name)) return;
    const machine: AnyStateMachine = catalogue[name];
    this.#actors.add(life);
    const state = machine.resolveState({
      value: value as AnyMachineSnapshot['value'],
      context: { ...context },
    });
    this.#lives.set(life, { path, machine, state, context: { ...context } });
  }

  #step({ seq, life: number, event, to, changed }: TraceEvent): void {
    const life = this.#lives.get(number);
    if (life === undefined) return;
    this.#events += 1;
    [life.state] = transition(life.machine, life.state, revived(event));
    Object.assign(life.context, changed);
    const expected = shown(to, life.context);
    const got = shown(life.state.value, life.state.context);
    if (expected === got) return;
    this.#divergence = { seq, path: life.path, event: event.type, expected, got };
  }
}

function parse(text: string): TraceLine | undefined {
  try {
    return JSON.parse(text) as TraceLine;
  } catch {
    return undefined;
  }
}

/** A state with its context, its keys in order: what is null and what is absent read alike. */
function shown(value: unknown, context: Readonly<Record<string, unknown>>): string {
  const keys = Object.keys(context)
    .filter((key) => context[key] !== null && context[key] !== undefined)
    .sort();
  return `${written(value)} ${written(Object.fromEntries(keys.map((key) => [key, context[key]])))}`;
}

/** Errors were written by their message. */
function revived<T extends { readonly type: string }>(event: T): T {
  const { error } = event as { error?: { $error?: unknown } };
  return typeof error?.$error === 'string' ? { ...event, error: new Error(error.$error) } : event;
}

function isMachine(name: string): name is MachineName {
  return Object.hasOwn(catalogue, name);
}
