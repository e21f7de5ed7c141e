/** The page's words: they are those of `earshot status` and of the pictures. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../machines/catalogue.js';
import { formatDuration, formatSize, parseDuration } from '../../src/durations.js';
import { wordsOf as pictureWords } from '../../src/statecharts/chart.js';
import { eventWords } from '../../visualizations/viewer/event-words.js';
import { duration, flat, size } from '../../visualizations/viewer/figures.js';
import { DURATION, ordersFor, partOf } from '../../visualizations/viewer/orders.js';
import { leavesOf, stateOf, withAncestors, wordsOf } from '../../visualizations/viewer/state-path.js';
import { isAttributeAllowed, isElementAllowed } from '../../visualizations/viewer/svg-rules.js';
import { inOrder, treeOf } from '../../visualizations/viewer/tree-shape.js';

describe('figures', () => {
  it('read as they do in a terminal', () => {
    const anyUpTo = (max: number) => fc.double({ min: 0, max, noNaN: true });
    fc.assert(
      fc.property(anyUpTo(1e10), (ms) => {
        expect(duration(ms)).toBe(formatDuration(ms));
      }),
    );
    fc.assert(
      fc.property(anyUpTo(1e13), (bytes) => {
        expect(size(bytes)).toBe(formatSize(bytes));
      }),
    );
  });
});

describe('a context', () => {
  it('is told entry by entry, however it is nested', () => {
    const context = {
      at: 1.23456,
      limits: { start: 60_000, more: { deep: null } },
      order: ['a', 'b'],
      text: 'x',
    };
    expect(flat(context).map((entry) => entry.join(' '))).toEqual([
      'at 1.235',
      'limits.start 60000',
      'limits.more.deep null',
      'order ["a","b"]',
      'text x',
    ]);
  });
});

describe('states and events', () => {
  it('are worded alike, however deep they are', () => {
    expect(leavesOf({ attached: { connected: 'awaitingPong' } })).toEqual([
      'attached.connected.awaitingPong',
    ]);
    expect(stateOf({ one: 'a', two: { b: 'c' } })).toBe('one.a two.b.c');
    expect(stateOf({ one: {} })).toBe('one');
    expect([7, null, undefined, []].map(stateOf)).toEqual(['', '', '', '']);
    expect(wordsOf('attached.connected.awaitingPong')).toBe('awaiting pong');
    expect(withAncestors('a.b.c')).toEqual(['a.b.c', 'a.b', 'a']);
  });

  it.each(Object.keys(catalogue))('of %s are named as in its picture', (name) => {
    const svg = readFileSync(new URL(`../../visualizations/${name}.svg`, import.meta.url), 'utf8');
    const events = new Set(
      [...svg.matchAll(/data-event="([^"]+)"/g)].flatMap(([, types = '']) => types.split(' ')),
    );
    for (const type of events) if (!type.endsWith('*')) expect(eventWords(type)).toBe(pictureWords(type));
  });
});

describe('the pictures', () => {
  const names = [...Object.keys(catalogue), 'tree'];

  it.each(names)('of %s lose nothing on their way into the page', (name) => {
    const svg = readFileSync(new URL(`../../visualizations/${name}.svg`, import.meta.url), 'utf8');
    for (const [, element = '', attributes = ''] of svg.matchAll(
      /<([a-zA-Z]+)((?:\s+[\w:-]+="[^"]*")*)\s*\/?>/g,
    )) {
      expect(isElementAllowed(element), element).toBe(true);
      for (const [, attribute = '', value = ''] of attributes.matchAll(/([\w:-]+)="([^"]*)"/g)) {
        if (attribute !== 'xmlns')
          expect(isAttributeAllowed(attribute, value), `${attribute}="${value}"`).toBe(true);
      }
    }
  });

  it('bring along nothing that runs, loads or leads anywhere', () => {
    for (const element of [
      'script',
      'foreignObject',
      'a',
      'image',
      'use',
      'style',
      'animate',
      'iframe',
      'SCRIPT',
    ]) {
      expect(isElementAllowed(element), element).toBe(false);
    }
    const refused = {
      onload: 'alert(1)',
      href: 'https://example.com',
      'xlink:href': '#a',
      style: 'fill: red',
      src: 'x',
      fill: 'url(https://example.com/a.svg#b)',
      stroke: 'URL( "data:image/svg+xml,x" )',
      'marker-end': 'url(//example.com#a)',
      'data-X': '1',
    };
    for (const [name, value] of Object.entries(refused))
      expect(isAttributeAllowed(name, value), name).toBe(false);
    expect(isAttributeAllowed('marker-end', 'url(#arrow)')).toBe(true);
  });
});

describe('the tree', () => {
  it('has every actor below its parent, in the order in which they start and work', () => {
    const tree = treeOf([
      'sinks/discord/breaker',
      'deadline/kick lookup',
      'sinks/discord',
      'sinks/discord/delivery',
      'tasks',
      'sinks/discord/queue',
      'supervisor',
      'deadline/GET https://x/y',
      'sources/kick/connection-10/link',
      'sources/kick/connection-2/link',
      'store',
    ]);
    expect(inOrder(tree)).toEqual([
      'supervisor',
      'store',
      'sinks',
      'sinks/discord',
      'sinks/discord/queue',
      'sinks/discord/breaker',
      'sinks/discord/delivery',
      'sources',
      'sources/kick',
      'sources/kick/connection-2',
      'sources/kick/connection-2/link',
      'sources/kick/connection-10',
      'sources/kick/connection-10/link',
      'tasks',
      'deadline',
      'deadline/GET https://x/y',
      'deadline/kick lookup',
    ]);
  });
});

describe('orders', () => {
  it('name a sink and a connection as the daemon does, from any part of them', () => {
    for (const path of [
      'sinks/discord',
      'sinks/discord/breaker',
      'sinks/discord/queue',
      'sinks/discord/delivery',
    ])
      expect(partOf(path)).toEqual({ whole: 'sinks/discord', name: 'discord' });
    expect(partOf('sources/kick/connection-1/link')).toEqual({
      whole: 'sources/kick/connection-1',
      name: 'connection-1',
    });
    for (const path of ['sinks', 'sources/kick', 'store', 'deadline/discord send'])
      expect(partOf(path)).toBeUndefined();
  });

  it('are those that make sense in the state that a part is in', () => {
    const labels = (path: string, states: Readonly<Record<string, string>>) =>
      ordersFor(path, (at) => states[at]).map(({ label }) => label);
    const breaker = 'sinks/discord/breaker';
    expect(labels(breaker, { [breaker]: 'open' })).toEqual(['Isolate…', 'Isolate for…', 'Reset…']);
    expect(labels('sinks/discord', { [breaker]: 'isolated.forATime' })).toEqual(['Release…', 'Reset…']);
    expect(labels('sinks/discord', { 'sinks/discord/delivery': 'refused' })).toEqual(['Resume…']);
    expect(labels(breaker, {})).toEqual([]);
    expect(labels('sinks/host-a/host', {})).toEqual([]);
    expect(labels('store', { store: 'ready' })).toEqual([]);
    expect(ordersFor('sinks/a b', () => 'open')[0]?.path).toBe('/breakers/a%20b');
  });

  it('take every duration that they call one, and the daemon takes it too', () => {
    for (const text of ['90s', '30m', '2h', '1d', '500ms', '45', '1.5h']) {
      expect(DURATION.test(text), text).toBe(true);
      expect(parseDuration(text), text).toBeGreaterThan(0);
    }
    for (const text of ['', 'ever', '-3m', '3 weeks']) expect(DURATION.test(text), text).toBe(false);
  });
});
