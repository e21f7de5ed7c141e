/** A machine as a Mermaid state diagram: every state, every transition that leads somewhere, what it waits for. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';

const ANYWHERE = 'anywhere';

/** The text of a `stateDiagram-v2`. Transitions that stay where they are only count something, and are left out. */
export function mermaidOf(machine: AnyStateMachine): string {
  const { root } = machine;
  const lines = ['stateDiagram-v2', ...statesOf(root, '  ')];
  const fromRoot = transitionsOf(root);
  if (fromRoot.length > 0) lines.push(`  state "any state" as ${ANYWHERE}`);
  lines.push(...[root, ...descendants(root)].flatMap(transitionsOf));
  return `${lines.join('\n')}\n`;
}

function statesOf(parent: AnyStateNode, indent: string): string[] {
  const { initial } = parent.config;
  const children = Object.values(parent.states);
  const lines =
    typeof initial === 'string' && parent.states[initial]
      ? [`${indent}[*] --> ${idOf(parent.states[initial])}`]
      : [];
  for (const child of children) {
    const id = idOf(child);
    if (Object.keys(child.states).length === 0) lines.push(`${indent}state "${child.key}" as ${id}`);
    else
      lines.push(`${indent}state "${child.key}" as ${id} {`, ...statesOf(child, `${indent}  `), `${indent}}`);
    if (child.type === 'final') lines.push(`${indent}${id} --> [*]`);
  }
  return lines;
}

/** One arrow for each target, whatever leads there. */
function transitionsOf(node: AnyStateNode): string[] {
  const from = node.parent === undefined ? ANYWHERE : idOf(node);
  const all = [...node.transitions].flatMap(([event, list]) => list.map((it) => ({ event, it })));
  const eventless = (node.always ?? []).map((it) => ({ event: '', it }));
  const arrows = new Map<string, string[]>();
  for (const { event, it } of [...all, ...eventless]) {
    const [target] = it.target ?? [];
    if (target === undefined) continue;
    const words = [wordsOf(event), it.guard === undefined ? '' : `[${guardName(it.guard)}]`];
    const label = words.filter((word) => word !== '').join(' ');
    arrows.set(idOf(target), [...(arrows.get(idOf(target)) ?? []), ...(label === '' ? [] : [label])]);
  }
  return [...arrows].map(
    ([to, labels]) => `  ${from} --> ${to}${labels.length > 0 ? ` : ${labels.join('<br/>')}` : ''}`,
  );
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

function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'object' && guard !== null && 'type' in guard) return String(guard.type);
  if (typeof guard === 'function' && 'guards' in guard && Array.isArray(guard.guards)) {
    return guard.guards.map(guardName).join(' and ');
  }
  return 'as it ended';
}

function descendants(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...descendants(child)]);
}

function idOf(node: AnyStateNode): string {
  return node.path.join('_');
}
