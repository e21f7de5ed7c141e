/** The supervision tree as an SVG picture: one row for each kind of actor, with its machine and what it is there for. */
import { ACTOR_KINDS, type ActorKind, depthOf, nameOf, parentOf } from '../tree.js';
import type { Box } from './geometry.js';
import { COLOURS, group, rect, round, sheet, text, type Words } from './marks.js';
import { widthOf } from './text.js';

const ROW = 34;
const HEAD = 14;
const INDENT = 30;
const HEIGHT = 24;
const GAP = 28;
const SIZE = 12;
const OUTLINE = `rx="7" stroke="${COLOURS.line}"`;

export function treePicture(title: string): string {
  const boxes = ACTOR_KINDS.map(boxOf);
  const machineColumn = Math.max(...boxes.map(({ x, width }) => x + width)) + GAP;
  const machineWidth = Math.max(...ACTOR_KINDS.map(({ machine }) => widthOf(machine ?? '', SIZE)));
  const textColumn = machineColumn + machineWidth + GAP;
  const width = textColumn + Math.max(...ACTOR_KINDS.map(({ does }) => widthOf(does, SIZE)));
  const heads = [
    text([quiet('actor')], { x: 0, y: 0 }, 'start'),
    text([quiet('machine')], { x: machineColumn, y: 0 }, 'start'),
    text([quiet('what it decides, or does')], { x: textColumn, y: 0 }, 'start'),
  ];
  const rows = ACTOR_KINDS.map((kind, index) => {
    const box = boxes[index] ?? boxOf(kind, index);
    const foot = box.y + HEIGHT / 2 + 4;
    return group('actor', { actor: kind.path, machine: kind.machine ?? '' }, [
      ...(isMany(kind)
        ? [rect({ ...box, x: box.x + 3, y: box.y + 3 }, `fill="${COLOURS.frame}" ${OUTLINE}`)]
        : []),
      rect(box, `fill="#ffffff" ${OUTLINE}`),
      text([name(kind)], { x: box.x + box.width / 2, y: foot }),
      ...(kind.machine === null ? [] : [text([quiet(kind.machine)], { x: machineColumn, y: foot }, 'start')]),
      text([{ words: kind.does, size: SIZE, colour: COLOURS.ink }], { x: textColumn, y: foot }, 'start'),
    ]);
  });
  return sheet({ width, height: HEAD + ACTOR_KINDS.length * ROW - (ROW - HEIGHT) + 3 }, title, [
    group('heads', {}, heads),
    ...branches(boxes),
    ...rows,
  ]);
}

const name = (kind: ActorKind): Words => ({
  words: nameOf(kind),
  size: SIZE,
  colour: COLOURS.ink,
  weight: 'bold',
});
const quiet = (words: string): Words => ({ words, size: SIZE, colour: COLOURS.quiet, name: 'note' });

/** A name in capitals stands for several. */
function isMany(kind: ActorKind): boolean {
  return /[A-Z]/.test(nameOf(kind));
}

function boxOf(kind: ActorKind, index: number): Box {
  const width = widthOf(nameOf(kind), SIZE, 'bold') + 20;
  return { x: depthOf(kind) * INDENT, y: HEAD + index * ROW, width, height: HEIGHT };
}

/** From the foot of each parent down to its last child, and a twig to each child. */
function branches(boxes: readonly Box[]): string[] {
  return ACTOR_KINDS.flatMap((parent, index) => {
    const from = boxes[index];
    const children = boxes.filter((_, at) => {
      const kind = ACTOR_KINDS[at];
      return kind !== undefined && parentOf(kind) === parent;
    });
    const last = children.at(-1);
    if (from === undefined || last === undefined) return [];
    const [x, foot] = [round(from.x + INDENT / 2), round(last.y + HEIGHT / 2)];
    const twigs = children.map((to) => `M${x},${round(to.y + HEIGHT / 2)}H${round(to.x)}`);
    const way = `M${x},${round(from.y + HEIGHT)}V${foot}${twigs.join('')}`;
    return [`<path class="branch" d="${way}" fill="none" stroke="${COLOURS.line}"/>`];
  });
}
