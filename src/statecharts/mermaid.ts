/** A machine as a Mermaid state diagram: every state, every transition that leads somewhere, what it waits for. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { type Arrow, arrowsOf, initialOf, textOf } from './chart.js';

const ANYWHERE = 'anywhere';

/** The text of a `stateDiagram-v2`. */
export function mermaidOf(machine: AnyStateMachine): string {
  const { root } = machine;
  const arrows = arrowsOf(machine);
  const lines = ['stateDiagram-v2', ...statesOf(root, '  ')];
  if (arrows.some(({ from }) => from === root)) lines.push(`  state "any state" as ${ANYWHERE}`);
  lines.push(...arrows.map(lineOf));
  return `${lines.join('\n')}\n`;
}

function statesOf(parent: AnyStateNode, indent: string): string[] {
  const initial = initialOf(parent);
  const lines = initial === undefined ? [] : [`${indent}[*] --> ${idOf(initial)}`];
  for (const child of Object.values(parent.states)) {
    const id = idOf(child);
    if (Object.keys(child.states).length === 0) lines.push(`${indent}state "${child.key}" as ${id}`);
    else
      lines.push(`${indent}state "${child.key}" as ${id} {`, ...statesOf(child, `${indent}  `), `${indent}}`);
    if (child.type === 'final') lines.push(`${indent}${id} --> [*]`);
  }
  return lines;
}

function lineOf({ from, to, causes }: Arrow): string {
  const label = causes.map(textOf).filter((text) => text !== '');
  const words = label.length > 0 ? ` : ${label.join('<br/>')}` : '';
  return `  ${from.parent === undefined ? ANYWHERE : idOf(from)} --> ${idOf(to)}${words}`;
}

function idOf(node: AnyStateNode): string {
  return node.path.join('_');
}
