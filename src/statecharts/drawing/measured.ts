/** What the layout engine drew, read back as boxes and lines by name. It reads that engine's pictures, not any SVG. */
import { type Box, boxAround, type Line, type Point, straightTo } from './geometry.js';

export interface Measured {
  readonly width: number;
  readonly height: number;
  /** Of a state, a composite one included. */
  boxOf(name: string): Box;
  /** Of a transition, by its class. */
  lineOf(name: string): Line;
}

const GROUP =
  /<g id="(node|edge|clust)\d+" class="(?:[^"]* )?([^" ]*)">\n<title>(.*?)<\/title>([\s\S]*?)<\/g>/g;

export function measure(svg: string): Measured {
  const [, width = 0, height = 0] = (/viewBox="0\.00 0\.00 ([\d.]+) ([\d.]+)"/.exec(svg) ?? []).map(Number);
  const [, left = 0, top = 0] = (/translate\(([\d.-]+) ([\d.-]+)\)/.exec(svg) ?? []).map(Number);
  const pointsIn = (text: string): Point[] =>
    [...text.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => ({
      x: Number(x) + left,
      y: Number(y) + top,
    }));
  const attribute = (body: string, element: string, name: string): Point[] =>
    pointsIn(new RegExp(`<${element} [^>]*${name}="([^"]*)"`).exec(body)?.[1] ?? '');

  const boxes = new Map<string, Box>();
  const lines = new Map<string, Line>();
  for (const [, kind, lastClass = '', title = '', body = ''] of svg.matchAll(GROUP)) {
    const [name, state] = [plain(lastClass), plain(title)];
    if (kind === 'edge') {
      const tip = attribute(body, 'polygon', 'points')[1];
      const line = attribute(body, 'path', 'd');
      lines.set(name, tip === undefined ? line : straightTo(line, tip));
    } else if (kind === 'clust') {
      boxes.set(state.replace(/^cluster_/, ''), boxAround(attribute(body, 'path', 'd')));
    } else if (body.includes('<ellipse')) {
      const number = (it: string) => Number(new RegExp(` ${it}="([^"]*)"`).exec(body)?.[1]);
      const [x, y, r] = [number('cx') + left, number('cy') + top, number('rx')];
      boxes.set(state, { x: x - r, y: y - r, width: 2 * r, height: 2 * r });
    } else if (body.includes('<polygon')) {
      boxes.set(state, boxAround(attribute(body, 'polygon', 'points')));
    }
  }
  const found = <Thing>(things: Map<string, Thing>, name: string): Thing => {
    const thing = things.get(name);
    if (thing === undefined) throw new Error(`the layout has no ${name}`);
    return thing;
  };
  return {
    width,
    height,
    boxOf: (name) => found(boxes, name),
    lineOf: (name) => found(lines, name),
  };
}

function plain(title: string): string {
  return title
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replace(/&gt;/g, '>')
    .replace(/&lt;/g, '<')
    .replace(/&amp;/g, '&');
}
