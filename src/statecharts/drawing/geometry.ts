/** Points, boxes and lines of a picture, in pixels, y downwards. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** Cubic Bézier curves one after the other: the start, then two handles and an end for each. */
export type Line = readonly Point[];

export function centreOf({ x, y, width, height }: Box): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

/** The smallest box around all of the points. */
export function boxAround(points: readonly Point[]): Box {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/** A box of that size in the middle of another. */
export function within(outer: Box, width: number, height: number): Box {
  const { x, y } = centreOf(outer);
  return { x: x - width / 2, y: y - height / 2, width, height };
}

export function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** The line with a straight piece at its end. */
export function straightTo(line: Line, end: Point): Line {
  const start = line.at(-1);
  return start === undefined ? [end] : [...line, start, end, end];
}

/** One line out of several, straight between them: by way of `middle`, if there is one. */
export function joined(lines: readonly Line[], middle: Point | undefined): Line {
  return lines.reduce((line, next) => {
    const [begin, ...way] = next;
    if (begin === undefined) return line;
    return [...straightTo(middle === undefined ? line : straightTo(line, middle), begin), ...way];
  });
}

/** Whether the line leads through the box. */
export function crosses(line: Line, { x, y, width, height }: Box): boolean {
  return pointsOn(line).some((it) => it.x > x && it.x < x + width && it.y > y && it.y < y + height);
}

const STEPS_PER_CURVE = 24;

/** Points along the line, close enough to each other to see what it crosses. */
function pointsOn(line: Line): Point[] {
  const points: Point[] = [];
  for (let index = 0; index + 3 < line.length; index += 3) {
    const [a, b, c, d] = line.slice(index, index + 4);
    if (!a || !b || !c || !d) break;
    for (let step = 0; step <= STEPS_PER_CURVE; step += 1) {
      const t = step / STEPS_PER_CURVE;
      points.push(
        between(
          between(between(a, b, t), between(b, c, t), t),
          between(between(b, c, t), between(c, d, t), t),
          t,
        ),
      );
    }
  }
  return points;
}

function between(one: Point, other: Point, t: number): Point {
  return { x: one.x + (other.x - one.x) * t, y: one.y + (other.y - one.y) * t };
}
