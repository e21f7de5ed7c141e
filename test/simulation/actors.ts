/** Who is alive in a life's tree, and in which state since when: seen by inspection, as anybody may look on. */
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from 'xstate';
import { catalogue, type MachineName } from '../../machines/catalogue.js';
import { pathOf } from '../../src/actors/wired.js';
import type { Timeline } from './timeline.js';

export interface Actor {
  readonly path: string;
  readonly machine: MachineName;
  snapshot: AnyMachineSnapshot;
  /** Takes an event, as any part may send it one. */
  readonly send: (event: { readonly type: string }) => void;
  /** Dotted: `attached.connected.quiet`. */
  state: string;
  sinceAt: number;
}

/** Told of each actor that is in another state now, of the state before (undefined at its birth), and of the event. */
type Turned = (actor: Actor, from: string | undefined, event: string) => void;

export class Actors {
  /** By path; deadlines are counted, not kept. */
  readonly alive = new Map<string, Actor>();
  deadlines = 0;
  /** Events that machines took. */
  steps = 0;
  readonly #byRef = new Map<object, Actor>();
  readonly #timeline: Timeline;
  readonly #turned: Turned;

  constructor(timeline: Timeline, turned: Turned) {
    this.#timeline = timeline;
    this.#turned = turned;
  }

  stateOf(path: string): string | undefined {
    return this.alive.get(path)?.state;
  }

  readonly inspect = (inspected: InspectionEvent): void => {
    if (inspected.type !== '@xstate.snapshot') return;
    const { actorRef, event } = inspected;
    if (!('logic' in actorRef)) return;
    const { logic } = actorRef;
    if (!isMachine(logic)) return;
    this.steps += 1;
    const snapshot = inspected.snapshot as AnyMachineSnapshot;
    const known = this.#byRef.get(actorRef);
    if (known === undefined) this.#born(actorRef, logic.id, snapshot, event.type);
    else this.#took(known, snapshot, event.type);
    if (snapshot.status !== 'active') this.#ended(actorRef);
  };

  #born(ref: object, machine: MachineName, snapshot: AnyMachineSnapshot, event: string): void {
    const path = machine === 'deadline' ? 'deadline' : pathOf(ref as Parameters<typeof pathOf>[0]);
    const actor = {
      path,
      machine,
      snapshot,
      send: (event: { readonly type: string }) => (ref as AnyActorRef).send(event),
      state: stateText(snapshot.value),
      sinceAt: this.#timeline.now,
    };
    this.#byRef.set(ref, actor);
    if (machine === 'deadline') this.deadlines += 1;
    else this.alive.set(path, actor);
    this.#turned(actor, undefined, event);
  }

  #took(actor: Actor, snapshot: AnyMachineSnapshot, event: string): void {
    const before = actor.snapshot;
    actor.snapshot = snapshot;
    if (before.value === snapshot.value) return;
    const from = actor.state;
    actor.state = stateText(snapshot.value);
    actor.sinceAt = this.#timeline.now;
    this.#turned(actor, from, event);
  }

  #ended(ref: object): void {
    const actor = this.#byRef.get(ref);
    if (actor === undefined) return;
    this.#byRef.delete(ref);
    if (actor.machine === 'deadline') this.deadlines -= 1;
    else if (this.alive.get(actor.path) === actor) this.alive.delete(actor.path);
  }
}

function isMachine(logic: unknown): logic is { id: MachineName } {
  return (
    typeof logic === 'object' && logic !== null && 'id' in logic && Object.hasOwn(catalogue, String(logic.id))
  );
}

function stateText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  const [entry] = Object.entries(value);
  return entry === undefined ? '' : `${entry[0]}.${stateText(entry[1])}`;
}
