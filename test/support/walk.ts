/**
 * A living machine led along a path of events, beside the pure one. Its clock stands still but for its delays, and
 * each child it starts is a puppet that ends when the path says so. What was entered and taken is noted.
 */
import {
  type Actor,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  createActor,
  type EventObject,
  fromPromise,
  type InspectionEvent,
  initialTransition,
  transition,
} from 'xstate';
import { getStateNodes } from 'xstate/graph';
import { FakeClock, settled } from './fake-clock.js';

const AFTER = 'xstate.after.';

/** How a child ends. */
export type ChildEnd = { readonly output: unknown } | { readonly error: Error };

/** The events by which a parent hears of it. */
export function endEvent(actorId: string, end: ChildEnd): EventObject & { readonly actorId: string } {
  return 'output' in end
    ? { type: `xstate.done.actor.${actorId}`, actorId, ...end }
    : { type: `xstate.error.actor.${actorId}`, actorId, ...end };
}

/** The delays that run in this state, as the events they will send. */
export function delaysIn({ _nodes }: AnyMachineSnapshot): EventObject[] {
  return _nodes.flatMap(delaysOf).map((type) => ({ type }));
}

function delaysOf({ transitions }: { readonly transitions: ReadonlyMap<string, unknown> }): string[] {
  return [...transitions.keys()].filter((type) => type.startsWith(AFTER));
}

const puppets = new WeakMap<AnyActorRef, (end: ChildEnd) => void>();
const puppet = fromPromise<unknown, unknown>(
  ({ self }) =>
    new Promise((resolve, reject) => {
      puppets.set(self, (end) => ('output' in end ? resolve(end.output) : reject(end.error)));
    }),
);

/** A machine whose children are puppets, and what of its definition no walk has met yet. */
export class Ground {
  readonly machine: AnyStateMachine;
  /** By path. */
  readonly states: Set<string>;
  /** As `open: xstate.after.due.breaker.open → halfOpen (0)`. */
  readonly transitions: Set<string>;
  /** Events of delays that were not yet watched to the last millisecond. */
  readonly delays: Set<string>;
  readonly #names = new Map<AnyTransitionDefinition, string>();

  /** `children`: those that it only knows by name. */
  constructor(pure: AnyStateMachine, children: readonly string[]) {
    const names = [...Object.keys(pure.implementations.actors), ...children];
    this.machine = pure.provide({ actors: Object.fromEntries(names.map((name) => [name, puppet])) });
    const nodes = [this.machine.root, ...getStateNodes(this.machine.root)];
    for (const { transitions, always = [] } of nodes) {
      for (const group of [...transitions.values(), always]) {
        for (const [index, it] of group.entries()) this.#names.set(it, nameOf(it, index));
      }
    }
    this.states = new Set(nodes.map(pathOf));
    this.transitions = new Set(this.#names.values());
    this.delays = new Set(nodes.flatMap(delaysOf));
  }

  stepped({ _nodes }: AnyMachineSnapshot, taken: readonly AnyTransitionDefinition[]): void {
    for (const node of _nodes) this.states.delete(pathOf(node));
    for (const it of taken) {
      this.transitions.delete(this.#names.get(it) ?? '');
      // Left in the very step that entered it, its source is in no snapshot.
      this.states.delete(pathOf(it.source));
    }
  }
}

const pathOf = ({ path }: { readonly path: readonly string[] }): string => path.join('.') || '(root)';

function nameOf({ source, eventType, target }: AnyTransitionDefinition, index: number): string {
  return `${pathOf(source)}: ${eventType || 'always'} → ${target?.map(pathOf).join(', ') ?? '(stays)'} (${index})`;
}

export class Walker {
  /** As the pure machine has it. */
  pure: AnyMachineSnapshot;
  readonly #ground: Ground;
  readonly #clock = new FakeClock();
  readonly #actor: Actor<AnyStateMachine>;
  /** When each delay that was scheduled is due. */
  readonly #dueAt = new Map<string, number>();

  /** Starts the machine. */
  constructor(ground: Ground, input: unknown) {
    this.#ground = ground;
    [this.pure] = initialTransition(ground.machine, input);
    this.#actor = createActor(ground.machine, {
      clock: this.#clock,
      input,
      inspect: (inspected) => this.#see(inspected),
    });
    // One whose error nobody handles ends with it: that is a state like any other, and compared.
    this.#actor.subscribe({ error: () => {} });
    this.#actor.start();
  }

  /** As the living machine has it. */
  get living(): AnyMachineSnapshot {
    return this.#actor.getSnapshot();
  }

  /** Lets it happen to both. `early` is called one millisecond before a delay is due. */
  async take(event: EventObject, early: () => void): Promise<void> {
    if (event.type.startsWith(AFTER)) this.#waitFor(event.type, early);
    else await this.#hear(event);
    [this.pure] = transition(this.#ground.machine, this.pure, event);
  }

  #waitFor(type: string, early: () => void): void {
    const leftMs = (this.#dueAt.get(type) ?? Number.NaN) - this.#clock.now();
    if (leftMs >= 1) {
      this.#clock.advance(leftMs - 1);
      early();
      this.#ground.delays.delete(type);
    }
    this.#clock.advance(Math.min(leftMs, 1));
  }

  async #hear(event: EventObject): Promise<void> {
    const child = 'actorId' in event ? this.living.children[String(event.actorId)] : undefined;
    const end = child && puppets.get(child);
    // Of one that was stopped meanwhile the end may be on its way already.
    if (end === undefined || child?.getSnapshot().status !== 'active') this.#actor.send(event);
    else {
      end(event as EventObject & ChildEnd);
      await settled();
    }
  }

  #see(inspected: InspectionEvent): void {
    if (inspected.type === '@xstate.microstep') {
      this.#ground.stepped(inspected.snapshot as AnyMachineSnapshot, inspected._transitions);
    }
    if (inspected.type !== '@xstate.action' || inspected.action.type !== 'xstate.raise') return;
    const { event, delay } = inspected.action.params as { event: EventObject; delay?: number };
    if (delay !== undefined) this.#dueAt.set(event.type, this.#clock.now() + delay);
  }
}
