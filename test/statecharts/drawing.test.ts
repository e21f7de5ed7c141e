import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import { arrowsOf, descendantsOf } from '../../src/statecharts/chart.js';
import { statechartOf } from '../../src/statecharts/drawing/statechart.js';

const pictures = Object.entries(catalogue).map(
  ([name, machine]: [string, AnyStateMachine]) =>
    [name, machine, statechartOf(machine, 'A statechart')] as const,
);
const valuesOf = (svg: string, attribute: string) =>
  [...svg.matchAll(new RegExp(` ${attribute}="([^"]*)"`, 'g'))].map(([, value]) => value);

describe('the picture of a machine', () => {
  it.each(pictures)('marks every state and every arrow of %s, for a page to find', (_, machine, svg) => {
    const states = descendantsOf(machine.root).map(({ path }) => path.join('.'));
    expect(valuesOf(svg, 'data-state').sort()).toEqual(states.sort());
    const arrows = arrowsOf(machine);
    expect(valuesOf(svg, 'data-from')).toEqual(arrows.map(({ from }) => from.path.join('.')));
    expect(valuesOf(svg, 'data-to')).toEqual(arrows.map(({ to }) => to.path.join('.')));
    for (const [index, { causes }] of arrows.entries()) {
      expect(valuesOf(svg, 'data-event')[index]?.split(' ')).toEqual([
        ...new Set(causes.map(({ event }) => event)),
      ]);
    }
  });

  it.each(pictures)(
    'of %s may stand in a page that runs and styles nothing inline',
    (_name, _machine, svg) => {
      expect(svg).not.toMatch(/\bstyle=|<style|<script|\bon[a-z]+=|href|url\(/);
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="[-\d. ]+" .*role="img"/);
      expect(svg).toContain('<title>A statechart</title>\n<rect class="sheet"');
    },
  );
});
