/**
 * Who is alive: every machine of the tree and every deadline beside it, as XState's inspection shows them. Each life
 * has a number and a path; what becomes of it is told to whoever watches.
 */
import type { AnyActor, AnyActorRef, AnyMachineSnapshot, EventObject, InspectionEvent } from 'xstate';
import { catalogue, type MachineName } from '../../machines/catalogue.js';
import { pathOf } from '../actors/wired.js';

/** One life of one actor: after a restart the same path has another. */
export interface Life {
  readonly number: number;
  readonly path: string;
  readonly machine: MachineName;
  readonly actor: AnyActorRef;
  /** As it is now, or was at its end. */
  readonly snapshot: AnyMachineSnapshot;
  /** How many events its machine was given. */
  readonly events: number;
}

/** Called from within an actor's step: it must not throw, nor send anything. */
export interface Watcher {
  born(life: Life): void;
  /** `life.snapshot` is the state after the event. */
  took(life: Life, event: EventObject, before: AnyMachineSnapshot): void;
  ended(life: Life): void;
  /** An event is on its way. Neither end needs to be a machine, and the receiver may not be born yet. */
  sent?(to: AnyActorRef, event: EventObject, from: AnyActorRef | undefined): void;
}

interface OwnLife extends Life {
  snapshot: AnyMachineSnapshot;
  events: number;
}

export class Lives {
  readonly #living = new Set<Life>();
  /** Everyone that was ever born; an actor that has ended is never born again. */
  readonly #known = new WeakMap<AnyActorRef, OwnLife>();
  readonly #watchers = new Set<Watcher>();
  #last = 0;

  /** In the order of their births: children come before the parent that spawned them at its own start. */
  get living(): ReadonlySet<Life> {
    return this.#living;
  }

  /** The life of an actor, ended or not; undefined when it is no machine, or not born yet. */
  of(actor: AnyActorRef): Life | undefined {
    return this.#known.get(actor);
  }

  /** The machine that spawned it, or undefined for a root. */
  parentOf({ actor }: Life): Life | undefined {
    const parent = actor._parent;
    return parent && this.of(parent);
  }

  /** Every one after its parent, if that is among them. */
  parentsFirst(among: Iterable<Life>): readonly Life[] {
    const left = new Set(among);
    const ordered: Life[] = [];
    const take = (life: Life) => {
      if (!left.delete(life)) return;
      const parent = this.parentOf(life);
      if (parent !== undefined) take(parent);
      ordered.push(life);
    };
    for (const life of left) take(life);
    return ordered;
  }

  /** Returns what ends it. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** For `createActor(…, { inspect })`. */
  readonly inspect = (inspected: InspectionEvent): void => {
    if (inspected.type === '@xstate.event') this.#sent(inspected);
    if (inspected.type !== '@xstate.snapshot') return;
    const actor = inspected.actorRef as AnyActor;
    const snapshot = inspected.snapshot as AnyMachineSnapshot;
    const known = this.#known.get(actor);
    if (known === undefined) this.#born(actor, snapshot);
    else if (this.#living.has(known)) this.#took(known, inspected.event, snapshot);
  };

  #born(actor: AnyActor, snapshot: AnyMachineSnapshot): void {
    const { logic } = actor;
    const machine = 'id' in logic ? String(logic.id) : '';
    if (!isMachine(machine)) return;
    this.#last += 1;
    const life: OwnLife = { number: this.#last, path: nameOf(actor), machine, actor, snapshot, events: 0 };
    this.#known.set(actor, life);
    this.#living.add(life);
    for (const watcher of this.#watchers) watcher.born(life);
    if (snapshot.status !== 'active') this.#ended(life);
  }

  #took(life: OwnLife, event: EventObject, after: AnyMachineSnapshot): void {
    const before = life.snapshot;
    life.snapshot = after;
    life.events += 1;
    for (const watcher of this.#watchers) watcher.took(life, event, before);
    if (after.status !== 'active') this.#ended(life);
  }

  #ended(life: OwnLife): void {
    this.#living.delete(life);
    for (const watcher of this.#watchers) watcher.ended(life);
  }

  #sent({ actorRef, event, sourceRef }: InspectionEvent & { type: '@xstate.event' }): void {
    const from = sourceRef as AnyActorRef | undefined;
    for (const watcher of this.#watchers) watcher.sent?.(actorRef as AnyActorRef, event, from);
    // Of a machine that throws no last snapshot is shown: that it is gone is seen by what its parent is sent. One
    // that fails by its child is shown in the rest of this very step.
    if (from !== undefined && event.type.startsWith('xstate.error.actor.'))
      queueMicrotask(() => this.#threw(from));
  }

  #threw(actor: AnyActorRef): void {
    const life = this.#known.get(actor);
    if (life === undefined || !this.#living.has(life)) return;
    life.snapshot = actor.getSnapshot();
    this.#ended(life);
  }
}

/** Deadlines are not in the tree: each stands beside it under its name. */
function nameOf(actor: AnyActor): string {
  return actor.logic.id === 'deadline' ? `deadline/${actor.id}` : pathOf(actor);
}

function isMachine(name: string): name is MachineName {
  return Object.hasOwn(catalogue, name);
}
