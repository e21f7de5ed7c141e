import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { branchMachine } from '../../machines/branch.js';
import { Feed } from '../../src/inspect/feed.js';
import { StatelyWire } from '../../src/inspect/wire.js';
import { Lives } from '../../src/trace/lives.js';
import { FakeClock, keptLog, settled } from '../support/fake-clock.js';
import { notebook } from '../support/stately-viewer.js';
import { counting } from './counting.js';

/** A branch whose members are all alike, and a feed that looks on. */
function branch(held: unknown = null, members: readonly string[] = ['one']) {
  const clock = new FakeClock();
  const lives = new Lives();
  const { log, lines } = keptLog();
  const wire = new StatelyWire({ lives, scrub: (frame) => frame, withContent: false });
  const feed = new Feed({ lives, wire, clock, log });
  const actors = Object.fromEntries(members.map((name) => [name, counting(held)]));
  const root = createActor(branchMachine.provide({ actors }), {
    id: 'supervisor',
    clock,
    inspect: lives.inspect,
    input: { members, seed: 1 },
  });
  const send = (type: 'one.more' | 'work.failed' | 'unheard.of', times = 1) => {
    const member = [...lives.living].find(({ path }) => path === 'one');
    for (let sent = 0; sent < times; sent += 1) member?.actor.send({ type });
  };
  /** A viewer; it takes what it is sent unless it rests. */
  const viewer = (isResting = false) => {
    const seen = notebook();
    const waiting: string[] = [];
    let rests = isResting;
    const read = () => {
      for (const frame of waiting.splice(0)) seen.take(JSON.parse(frame) as StatelyInspectionEvent);
    };
    const detach = feed.attach({
      get waitingBytes() {
        return waiting.reduce((sum, frame) => sum + frame.length, 0);
      },
      send(frames) {
        waiting.push(...frames);
        if (!rests) read();
      },
      cut: () => detach(),
    });
    const rest = () => {
      rests = true;
    };
    const resume = () => {
      rests = false;
      read();
    };
    return { ...seen, waiting, detach, rest, resume };
  };
  return { clock, lives, lines, feed, root, send, viewer };
}

/** `took` for a snapshot, with the event that led to it. */
const short = (frame: StatelyInspectionEvent) => {
  const words = { '@xstate.actor': 'born', '@xstate.event': 'sent', '@xstate.snapshot': 'took' };
  const about = frame.type === '@xstate.actor' ? '' : ` ${frame.event.type}`;
  return `${words[frame.type]} ${frame.sessionId}${about}`;
};

const eventOf = (frame: StatelyInspectionEvent | undefined) =>
  frame !== undefined && 'event' in frame ? frame.event : undefined;

describe('the feed', () => {
  it('tells one who was there first everything, parents before their children', () => {
    const { clock, root, send, viewer } = branch();
    const { frames, strays, standing } = viewer();
    clock.advance(50);
    root.start();
    send('one.more');
    expect(frames).toEqual([]);
    clock.advance(50);
    expect(frames.map(short)).toEqual([
      'born supervisor:2',
      'born one:1',
      'sent supervisor:2 xstate.init',
      'sent one:1 xstate.init',
      'sent one:1 one.more',
      'took one:1 one.more',
    ]);
    expect(strays).toEqual([]);
    expect(standing.get('one:1')).toEqual({
      parentId: 'supervisor:2',
      rootId: 'supervisor:2',
      value: 'open',
      context: { count: 1, held: null },
    });
  });

  it('tells one who comes late how everyone stands, then what happens', () => {
    const { clock, root, send, viewer } = branch();
    root.start();
    send('one.more', 7);
    const { frames, standing, strays } = viewer();
    clock.advance(50);
    expect(frames.map(short)).toEqual(['born supervisor:2', 'born one:1']);
    expect(standing.get('one:1')).toMatchObject({ context: { count: 7 } });
    send('unheard.of');
    clock.advance(50);
    expect(frames.map(short).slice(2)).toEqual(['sent one:1 unheard.of', 'took one:1 unheard.of']);
    expect(strays).toEqual([]);
  });

  it('knows restarts and ends: another life, another session', async () => {
    const { clock, lives, root, send, viewer } = branch();
    const { frames, standing, strays } = viewer();
    root.start();
    clock.advance(50);
    send('work.failed');
    await settled();
    clock.advance(1_000);
    const [again] = [...lives.living].filter(({ path }) => path === 'one');
    expect(again?.number).toBeGreaterThan(2);
    expect([...standing.keys()].sort()).toEqual([`one:${again?.number}`, 'supervisor:2']);
    const failed = frames.find(({ type, sessionId }) => type === '@xstate.snapshot' && sessionId === 'one:1');
    expect(failed).toMatchObject({ snapshot: { status: 'error', error: { $error: '[withheld]' } } });
    root.stop();
    clock.advance(50);
    expect([...standing.keys()]).toEqual([]);
    expect(strays).toEqual([]);
  });

  it('tells more than can be followed by its outcome, and how much was left out', () => {
    const { clock, root, send, viewer } = branch();
    root.start();
    const { frames, standing } = viewer();
    clock.advance(50);
    send('one.more', 10_000);
    clock.advance(50);
    expect(frames.map(short).slice(2)).toEqual(['took one:1 events.missed']);
    expect(eventOf(frames.at(-1))).toEqual({ type: 'events.missed', missed: 10_000 });
    expect(standing.get('one:1')).toMatchObject({ context: { count: 10_000 } });
    // And goes on as before.
    send('one.more');
    clock.advance(50);
    expect(frames.map(short).slice(3)).toEqual(['sent one:1 one.more', 'took one:1 one.more']);
  });

  it('holds on to no more than it will tell, however much happens in between', async () => {
    const { root, lives, viewer } = branch();
    root.start();
    viewer();
    const [member] = lives.living;
    const last = (() => {
      const event = { type: 'one.more' };
      for (let sent = 0; sent < 1_000; sent += 1) member?.actor.send({ ...event });
      member?.actor.send(event);
      return new WeakRef(event);
    })();
    member?.actor.send({ type: 'one.more' });
    // A WeakRef holds on itself until the end of this turn.
    await settled();
    collectGarbage();
    expect(last.deref()).toBeUndefined();
  });

  it('drops what one who does not read cannot take, says so once, and tells it how all stands when it does', () => {
    const { clock, lines, root, send, viewer } = branch('-'.repeat(64));
    root.start();
    const slow = viewer();
    const quick = viewer();
    clock.advance(50);
    slow.rest();
    for (let turn = 0; turn < 100; turn += 1) {
      send('one.more', 100);
      clock.advance(50);
    }
    expect(quick.frames.filter((frame) => eventOf(frame)?.type === 'events.missed')).toEqual([]);
    expect(quick.standing.get('one:1')).toMatchObject({ context: { count: 10_000 } });
    const waiting = slow.waiting.join('').length;
    expect(waiting).toBeGreaterThan(1024 * 1024);
    expect(waiting).toBeLessThan(1.2 * 1024 * 1024);
    expect(lines.filter(({ msg }) => msg.includes('too slow'))).toHaveLength(1);
    slow.resume();
    const read = slow.frames.filter((frame) => frame.type === '@xstate.snapshot').length;
    clock.advance(50);
    expect(eventOf(slow.frames.at(-1))).toEqual({ type: 'events.missed', missed: 10_000 - read });
    expect(slow.standing).toEqual(quick.standing);
    expect(slow.strays).toEqual([]);
  });

  it('tells one who did not read of those who ended meanwhile, and whose successors it never saw', async () => {
    const { clock, root, send, viewer } = branch();
    root.start();
    const slow = viewer();
    clock.advance(50);
    send('one.more', 1_000);
    send('work.failed');
    await settled();
    clock.advance(1_000);
    send('one.more', 1_000);
    root.stop();
    clock.advance(50);
    expect(slow.standing.size).toBe(0);
    expect(slow.strays).toEqual([]);
  });

  it('tells of many in parts, and at the end of all at once', () => {
    const members = Array.from({ length: 299 }, (_, at) => `member-${at}`);
    const { clock, feed, root, viewer } = branch(null, members);
    root.start();
    const { standing, strays } = viewer();
    const sizes: number[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      clock.advance(50);
      sizes.push(standing.size);
    }
    expect(sizes).toEqual([50, 100, 150, 200, 250, 300]);
    clock.advance(50);
    root.stop();
    feed.flush(Number.POSITIVE_INFINITY);
    expect(standing.size).toBe(0);
    expect(strays).toEqual([]);
  });

  it('writes nothing down while nobody looks, and nothing in the machine’s own step', () => {
    let written = 0;
    const { clock, root, send, viewer } = branch({
      toJSON() {
        written += 1;
        return null;
      },
    });
    root.start();
    send('one.more', 1_000);
    clock.advance(1_000);
    expect(clock.timers).toBe(0);
    const { detach } = viewer();
    send('one.more');
    expect(written).toBe(0);
    clock.advance(50);
    expect(written).toBeGreaterThan(0);
    const before = written;
    detach();
    send('one.more', 1_000);
    expect(clock.timers).toBe(0);
    clock.advance(1_000);
    expect(written).toBe(before);
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['what runs in a circle', circle()],
    ['what JSON has no word for', 10n],
    [
      'what throws',
      {
        toJSON() {
          throw new Error('no');
        },
      },
    ],
  ])('stumbles over nothing that a machine holds: %s', (_, held) => {
    const { clock, lives, root, send, viewer } = branch(held);
    const { frames, strays } = viewer();
    root.start();
    send('one.more', 3);
    clock.advance(50);
    expect(frames).toContainEqual(
      expect.objectContaining({ sessionId: 'one:1', snapshot: { $unspeakable: true } }),
    );
    expect([...lives.living].find(({ path }) => path === 'one')?.snapshot.context).toMatchObject({
      count: 3,
    });
    expect(strays).toEqual([]);
  });
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

function circle(): object {
  const it: { self?: unknown } = {};
  it.self = it;
  return it;
}
