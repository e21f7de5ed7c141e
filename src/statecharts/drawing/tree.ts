/** The supervision tree as an SVG picture: one row for each kind of actor, with its machine and what it is there for. */
import { ACTOR_KINDS, type ActorKind, depthOf, nameOf } from '../tree.js';
import type { Box } from './geometry.js';
import { COLOURS, group, rect, round, sheet, text, type Words } from './marks.js';
import { widthOf } from './text.js';

const ROW = 34;
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
  return sheet({ width, height: ACTOR_KINDS.length * ROW - (ROW - HEIGHT) + 3 }, title, [
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
  return { x: depthOf(kind) * INDENT, y: index * ROW, width, height: HEIGHT };
}

/** From the foot of each parent down to its last child, and a twig to each child. */
function branches(boxes: readonly Box[]): string[] {
  return ACTOR_KINDS.flatMap((child, index) => {
    const depth = depthOf(child);
    if (depth === 0) return [];
    const parent = ACTOR_KINDS.findLastIndex((kind, at) => at < index && depthOf(kind) === depth - 1);
    const [from, to] = [boxes[parent], boxes[index]];
    if (from === undefined || to === undefined) return [];
    const x = round(from.x + INDENT / 2);
    return [
      `<path class="branch" d="M${x},${round(from.y + HEIGHT)}V${round(to.y + HEIGHT / 2)}H${round(to.x)}" fill="none" stroke="${COLOURS.border}" stroke-width="1.5"/>`,
    ];
  });
}
