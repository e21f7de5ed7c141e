/**
 * A machine driven by hand: what an event makes of a state, and which timers that would set. Nothing is run and no
 * clock is read.
 */
import {
  type AnyActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventObject,
} from 'xstate';
import type { ScheduledDelays } from './format.js';

export interface Step {
  readonly state: AnyMachineSnapshot;
  readonly delays: ScheduledDelays;
  /** Timers that it cancelled, its own among them, by the event they would have sent. */
  readonly cancelled: ReadonlySet<string>;
}

export class PureMachine {
  readonly machine: AnyStateMachine;
  readonly #scope: AnyActorScope;
  #delays: Record<string, number> = {};
  #cancelled = new Set<string>();

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    // One scope for all steps: XState's own `transition` makes an actor for each, which takes five times as long.
    const self = createActor(machine);
    this.#scope = {
      self,
      system: self.system,
      id: '',
      sessionId: '',
      logger: () => {},
      defer: () => {},
      emit: () => {},
      stopChild: () => {},
      actionExecutor: ({ type, params }) => this.#note(type, params),
    };
  }

  /** Throws what XState throws when the machine has no such state. */
  resolve(value: unknown, context: Readonly<Record<string, unknown>>): AnyMachineSnapshot {
    return this.machine.resolveState({
      value: value as AnyMachineSnapshot['value'],
      context: { ...context },
    });
  }

  /** Throws what the machine's guards and assigns throw. */
  step(state: AnyMachineSnapshot, event: EventObject): Step {
    this.#delays = {};
    this.#cancelled = new Set();
    const next: AnyMachineSnapshot = this.machine.transition(state, event as AnyEventObject, this.#scope);
    return { state: next, delays: this.#delays, cancelled: this.#cancelled };
  }

  /** The timers of the states it is in, as they are set on entering them with this context. */
  timersOf({ _nodes: nodes, context }: AnyMachineSnapshot): ScheduledDelays {
    const named = this.machine.implementations.delays;
    const args = { ...this.#scope, context, event: { type: 'xstate.init' } };
    const timers: Record<string, number> = {};
    for (const { delay, eventType } of nodes.flatMap(({ after }) => after)) {
      const given = typeof delay === 'string' ? named[delay] : delay;
      const ms: unknown = typeof given === 'function' ? given(args, undefined) : given;
      if (typeof ms === 'number') timers[eventType] = ms;
    }
    return timers;
  }

  #note(type: string, params: unknown): void {
    if (typeof params !== 'object' || params === null) return;
    const { event, delay, sendId } = params as { event?: EventObject; delay?: unknown; sendId?: unknown };
    if (type === 'xstate.cancel') this.#cancelled.add(String(sendId));
    if (type !== 'xstate.raise' || event === undefined || typeof delay !== 'number') return;
    this.#delays[event.type] = delay;
    this.#cancelled.delete(event.type);
  }
}
