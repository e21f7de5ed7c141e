/** A picture read back: what stands where, from the SVG's text alone. */

export interface Drawn {
  readonly name: string;
  /** The group it belongs to, by its order in the picture. */
  readonly group: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface DrawnLine {
  readonly name: string;
  readonly group: number;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Picture {
  readonly sheet: readonly Drawn[];
  readonly frames: readonly Drawn[];
  readonly states: readonly Drawn[];
  readonly plates: readonly Drawn[];
  readonly texts: readonly Drawn[];
  readonly lines: readonly DrawnLine[];
}

/** Letters reach about so far above and below their foot, in font sizes. */
const ABOVE = 0.75;
const BELOW = 0.22;

export function drawn(svg: string): Picture {
  const sheet: Drawn[] = [];
  const frames: Drawn[] = [];
  const states: Drawn[] = [];
  const plates: Drawn[] = [];
  const texts: Drawn[] = [];
  const lines: DrawnLine[] = [];
  let group = 0;
  let name = '';
  let kind = '';
  for (const line of svg.split('\n')) {
    const value = (attribute: string) => new RegExp(` ${attribute}="([^"]*)"`).exec(line)?.[1] ?? '';
    const number = (attribute: string) => Number(value(attribute));
    const box = () => ({
      name,
      group,
      x: number('x'),
      y: number('y'),
      width: number('width'),
      height: number('height'),
    });
    if (line.startsWith('<g ')) {
      group += 1;
      kind = value('class');
      name = ['state', 'from', 'event', 'to', 'actor']
        .map((it) => value(`data-${it}`))
        .filter((it) => it !== '')
        .join(' ');
    } else if (line.startsWith('<rect ')) {
      const role = value('class');
      if (role === 'sheet') sheet.push(box());
      else if (role === 'plate') plates.push(box());
      else if (kind.includes('composite')) frames.push(box());
      else if (!line.includes('fill="none"')) states.push(box());
    } else if (line.startsWith('<text ')) {
      const width = number('textLength');
      const size = Math.max(...[...line.matchAll(/font-size="(\d+)"/g)].map(([, it]) => Number(it)));
      texts.push({
        name: line.replace(/<[^>]*>/g, ''),
        group,
        x: number('x') - (value('text-anchor') === 'middle' ? width / 2 : 0),
        y: number('y') - size * ABOVE,
        width,
        height: size * (ABOVE + BELOW),
      });
    } else if (line.startsWith('<path ')) lines.push({ name, group, points: pointsOn(value('d')) });
  }
  return { sheet, frames, states, plates, texts, lines };
}

/** Points along `M x,y C x,y x,y x,y …`, close to each other. */
function pointsOn(path: string): DrawnLine['points'] {
  const given = [...path.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }));
  const points: { x: number; y: number }[] = [];
  for (let index = 0; index + 3 < given.length; index += 3) {
    const [a, b, c, d] = given.slice(index, index + 4);
    if (!a || !b || !c || !d) break;
    for (let step = 0; step <= 50; step += 1) {
      const t = step / 50;
      const u = 1 - t;
      const mix = (p: number, q: number, r: number, s: number) =>
        u * u * u * p + 3 * u * u * t * q + 3 * u * t * t * r + t * t * t * s;
      points.push({ x: mix(a.x, b.x, c.x, d.x), y: mix(a.y, b.y, c.y, d.y) });
    }
  }
  return points;
}
