/**
 * A machine as an SVG picture. Each state says which it is (`data-state`), each arrow what it stands for (`data-from`,
 * `data-to`, `data-event`); the looks are attributes alone, so that it may stand in a page under a strict policy, and so
 * that the page's own style can overrule all of them.
 */
import type { AnyStateMachine } from 'xstate';
import { type Box, centreOf, type Line, type Point, pointsOn, within } from './geometry.js';
import { type Layout, layoutOf, type PlacedArrow, type PlacedInitial, type PlacedState } from './layout.js';
import { widthOf } from './text.js';

const MARGIN = 16;
const INK = '#1f2328';
const QUIET = '#59636e';
const LINE = '#57606a';
const SHEET = '#ffffff';

export function svgOf(machine: AnyStateMachine, title: string): string {
  const layout = layoutOf(machine);
  const lines = layout.arrows.map(({ line }) => line);
  const isComposite = ({ node }: PlacedState) => Object.keys(node.states).length > 0;
  return sheet(layout, title, [
    ...layout.states.filter(isComposite).map((it) => frame(it, lines)),
    ...layout.initials.map(initial),
    ...layout.arrows.map(transition),
    ...(layout.anywhere === undefined ? [] : [anywhere(layout.anywhere)]),
    ...layout.states.filter((it) => !isComposite(it)).map(state),
  ]);
}

function sheet(
  { width, height }: Pick<Layout, 'width' | 'height'>,
  title: string,
  content: string[],
): string {
  const [w, h] = [Math.ceil(width + 2 * MARGIN), Math.ceil(height + 2 * MARGIN)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-MARGIN} ${-MARGIN} ${w} ${h}" width="${w}" height="${h}" role="img" font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect class="sheet" x="${-MARGIN}" y="${-MARGIN}" width="${w}" height="${h}" rx="8" fill="${SHEET}"/>`,
    ...content,
    '</svg>\n',
  ].join('\n');
}

function frame({ node, box, notes }: PlacedState, lines: readonly Line[]): string {
  return [
    `<g class="state composite" data-state="${node.path.join('.')}">`,
    rect(box, `rx="10" fill="#f6f8fa" stroke="${LINE}" stroke-width="1.5"`),
    titleOf(box, [node.key, ...notes].join(' · '), lines),
    '</g>',
  ].join('\n');
}

/** At the left, in the middle or at the right of the frame's head: where the fewest lines cross it. */
function titleOf(box: Box, title: string, lines: readonly Line[]): string {
  const width = widthOf(title, 12, 'bold');
  const places = [box.x + 12, box.x + (box.width - width) / 2, box.x + box.width - width - 12];
  const points = lines.flatMap((line) => pointsOn(line));
  const crossings = places.map(
    (x) => points.filter((it) => isIn(it, { x: x - 4, y: box.y, width: width + 8, height: 24 })).length,
  );
  const x = places[crossings.indexOf(Math.min(...crossings))] ?? box.x;
  return text(title, { x: x + width / 2, y: box.y + 18 }, 12, 'bold');
}

function isIn({ x, y }: Point, box: Box): boolean {
  return x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height;
}

function state({ node, box: outer, notes }: PlacedState): string {
  const isFinal = node.type === 'final';
  const box = within(outer, outer.width - 2, outer.height - 2);
  const { x, y } = centreOf(box);
  const top = y - (notes.length * 15) / 2;
  return [
    `<g class="state${isFinal ? ' final' : ''}" data-state="${node.path.join('.')}">`,
    rect(box, `rx="10" fill="#ffffff" stroke="${LINE}" stroke-width="1.5"`),
    ...(isFinal
      ? [
          rect(
            within(box, box.width - 6, box.height - 6),
            `rx="7.5" fill="none" stroke="${LINE}" stroke-width="1"`,
          ),
        ]
      : []),
    text(node.key, { x, y: top + 4 }, 12, 'bold'),
    ...notes.map((note, index) =>
      text(note, { x, y: top + 19 + index * 15 }, 11, 'normal', `fill="${QUIET}"`),
    ),
    '</g>',
  ].join('\n');
}

function anywhere(outer: Box): string {
  const { x, y } = centreOf(outer);
  return [
    '<g class="anywhere">',
    rect(
      within(outer, outer.width - 2, 26),
      `rx="13" fill="#ffffff" stroke="${LINE}" stroke-dasharray="4 3"`,
    ),
    text('any state', { x, y: y + 4 }, 12, 'normal', `fill="${QUIET}"`),
    '</g>',
  ].join('\n');
}

function initial({ parent, box, line }: PlacedInitial): string {
  const { x, y } = centreOf(box);
  return [
    `<g class="initial" data-of="${parent.path.join('.')}">`,
    `<circle cx="${round(x)}" cy="${round(y)}" r="5" fill="${INK}"/>`,
    arrowOf(line),
    '</g>',
  ].join('\n');
}

function transition({ arrow, words, box, line }: PlacedArrow): string {
  const events = [...new Set(arrow.causes.map(({ event }) => event))].join(' ');
  return [
    `<g class="transition" data-from="${arrow.from.path.join('.')}" data-to="${arrow.to.path.join('.')}" data-event="${escaped(events)}">`,
    arrowOf(line),
    ...(box === undefined ? [] : label(words, box)),
    '</g>',
  ].join('\n');
}

const LINE_HEIGHT = 14;

function label(words: readonly string[], outer: Box): string[] {
  const width = Math.max(...words.map((it) => widthOf(it, 11)));
  const box = within(outer, width + 8, words.length * LINE_HEIGHT + 3);
  const { x } = centreOf(box);
  return [
    rect(box, `rx="4" class="plate" fill="#ffffff" stroke="#d0d7de"`),
    ...words.map((it, index) => text(it, { x, y: box.y + 12.5 + index * LINE_HEIGHT }, 11)),
  ];
}

function arrowOf(line: Line): string {
  const [start, ...rest] = line;
  const tip = line.at(-1);
  if (start === undefined || tip === undefined) return '';
  const before = [...line].reverse().find((it) => Math.hypot(it.x - tip.x, it.y - tip.y) > 1) ?? start;
  const angle = Math.atan2(tip.y - before.y, tip.x - before.x);
  const corner = (length: number, turn: number): Point => ({
    x: tip.x - length * Math.cos(angle + turn),
    y: tip.y - length * Math.sin(angle + turn),
  });
  const head = [tip, corner(9, 0.42), corner(9, -0.42)];
  return [
    `<path d="M${at(start)}C${rest.map(at).join(' ')}" fill="none" stroke="${LINE}" stroke-width="1.2"/>`,
    `<polygon points="${head.map(at).join(' ')}" fill="${LINE}" stroke="none"/>`,
  ].join('\n');
}

function rect({ x, y, width, height }: Box, looks: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" ${looks}/>`;
}

/** As wide as it was laid out, whichever font there is. */
function text(
  words: string,
  { x, y }: Point,
  size: number,
  weight: 'normal' | 'bold' = 'normal',
  looks = `fill="${INK}"`,
): string {
  const bold = weight === 'bold' ? ' font-weight="bold"' : '';
  const width = round(widthOf(words, size, weight));
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="middle" font-size="${size}"${bold} textLength="${width}" lengthAdjust="spacingAndGlyphs" ${looks}>${escaped(words)}</text>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const at = ({ x, y }: Point): string => `${round(x)},${round(y)}`;

function escaped(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
