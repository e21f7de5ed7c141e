import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import type { TraceActor, TraceEvent, TraceHeader, TraceLine } from '../../src/trace/format.js';
import { Actors } from '../../visualizations/viewer/actors.js';
import { arrowsOf } from '../../visualizations/viewer/arrows.js';
import { stateOf } from '../../visualizations/viewer/state-path.js';
import { anyRun } from '../trace/any-run.js';
import { BREAKER_PATH, breakerRun, parsed } from '../trace/recorded.js';
import { drawnArrows } from './drawn-arrows.js';

const WALL = Date.UTC(2026, 0, 1);
const HEADER: TraceHeader = { kind: 'header', format: 3, version: '1.0.0', at: 0, wall: WALL, machines: {} };
const stamp = (seq: number) => ({ seq, at: seq, wall: WALL + seq });
const born = (seq: number, life: number, path: string, value: unknown = 'live'): TraceActor => ({
  kind: 'actor',
  ...stamp(seq),
  life,
  path,
  machine: 'channel',
  value,
  context: { attempt: 0 },
});
const turned = (seq: number, life: number, path: string, over: Partial<TraceEvent> = {}): TraceEvent => ({
  kind: 'event',
  ...stamp(seq),
  life,
  path,
  machine: 'channel',
  event: { type: 'channel.silent' },
  from: 'live',
  to: { subscribing: 'asked' },
  changed: { attempt: 1 },
  ...over,
});
const stopped = (seq: number, life: number, path: string): TraceLine => ({
  kind: 'stopped',
  ...stamp(seq),
  life,
  path,
  machine: 'channel',
});

function living(...lines: TraceLine[]): Actors {
  const actors = new Actors();
  for (const line of lines) actors.take(line);
  return actors;
}

describe('the actors of a trace', () => {
  it.each(Object.entries(catalogue) as [string, AnyStateMachine][])(
    'are where the machines were, whatever %s is sent, and the picture has the way there',
    (name, machine) => {
      const arrows = drawnArrows(name);
      fc.assert(
        fc.property(anyRun(machine), (trace) => {
          const actors = new Actors();
          let context: Record<string, unknown> = {};
          for (const line of parsed(trace)) {
            actors.take(line);
            if (line.kind === 'actor') context = { ...line.context };
            if (line.kind !== 'event') continue;
            context = { ...context, ...line.changed };
            const actor = actors.at(line.path);
            expect(actor?.state).toBe(stateOf(line.to));
            expect(actor?.context).toEqual(context);
            if (stateOf(line.from) === stateOf(line.to)) continue;
            const turn = { event: line.event.type, from: stateOf(line.from), to: stateOf(line.to) };
            expect(actor?.turn).toMatchObject(turn);
            expect(arrowsOf(arrows, turn), JSON.stringify(turn)).not.toEqual([]);
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  it('know when their timers are due, and forget those whose state was left', () => {
    const actors = new Actors();
    const seen: string[] = [];
    for (const line of parsed(breakerRun().text())) {
      actors.take(line);
      const actor = actors.at(BREAKER_PATH);
      if (actor && line.kind === 'event') seen.push(`${actor.state} ${Object.keys(actor.timers).join()}`);
    }
    expect(seen).toEqual([
      'closed ',
      'open xstate.after.due.breaker.open',
      'open xstate.after.due.breaker.open',
      'halfOpen ',
      'probing xstate.after.due.breaker.probing',
      'closed ',
    ]);
    const actor = living(
      born(1, 1, 'a'),
      turned(2, 1, 'a', { delays: { 'xstate.after.due.channel.subscribing.asked': 500 } }),
    ).at('a');
    expect(actor?.timers).toEqual({ 'xstate.after.due.channel.subscribing.asked': WALL + 502 });
  });

  it('keep since when a state lasts, and say when nobody knows', () => {
    const actors = living(HEADER, born(9, 1, 'a'), turned(10, 1, 'b'));
    expect(actors.at('a')).toMatchObject({ since: WALL + 9, isMet: true });
    actors.take(turned(20, 1, 'a'));
    expect(actors.at('a')).toMatchObject({ since: WALL + 20, isMet: false });
    actors.take(turned(30, 1, 'a', { from: { subscribing: 'asked' }, event: { type: 'other' } }));
    expect(actors.at('a')).toMatchObject({
      since: WALL + 20,
      isMet: false,
      turn: { event: 'channel.silent' },
    });
    actors.take(born(31, 2, 'new'));
    expect(actors.at('new')).toMatchObject({ isMet: false });
  });

  it('who is not introduced again is gone, who is has kept what was known of it', () => {
    const actors = living(HEADER, born(5, 1, 'a'), born(5, 2, 'b'), turned(6, 1, 'a'));
    actors.take({ ...HEADER, at: 7 }, true);
    actors.take(born(6, 1, 'a', { subscribing: 'asked' }));
    expect(actors.at('b')).toBeDefined();
    actors.settle();
    expect(actors.at('b')).toBeUndefined();
    expect(actors.at('a')).toMatchObject({
      since: WALL + 6,
      isMet: false,
      turn: { to: 'subscribing.asked' },
    });
  });

  it('another process counts its lives from 1: nothing is kept of those before', () => {
    const actors = living(HEADER, born(5, 1, 'a'), turned(6, 1, 'a'));
    actors.take(HEADER, false);
    actors.take(born(9, 1, 'a', { subscribing: 'asked' }));
    expect(actors.at('a')).toMatchObject({ since: WALL + 9, isMet: true, turn: null });
  });

  it('several may live at one path: the youngest is shown, and the last one stays when all have ended', () => {
    const path = 'deadline/discord send';
    const actors = living(born(1, 1, path, 'one'), born(2, 2, path, 'two'));
    expect(actors.at(path)?.state).toBe('two');
    expect(actors.livingAt(path)).toBe(2);
    actors.take(stopped(3, 2, path));
    expect(actors.at(path)?.state).toBe('one');
    actors.take(stopped(4, 1, path));
    expect(actors.at(path)).toMatchObject({ state: 'one', isAlive: false, timers: {} });
    expect(actors.livingAt(path)).toBe(0);
    actors.take(born(5, 3, path, 'three'));
    expect(actors.at(path)).toMatchObject({ state: 'three', isAlive: true });
    expect(actors.livingAt(path)).toBe(1);
  });

  it('forget those who ended longest ago, and nobody who lives', () => {
    const actors = new Actors();
    for (let life = 1; life <= 10; life += 1) actors.take(born(life, life, `channel-${life}`));
    for (const life of [3, 1, 2]) actors.take(stopped(20, life, `channel-${life}`));
    actors.forgetEnded(2);
    expect(actors.at('channel-3')).toBeUndefined();
    expect(actors.at('channel-1')).toBeDefined();
    expect(actors.paths()).toHaveLength(9);
  });

  it('a copy stays as it was', () => {
    const actors = living(born(1, 1, 'a'));
    const copy = actors.copy();
    actors.take(turned(2, 1, 'a'));
    expect(copy.at('a')?.state).toBe('live');
    expect(actors.at('a')?.state).toBe('subscribing.asked');
  });
});

describe('the arrows of a turn', () => {
  const arrow = (from: string, to: string, ...events: string[]) => ({ from, to, events });
  const turn = { event: 'e', from: 'a.b', to: 'c.d' };

  it('begin at the innermost state that has one, and end as near as one is drawn', () => {
    const inner = arrow('a.b', 'c', 'e');
    expect(arrowsOf([arrow('', 'c', 'e'), arrow('a', 'c', 'e'), inner], turn)).toEqual([inner]);
    const near = arrow('a', 'c.d', 'e');
    expect(arrowsOf([arrow('a', 'c', 'e'), near], turn)).toEqual([near]);
  });

  it('pass through states that are left at once, and are none where there is no way', () => {
    const way = [arrow('a', 'x', 'e'), arrow('x', 'y'), arrow('y', 'c.d')];
    expect(arrowsOf(way, turn)).toEqual(way);
    expect(arrowsOf(way.slice(1), turn)).toEqual([]);
    expect(arrowsOf([arrow('x', 'x'), arrow('a', 'x', 'e')], turn)).toEqual([]);
  });

  it('are named by a whole type, or by its beginning and a star', () => {
    const failed = { ...turn, event: 'xstate.error.actor.breaker' };
    expect(arrowsOf([arrow('a', 'c', 'xstate.error.actor.*')], failed)).toHaveLength(1);
    expect(arrowsOf([arrow('a', 'c', 'xstate.error.actor')], failed)).toHaveLength(0);
  });
});
