/**
 * A machine as an SVG picture. Each state says which it is (`data-state`), each arrow what it stands for (`data-from`, empty
 * for any state, `data-to`, and `data-event`, XState's types of all events that lead along it).
 */
import type { AnyStateMachine } from 'xstate';
import { type Box, centreOf, crosses, type Line, within } from './geometry.js';
import { layoutOf, type PlacedArrow, type PlacedInitial, type PlacedState } from './layout.js';
import { arrow, COLOURS, group, rect, round, sheet, text, type Words, widthOfAll } from './marks.js';

const LINE_HEIGHT = 14;
const STATE = `rx="10" fill="#ffffff" stroke="${COLOURS.line}" stroke-width="1.5"`;
const FRAME = `rx="10" fill="${COLOURS.frame}" stroke="${COLOURS.line}" stroke-width="1.5"`;
const INNER_RING = `rx="7.5" fill="none" stroke="${COLOURS.line}"`;
const ANYWHERE = `rx="17" fill="#ffffff" stroke="${COLOURS.line}" stroke-dasharray="4 3"`;
const PLATE = `class="plate" rx="4" fill="#ffffff" stroke="${COLOURS.border}"`;

/** Tried one after the other, until no line crosses a frame's title. */
const MORE_ROOM = [8, 16, 24, 32];

export function statechartOf(machine: AnyStateMachine, title: string): string {
  let drawn = drawnWith(machine, 0);
  for (const room of MORE_ROOM) {
    if (drawn.crossings === 0) break;
    const other = drawnWith(machine, room);
    if (other.crossings < drawn.crossings) drawn = other;
  }
  return sheet(drawn.layout, title, drawn.content);
}

function drawnWith(machine: AnyStateMachine, room: number) {
  const layout = layoutOf(machine, room);
  const lines = [...layout.arrows, ...layout.initials].map(({ line }) => line);
  const isComposite = ({ node }: PlacedState) => Object.keys(node.states).length > 0;
  const frames = layout.states.filter(isComposite).map((it) => ({ ...it, title: titleOf(it, lines) }));
  const content = [
    ...frames.map(frame),
    ...layout.initials.map(initial),
    ...layout.arrows.map(transition),
    ...(layout.anywhere === undefined ? [] : [anywhere(layout.anywhere)]),
    ...layout.states.filter((it) => !isComposite(it)).map(state),
  ];
  return { layout, content, crossings: frames.reduce((sum, { title }) => sum + title.crossings, 0) };
}

const nameWords = (words: string): Words => ({ words, size: 12, colour: COLOURS.ink, weight: 'bold' });
const noteWords = (words: string): Words => ({ words, size: 11, colour: COLOURS.quiet, name: 'note' });

interface Title {
  readonly words: readonly Words[];
  readonly x: number;
  /** How many lines cross it. */
  readonly crossings: number;
}

/** As far left in the frame's head as no line crosses it, or where the fewest do. */
function titleOf({ node, box, notes }: PlacedState, lines: readonly Line[]): Title {
  const words = [nameWords(node.key), ...notes.map((note) => noteWords(` · ${note}`))];
  const width = widthOfAll(words);
  let best: Title = { words, x: box.x + 12, crossings: Number.POSITIVE_INFINITY };
  for (let x = box.x + 12; x === best.x || x <= box.x + box.width - width - 10; x += 4) {
    const place = { x: x - 4, y: box.y + 4, width: width + 8, height: 18 };
    const crossings = lines.filter((line) => crosses(line, place)).length;
    if (crossings < best.crossings) best = { words, x, crossings };
  }
  return best;
}

function frame({ node, box, title }: PlacedState & { readonly title: Title }): string {
  return group('state composite', { state: node.path.join('.') }, [
    rect(box, FRAME),
    text(title.words, { x: title.x, y: box.y + 18 }, 'start'),
  ]);
}

function state({ node, box: outer, notes }: PlacedState): string {
  const isFinal = node.type === 'final';
  const box = within(outer, outer.width - 2, outer.height - 2);
  const { x, y } = centreOf(box);
  const top = y + 4 - (notes.length * LINE_HEIGHT) / 2;
  return group(isFinal ? 'state final' : 'state', { state: node.path.join('.') }, [
    rect(box, STATE),
    ...(isFinal ? [rect(within(box, box.width - 6, box.height - 6), INNER_RING)] : []),
    text([nameWords(node.key)], { x, y: top }),
    ...notes.map((note, index) => text([noteWords(note)], { x, y: top + (index + 1) * LINE_HEIGHT })),
  ]);
}

function anywhere(outer: Box): string {
  const { x, y } = centreOf(outer);
  return group('anywhere', {}, [
    rect(within(outer, outer.width - 2, outer.height - 2), ANYWHERE),
    text([{ words: 'any state', size: 12, colour: COLOURS.quiet }], { x, y: y + 4 }),
  ]);
}

function initial({ parent, box, line }: PlacedInitial): string {
  const { x, y } = centreOf(box);
  return group('initial', { of: parent.path.join('.') }, [
    `<circle cx="${round(x)}" cy="${round(y)}" r="5" fill="${COLOURS.ink}"/>`,
    arrow(line),
  ]);
}

function transition({ arrow: { from, to, causes }, words, box, line }: PlacedArrow): string {
  const event = [...new Set(causes.map((cause) => cause.event))].join(' ');
  return group('transition', { from: from.path.join('.'), to: to.path.join('.'), event }, [
    arrow(line),
    ...(box === undefined ? [] : label(words, box)),
  ]);
}

function label(lines: readonly string[], outer: Box): string[] {
  const rows = lines.map(labelWords);
  const box = within(outer, Math.max(...rows.map(widthOfAll)) + 8, rows.length * LINE_HEIGHT + 3);
  const { x } = centreOf(box);
  return [
    rect(box, PLATE),
    ...rows.map((row, index) => text(row, { x, y: box.y + 12.5 + index * LINE_HEIGHT })),
  ];
}

/** `call.failed [isLastStraw]`: the guard stands back, a delay stands out. */
function labelWords(line: string): Words[] {
  const [, cause = '', guard = ''] = /^(.*?)( ?\[.*\])?$/.exec(line) ?? [];
  const pieces: Words[] = cause
    .split(/(?<=, )/)
    .map((words) =>
      words.startsWith('after ')
        ? { words, size: 11, colour: COLOURS.delay, name: 'delay' }
        : { words, size: 11, colour: COLOURS.ink },
    );
  return [...pieces, { words: guard, size: 11, colour: COLOURS.quiet, name: 'guard' }].filter(
    ({ words }) => words !== '',
  );
}
