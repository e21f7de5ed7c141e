/**
 * The seam between the two planes: `wired(logic, born)` is the same actor logic, except that `born` receives
 * the actor the moment it starts (and again after every restart). So the plain code beside a machine always
 * holds the living actor, and no actor reference enters a context.
 */
import type { ActorRefFrom, AnyActorLogic, InputFrom } from 'xstate';

export function wired<L extends AnyActorLogic>(logic: L, born: (self: ActorRefFrom<L>) => void): L {
  const start: L['start'] = (snapshot, scope) => {
    born(scope.self as ActorRefFrom<L>);
    logic.start?.(snapshot, scope);
  };
  return Object.create(logic, { start: { value: start } });
}

/** The parts of an actor reference that a path needs. */
interface Named {
  readonly id: string;
  readonly _parent?: Named | undefined;
}

/** An actor's path below the root, the same in every run: `sinks/discord/breaker`. The root's is `supervisor`. */
export function pathOf(actor: Named): string {
  const names: string[] = [];
  for (let at: Named | undefined = actor; at?._parent; at = at._parent) names.unshift(at.id);
  return names.join('/') || 'supervisor';
}

/** The same actor logic with its input made at each start, so that whoever spawns it need not know it. */
export function bound<L extends AnyActorLogic>(logic: L, input: () => InputFrom<L>): L {
  const getInitialSnapshot: L['getInitialSnapshot'] = (scope) => logic.getInitialSnapshot(scope, input());
  return Object.create(logic, { getInitialSnapshot: { value: getInitialSnapshot } });
}
