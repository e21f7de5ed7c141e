/** What a picture of a machine shows: its states, and one arrow for each pair of states with all that leads there. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** Why a machine goes from one state to another. */
export interface Cause {
  /** XState's event type, wildcards included; empty when nothing but the guard is needed. */
  readonly event: string;
  /** As people read it: `isLastStraw`, `not isServersTurn`, `else` after guarded ones; empty when there is none. */
  readonly guard: string;
}

export interface Arrow {
  /** The root stands for any state. */
  readonly from: AnyStateNode;
  readonly to: AnyStateNode;
  readonly causes: readonly Cause[];
}

/** In the order of the source. Transitions that stay where they are only count something, and are left out. */
export function arrowsOf({ root }: AnyStateMachine): Arrow[] {
  return [root, ...descendantsOf(root)].flatMap(arrowsFrom);
}

/** All states below, each before its own. */
export function descendantsOf(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** The state a composite one begins in. */
export function initialOf({ config, states }: AnyStateNode): AnyStateNode | undefined {
  return typeof config.initial === 'string' ? states[config.initial] : undefined;
}

function arrowsFrom(from: AnyStateNode): Arrow[] {
  const lists = [...from.transitions, ['', from.always ?? []] as const];
  const arrows = new Map<AnyStateNode, Cause[]>();
  for (const [event, transitions] of lists) {
    let isElse = false;
    for (const { target: [to] = [], guard } of transitions) {
      const cause = { event, guard: guard === undefined ? (isElse ? 'else' : '') : guardName(guard) };
      isElse = true;
      if (to !== undefined) arrows.set(to, [...(arrows.get(to) ?? []), cause]);
    }
  }
  return [...arrows].map(([to, causes]) => ({ from, to, causes }));
}

/** `call.failed [isLastStraw]`. */
export function textOf({ event, guard }: Cause): string {
  return [wordsOf(event), guard === '' ? '' : `[${guard}]`].filter((word) => word !== '').join(' ');
}

/** `xstate.after.due.breaker.open` reads "after due", `xstate.done.actor.0.clear` "clear is done". */
export function wordsOf(event: string): string {
  const after = /^xstate\.after\.([^.]+)\./.exec(event)?.[1];
  if (after !== undefined) return `after ${/^\d+$/.test(after) ? `${after} ms` : after}`;
  const [, kind, actor = ''] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(event) ?? [];
  const name = actor === '*' ? 'a part' : actor;
  if (kind === 'done') return `${name} is done`;
  return kind === 'error' ? `${name} fails` : event;
}

/** Of one made of others, what they are together. */
export function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'function' && 'guards' in guard && Array.isArray(guard.guards)) {
    const names = guard.guards.map(guardName);
    return guard.name === 'not' ? `not ${names.join()}` : names.join(` ${guard.name} `);
  }
  if (typeof guard === 'object' && guard !== null && 'type' in guard) {
    return [guard.type, ...('params' in guard ? Object.values(constantsOf(guard.params)) : [])].join(' ');
  }
  return 'inline';
}

/**
 * Of parameters computed from context and event, the words that they hold whatever those are: `isEnd` of the kind
 * `failed`. They are computed twice, from nothing but ones and nothing but twos.
 */
export function constantsOf(params: unknown): Record<string, string> {
  const computed = (from: string): Record<string, unknown> => {
    const all = new Proxy({}, { get: () => from });
    const values: unknown = typeof params === 'function' ? params({ context: all, event: all }) : params;
    return typeof values === 'object' && values !== null ? { ...values } : {};
  };
  try {
    const [once, again] = [computed('1'), computed('2')];
    return Object.fromEntries(
      Object.entries(once).filter(
        (entry): entry is [string, string] =>
          typeof entry[1] === 'string' && entry[1] !== '' && entry[1] === again[entry[0]],
      ),
    );
  } catch {
    // They cannot be had without a real event: then nothing is known of them.
    return {};
  }
}
