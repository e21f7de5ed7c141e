/**
 * Where everything in a machine's picture stands: state-machine-cat lays it out, its picture is measured.
 *
 * A label is laid out as if it were a state on its arrow's way: so it covers no other label, and no line but its own.
 * An arrow to a state that the source names earlier is laid out the other way round: so the picture reads downwards in the
 * order of the source, which is the order in which things happen when they go well.
 */
import { type IState, type ITransition, render } from 'state-machine-cat';
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

const SPACING = [
  // Where a state stands among its neighbours follows from its lines, not from the order in which they are given.
  { name: 'ordering', value: '""' },
  { name: 'nodesep', value: '0.2' },
  { name: 'ranksep', value: '0.2' },
];

/** One that is not folded away. */
const SPACE = '\u00a0';

/** `room`: how many letters wider than their titles the heads of frames are, so that lines find a way past. */
export function layoutOf(machine: AnyStateMachine, room: number): Layout {
  const { root } = machine;
  const nodes = descendantsOf(root);
  const arrows = arrowsOf(machine).map((arrow, index) => ({
    arrow,
    words: wordsOn(arrow),
    label: `label ${index}`,
    isBackward: nodes.indexOf(arrow.to) <= nodes.indexOf(arrow.from),
  }));
  const isFromAnywhere = arrows.some(({ arrow }) => arrow.from === root);
  const initials = [root, ...nodes].flatMap((parent) => {
    const first = initialOf(parent);
    return first === undefined ? [] : [{ parent, first }];
  });

  /** A state at which many arrows end is as wide as they need to be told apart. */
  const roomFor = (node: AnyStateNode) => {
    const ends = arrows.filter(({ arrow: { from, to } }) => from === node || to === node).length;
    return SPACE.repeat(Math.max(0, ends - 4) * 3);
  };

  const statesIn = (parent: AnyStateNode): IState[] => [
    ...(initialOf(parent) === undefined ? [] : [{ name: dotOf(parent), type: 'initial' as const }]),
    ...Object.values(parent.states).map((node): IState => {
      const states = statesIn(node);
      const rows = [`${node.key}${roomFor(node)}`, ...notesOf(node)];
      const state = { name: nameOf(node), type: 'regular' as const };
      return states.length > 0
        ? { ...state, label: `${rows.join(' · ')}${SPACE.repeat(room)}`, statemachine: { states } }
        : { ...state, ...asRows(rows) };
    }),
    ...arrows
      .filter(({ arrow, words }) => words.length > 0 && commonParentOf(arrow) === parent)
      .map(({ label, words }): IState => ({ name: label, type: 'regular', ...asRows(words) })),
  ];
  const legs: ITransition[] = [];
  /** The two ends of a line, the first to be the upper one; gives the name under which it is found again. */
  const leg = (from: string, to: string) => `leg${legs.push({ from, to, class: `leg${legs.length}` }) - 1}`;
  const initialLegs = initials.map(({ parent, first }) => leg(dotOf(parent), nameOf(first)));
  const arrowLegs = arrows.map(({ arrow, words, label, isBackward }) => {
    const stops = [nameOf(arrow.from), ...(words.length > 0 ? [label] : []), nameOf(arrow.to)];
    return stops.slice(1).map((stop, index) => {
      const before = stops[index] ?? stop;
      return isBackward ? leg(stop, before) : leg(before, stop);
    });
  });

  const drawn = render(
    {
      states: [
        ...(isFromAnywhere ? [{ name: nameOf(root), type: 'regular' as const }] : []),
        ...statesIn(root),
      ],
      transitions: legs,
    },
    {
      inputType: 'json',
      outputType: 'svg',
      dotGraphAttrs: SPACING,
      dotEdgeAttrs: [{ name: 'fontsize', value: '1' }],
    },
  );
  const { width, height, boxOf, lineOf } = measure(drawn);
  return {
    width,
    height,
    states: nodes.map((node) => ({ node, box: boxOf(nameOf(node)), notes: notesOf(node) })),
    initials: initials.map(({ parent }, index) => ({
      parent,
      box: boxOf(dotOf(parent)),
      line: lineOf(initialLegs[index] ?? ''),
    })),
    arrows: arrows.map(({ arrow, words, label, isBackward }, index) => {
      const box = words.length > 0 ? boxOf(label) : undefined;
      const lines = (arrowLegs[index] ?? []).map((it) => (isBackward ? lineOf(it).toReversed() : lineOf(it)));
      return { arrow, words, box, line: joined(lines, box && centreOf(box)) };
    }),
    anywhere: isFromAnywhere ? boxOf(nameOf(root)) : undefined,
  };
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

function dotOf(parent: AnyStateNode): string {
  return `start of ${nameOf(parent)}`;
}
