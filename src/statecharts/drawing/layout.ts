/**
 * Where everything in a machine's picture stands: state-machine-cat lays it out, its picture is measured.
 *
 * A label is laid out as if it were a state on its arrow's way: so it covers no other label, and no line but its own.
 * An arrow to a state that the source names earlier is laid out the other way round: so the picture reads downwards in the
 * order of the source, which is the order in which things happen when they go well.
 */
import { type IState, render } from 'state-machine-cat';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { type Arrow, arrowsOf, descendantsOf, initialOf } from '../chart.js';
import { type Box, centreOf, joined, type Line } from './geometry.js';
import { measure } from './measured.js';
import { notesOf, wordsOn } from './words.js';

export interface PlacedState {
  readonly node: AnyStateNode;
  readonly box: Box;
  /** What is to be known of it beside its name. */
  readonly notes: readonly string[];
}

export interface PlacedArrow {
  readonly arrow: Arrow;
  /** The lines of its label. */
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

/** `room`: how many letters wider than their titles the heads of frames are, so that lines find a way past. */
export function layoutOf(machine: AnyStateMachine, room: number): Layout {
  const plan = planOf(machine);
  const { root, nodes, arrows, initials, isFromAnywhere } = plan;
  const { width, height, boxOf, lineOf } = measure(
    render(
      {
        states: [
          ...(isFromAnywhere ? [{ name: nameOf(root), type: 'regular' as const }] : []),
          ...statesIn(root, plan, room),
        ],
        transitions: [
          ...initials.map(({ name, first }) => ({ from: name, to: nameOf(first), class: name })),
          ...arrows.flatMap(legsOf),
        ],
      },
      { inputType: 'json', outputType: 'svg', dotGraphAttrs: SPACING, dotEdgeAttrs: NO_LABELS },
    ),
  );
  return {
    width,
    height,
    states: nodes.map((node) => ({ node, box: boxOf(nameOf(node)), notes: notesOf(node) })),
    initials: initials.map(({ parent, name }) => ({ parent, box: boxOf(name), line: lineOf(name) })),
    arrows: arrows.map((it) => {
      const box = it.words.length > 0 ? boxOf(it.name) : undefined;
      const lines = legsOf(it).map((leg) => lineOf(leg.class));
      const ways = it.isBackward ? lines.map((line) => line.toReversed()) : lines;
      return { arrow: it.arrow, words: it.words, box, line: joined(ways, box && centreOf(box)) };
    }),
    anywhere: isFromAnywhere ? boxOf(nameOf(root)) : undefined,
  };
}

const SPACING = [
  // Where a state stands among its neighbours follows from its lines, not from the order in which they are given.
  { name: 'ordering', value: '""' },
  { name: 'nodesep', value: '0.2' },
  { name: 'ranksep', value: '0.2' },
];

/** Each line is given room for a label, which none has: the smallest there is. */
const NO_LABELS = [{ name: 'fontsize', value: '1' }];

interface PlannedArrow {
  /** Of its label, and the beginning of its legs' names. */
  readonly name: string;
  readonly arrow: Arrow;
  readonly words: readonly string[];
  /** Laid out the other way round. */
  readonly isBackward: boolean;
}

interface Plan {
  readonly root: AnyStateNode;
  readonly nodes: readonly AnyStateNode[];
  readonly arrows: readonly PlannedArrow[];
  /** The dots from which frames, and the whole, are entered. */
  readonly initials: readonly {
    readonly name: string;
    readonly parent: AnyStateNode;
    readonly first: AnyStateNode;
  }[];
  readonly isFromAnywhere: boolean;
}

function planOf(machine: AnyStateMachine): Plan {
  const { root } = machine;
  const nodes = descendantsOf(root);
  const arrows = arrowsOf(machine).map((arrow, index) => ({
    name: `arrow-${index}`,
    arrow,
    words: wordsOn(arrow),
    isBackward: nodes.indexOf(arrow.to) <= nodes.indexOf(arrow.from),
  }));
  const initials = [root, ...nodes].flatMap((parent, index) => {
    const first = initialOf(parent);
    return first === undefined ? [] : [{ name: `initial-${index}`, parent, first }];
  });
  return { root, nodes, arrows, initials, isFromAnywhere: arrows.some(({ arrow }) => arrow.from === root) };
}

/** What stands within a state: its dot, its states with all that is in them, and the labels of the arrows between them. */
function statesIn(parent: AnyStateNode, plan: Plan, room: number): IState[] {
  const { arrows, initials } = plan;
  return [
    ...initials.filter((it) => it.parent === parent).map(({ name }) => ({ name, type: 'initial' as const })),
    ...Object.values(parent.states).map((node): IState => {
      const states = statesIn(node, plan, room);
      const state = { name: nameOf(node), type: 'regular' as const };
      const rows = [node.key, ...notesOf(node)];
      return states.length > 0
        ? { ...state, label: widened(rows.join(' · '), room), statemachine: { states } }
        : { ...state, ...asRows([widened(node.key, roomFor(node, arrows)), ...notesOf(node)]) };
    }),
    ...arrows
      .filter(({ arrow, words }) => words.length > 0 && commonParentOf(arrow) === parent)
      .map(({ name, words }): IState => ({ name, type: 'regular', ...asRows(words) })),
  ];
}

/** From one end to the label, and on to the other end; the upper end first. */
function legsOf({ name, arrow, words, isBackward }: PlannedArrow) {
  const stops = [nameOf(arrow.from), ...(words.length > 0 ? [name] : []), nameOf(arrow.to)];
  return stops.slice(1).map((stop, index) => {
    const before = stops[index] ?? stop;
    const [from, to] = isBackward ? [stop, before] : [before, stop];
    return { from, to, class: `${name}-${index}` };
  });
}

/** A state at which many arrows end is as wide as they need to be told apart. */
function roomFor(node: AnyStateNode, arrows: readonly PlannedArrow[]): number {
  const ends = arrows.filter(({ arrow: { from, to } }) => from === node || to === node).length;
  return Math.max(0, ends - 4) * 3;
}

/** By spaces that the layout does not fold away. */
function widened(text: string, letters: number): string {
  return text + '\u00a0'.repeat(letters);
}

/** The first row as a state's name, the others as its actions: that is how the layout is told of several rows. */
function asRows([label = '', ...rest]: readonly string[]): Pick<IState, 'label' | 'actions'> {
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
