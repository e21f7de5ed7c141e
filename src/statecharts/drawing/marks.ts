/**
 * The marks of which all pictures are made, and how they look. Looks are attributes alone: so a picture may stand in a
 * page under a strict policy, and the page's own style overrules all of them.
 */
import type { Box, Line, Point } from './geometry.js';
import { widthOf } from './text.js';

/** Readable on the pictures' own sheet, whatever the page around them is. */
export const COLOURS = {
  sheet: '#ffffff',
  frame: '#f6f8fa',
  border: '#d0d7de',
  line: '#57606a',
  ink: '#1f2328',
  quiet: '#59636e',
  delay: '#0550ae',
} as const;

const MARGIN = 16;
const FONTS = "Helvetica, Arial, 'Liberation Sans', sans-serif";

/** The whole picture, on a sheet of its own. */
export function sheet(
  { width, height }: { readonly width: number; readonly height: number },
  title: string,
  content: readonly string[],
): string {
  const [w, h] = [Math.ceil(width + 2 * MARGIN), Math.ceil(height + 2 * MARGIN)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-MARGIN} ${-MARGIN} ${w} ${h}" width="${w}" height="${h}" role="img" font-family="${FONTS}" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect class="sheet" x="${-MARGIN}" y="${-MARGIN}" width="${w}" height="${h}" rx="8" fill="${COLOURS.sheet}"/>`,
    ...content,
    '</svg>\n',
  ].join('\n');
}

/** `data` becomes data-attributes, for a page to find the group by. */
export function group(
  names: string,
  data: Readonly<Record<string, string>>,
  content: readonly string[],
): string {
  const attributes = Object.entries(data).map(([name, value]) => ` data-${name}="${escaped(value)}"`);
  return [`<g class="${names}"${attributes.join('')}>`, ...content, '</g>'].join('\n');
}

export function rect({ x, y, width, height }: Box, looks: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" ${looks}/>`;
}

/** A piece of a line of text, in one look. */
export interface Words {
  readonly words: string;
  readonly size: number;
  readonly colour: string;
  readonly weight?: 'normal' | 'bold';
  /** For the page's style. */
  readonly name?: string;
}

export function widthOfAll(pieces: readonly Words[]): number {
  return pieces.reduce((sum, { words, size, weight }) => sum + widthOf(words, size, weight), 0);
}

/** A line of text, as wide as it was laid out, whichever font there is. `at` is the middle or the start of its foot. */
export function text(pieces: readonly Words[], at: Point, anchor: 'middle' | 'start' = 'middle'): string {
  const spans = pieces.map(({ words, size, colour, weight, name }) => {
    const looks = [
      ...(name === undefined ? [] : [`class="${name}"`]),
      `fill="${colour}" font-size="${size}"`,
      ...(weight === 'bold' ? ['font-weight="bold"'] : []),
    ];
    return `<tspan ${looks.join(' ')}>${escaped(words)}</tspan>`;
  });
  const width = round(widthOfAll(pieces));
  return `<text x="${round(at.x)}" y="${round(at.y)}" text-anchor="${anchor}" textLength="${width}" lengthAdjust="spacingAndGlyphs">${spans.join('')}</text>`;
}

/** A line with a head at its end. */
export function arrow(line: Line): string {
  const [start, ...rest] = line;
  const tip = line.at(-1);
  if (start === undefined || tip === undefined) return '';
  const before = line.toReversed().find((it) => lengthOf(it, tip) > 1) ?? start;
  const length = lengthOf(before, tip) || 1;
  const [x, y] = [(tip.x - before.x) / length, (tip.y - before.y) / length];
  const corner = (side: number): Point => ({ x: tip.x - 8 * x + side * y, y: tip.y - 8 * y - side * x });
  return [
    `<path d="M${at(start)}C${rest.map(at).join(' ')}" fill="none" stroke="${COLOURS.line}" stroke-width="1.2"/>`,
    `<polygon points="${[tip, corner(3.6), corner(-3.6)].map(at).join(' ')}" fill="${COLOURS.line}"/>`,
  ].join('\n');
}

/** By what every machine computes to the last bit, so that a picture is the same wherever it is drawn. */
function lengthOf(one: Point, other: Point): number {
  const [x, y] = [one.x - other.x, one.y - other.y];
  return Math.sqrt(x * x + y * y);
}

/** A tenth of a pixel is as fine as anybody sees. */
export const round = (value: number): number => Math.round(value * 10) / 10;
const at = ({ x, y }: Point): string => `${round(x)},${round(y)}`;

function escaped(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
