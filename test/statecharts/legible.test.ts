/** Whether a picture can be read is measured on the picture itself: where its texts, its states and its lines are. */
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { catalogue, type MachineName } from '../../machines/catalogue.js';
import { arrowsOf, descendantsOf, initialOf } from '../../src/statecharts/chart.js';
import { statechartOf } from '../../src/statecharts/drawing/statechart.js';
import { treePicture } from '../../src/statecharts/drawing/tree.js';
import { ACTOR_KINDS, nameOf } from '../../src/statecharts/tree.js';
import { type Drawn, drawn } from '../support/drawn.js';

const machines = Object.entries(catalogue) as [MachineName, AnyStateMachine][];
const pictures = machines.map(([name, machine]) => [name, drawn(statechartOf(machine, name))] as const);

/** A pixel of touching is nothing that the eye sees. */
const overlap = (a: Drawn, b: Drawn) =>
  a.x + 1 < b.x + b.width && b.x + 1 < a.x + a.width && a.y + 1 < b.y + b.height && b.y + 1 < a.y + a.height;

const inside = (a: Drawn, b: Drawn) =>
  a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;

function pairs(things: readonly Drawn[], others = things): [Drawn, Drawn][] {
  return things.flatMap((one, index) =>
    (others === things ? things.slice(index + 1) : others).map((other): [Drawn, Drawn] => [one, other]),
  );
}

const named = (list: readonly (readonly Drawn[])[]) => list.map((them) => them.map(({ name }) => name));

describe.each(pictures)('the picture of %s', (name, { texts, plates, states, frames, lines, sheet }) => {
  it('is read back whole', () => {
    const { root } = catalogue[name];
    const all = descendantsOf(root);
    const composites = all.filter((node) => initialOf(node) !== undefined);
    const arrows = arrowsOf(catalogue[name]);
    expect(frames).toHaveLength(composites.length);
    // "Any state" is drawn like a state.
    const isFromAnywhere = arrows.some(({ from }) => from === root);
    expect(states).toHaveLength(all.length - composites.length + (isFromAnywhere ? 1 : 0));
    expect(lines).toHaveLength(arrows.length + composites.length + 1);
    expect(texts.length).toBeGreaterThanOrEqual(all.length + plates.length);
    expect(lines.every(({ points }) => points.length > 10)).toBe(true);
  });

  it('has no text on another', () => {
    expect(named(pairs(texts).filter(([a, b]) => overlap(a, b)))).toEqual([]);
  });

  it('has no label on another, nor on a state', () => {
    expect(named(pairs(plates).filter(([a, b]) => overlap(a, b)))).toEqual([]);
    expect(named(pairs(plates, states).filter(([a, b]) => overlap(a, b)))).toEqual([]);
  });

  it('has every text within its state or its label, and all of it on the sheet', () => {
    const homes = [...plates, ...states, ...frames, ...sheet];
    const misplaced = texts.filter(
      (text) => !homes.some((home) => home.group === text.group && inside(text, home)),
    );
    expect(named([misplaced])).toEqual([[]]);
    const things = [...texts, ...plates, ...states, ...frames];
    expect(named([things.filter((it) => !sheet.some((paper) => inside(it, paper)))])).toEqual([[]]);
  });

  it('has no line through the label of another, nor through a state', () => {
    const crossed = lines.flatMap(({ name, group, points }) =>
      [...plates.filter((it) => it.group !== group), ...states]
        .filter(({ x, y, width, height }) =>
          points.some((p) => p.x > x + 2 && p.x < x + width - 2 && p.y > y + 2 && p.y < y + height - 2),
        )
        .map((it) => [name, it.name]),
    );
    expect(crossed).toEqual([]);
  });

  it('has no line through the title of a frame', () => {
    const titles = texts.filter(({ group }) => frames.some((it) => it.group === group));
    const crossed = lines.flatMap(({ name, points }) =>
      titles
        .filter(({ x, y, width, height }) =>
          points.some((p) => p.x > x && p.x < x + width && p.y > y && p.y < y + height),
        )
        .map((it) => [name, it.name]),
    );
    expect(crossed).toEqual([]);
  });
});

it('The picture of the tree has every text in its place, and none on another', () => {
  const { texts, states, sheet } = drawn(treePicture('A tree'));
  expect(texts.length).toBeGreaterThan(2 * ACTOR_KINDS.length);
  expect(named(pairs(texts).filter(([a, b]) => overlap(a, b)))).toEqual([]);
  for (const it of [...texts, ...states]) expect(sheet.some((paper) => inside(it, paper))).toBe(true);
  for (const kind of ACTOR_KINDS) {
    const name = texts.find(
      (it) => it.name === nameOf(kind) && states.some((box) => box.group === it.group && inside(it, box)),
    );
    expect(name?.name).toBe(nameOf(kind));
  }
});
