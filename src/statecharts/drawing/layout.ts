/**
 * Where everything in a machine's picture stands: state-machine-cat lays it out, its picture is measured.
 *
 * A label is laid out as if it were a state on its arrow's way: so it covers no other label, and no line but its own.
 */
import { type IState, type ITransition, render } from 'state-machine-cat';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { type Arrow, arrowsOf, descendantsOf, initialOf, textOf } from '../chart.js';
import { type Box, centreOf, type Line, straightTo } from './geometry.js';
import { measure } from './measured.js';

export interface PlacedState {
  readonly node: AnyStateNode;
  readonly box: Box;
  /** What is to be known of it beside its name. */
  readonly notes: readonly string[];
}

export interface PlacedArrow {
  readonly arrow: Arrow;
  /** The lines of the label, one for each cause that has words. */
  readonly words: readonly string[];
  /** What is kept free for the label; nothing without one. */
  readonly box: Box | undefined;
  readonly line: Line;
}

export interface PlacedInitial {
  readonly parent: AnyStateNode;
  readonly box: Box;
  readonly line: Line;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly states: readonly PlacedState[];
  readonly arrows: readonly PlacedArrow[];
  readonly initials: readonly PlacedInitial[];
  /** Where "any state" stands, if anything leads somewhere from everywhere. */
  readonly anywhere: Box | undefined;
}

export type Direction = 'top-down' | 'left-right';

export function layoutOf(machine: AnyStateMachine, direction: Direction): Layout {
  const { root } = machine;
  const nodes = descendantsOf(root);
  const arrows = arrowsOf(machine).map((arrow, index) => ({
    arrow,
    words: arrow.causes.map(textOf).filter((text) => text !== ''),
    label: `label ${index}`,
  }));
  const composites = [root, ...nodes].flatMap((parent) => {
    const first = initialOf(parent);
    return first === undefined ? [] : [{ parent, first }];
  });
  const isFromAnywhere = arrows.some(({ arrow }) => arrow.from === root);

  const statesIn = (parent: AnyStateNode): IState[] => [
    ...(initialOf(parent) === undefined ? [] : [{ name: dotOf(parent), type: 'initial' as const }]),
    ...Object.values(parent.states).map((node): IState => {
      const states = statesIn(node);
      const state = { name: nameOf(node), type: 'regular' as const };
      return states.length > 0
        ? { ...state, label: node.key, statemachine: { states } }
        : { ...state, ...rowsOf([node.key, ...notesOf(node)]) };
    }),
    ...arrows
      .filter(({ arrow, words }) => words.length > 0 && commonParentOf(arrow) === parent)
      .map(({ label, words }): IState => ({ name: label, type: 'regular', ...rowsOf(words) })),
  ];
  const states = statesIn(root);
  if (isFromAnywhere) states.push({ name: nameOf(root), type: 'regular' });
  const transitions: ITransition[] = [
    ...composites.map(({ parent, first }) => ({ from: dotOf(parent), to: nameOf(first) })),
    ...arrows.flatMap(({ arrow, label, words }) => {
      const [from, to] = [nameOf(arrow.from), nameOf(arrow.to)];
      if (words.length === 0) return [{ from, to }];
      return [
        { from, to: label },
        { from: label, to },
      ];
    }),
  ];

  const { width, height, boxOf, lineOf } = measure(
    // `oldsvg` is laid out by the engine that comes with the package, never by one found on the machine.
    render(
      { states, transitions },
      { inputType: 'json', outputType: 'svg', direction, dotGraphAttrs: SPACING },
    ),
  );
  return {
    width,
    height,
    states: nodes.map((node) => ({ node, box: boxOf(nameOf(node)), notes: notesOf(node) })),
    initials: composites.map(({ parent, first }) => ({
      parent,
      box: boxOf(dotOf(parent)),
      line: lineOf(dotOf(parent), nameOf(first)),
    })),
    arrows: arrows.map(({ arrow, words, label }) => {
      const [from, to] = [nameOf(arrow.from), nameOf(arrow.to)];
      if (words.length === 0) return { arrow, words, box: undefined, line: lineOf(from, to) };
      const box = boxOf(label);
      const [begin, ...way] = lineOf(label, to);
      const there = straightTo(lineOf(from, label), centreOf(box));
      return { arrow, words, box, line: begin === undefined ? there : [...straightTo(there, begin), ...way] };
    }),
    anywhere: isFromAnywhere ? boxOf(nameOf(root)) : undefined,
  };
}

const SPACING = [
  // Where a state stands follows from its lines, not from the order in which they are written.
  { name: 'ordering', value: '""' },
  { name: 'nodesep', value: '0.2' },
  { name: 'ranksep', value: '0.14' },
];

/** What a state runs, and what callers ask it for. */
function notesOf({ invoke, tags }: AnyStateNode): string[] {
  return [...invoke.map(({ id }) => `runs ${id}`), ...[...tags].map((tag) => `tag ${tag}`)];
}

/** The first line as a state's name, the others as its actions: that is how several lines are given to the layout. */
function rowsOf([label = '', ...rest]: readonly string[]): Pick<IState, 'label' | 'actions'> {
  return { label, actions: rest.map((body) => ({ type: 'activity', body })) };
}

/** The innermost state that holds both ends of an arrow. */
function commonParentOf({ from, to }: Arrow): AnyStateNode {
  let parent = from.parent ?? from;
  while (parent.parent !== undefined && !isWithin(to, parent)) parent = parent.parent;
  return parent;
}

function isWithin(node: AnyStateNode, outer: AnyStateNode): boolean {
  return node === outer || (node.parent !== undefined && isWithin(node.parent, outer));
}

function nameOf(node: AnyStateNode): string {
  return node.parent === undefined ? 'any state' : node.path.join('.');
}

function dotOf(parent: AnyStateNode): string {
  return `start of ${nameOf(parent)}`;
}
