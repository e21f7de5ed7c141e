import { describe, expect, it } from 'vitest';
import { occupy, run } from './ledger/harness.js';
import { message } from './store/material.js';

describe('the intake', () => {
  it('counts each message once, by what became of it', () => {
    const it = run();
    it.hear('a');
    it.hear('b', 'nothing of note');
    it.hear('c', 'hello @bob', 'c1', 'eve');
    it.hear('d', 'so often');
    it.hear('e', 'so often');
    it.hear('a');
    it.intake.malformed('c1', 'no JSON');
    it.intake.malformed(undefined, 'no JSON');
    expect(it.account.figures()).toEqual({
      heard: 8,
      malformed: 2,
      duplicates: 1,
      unmatched: 1,
      ignored: 1,
      suppressed: 1,
      dropped: 0,
      waiting: 2,
      accepted: 0,
    });
    expect(it.intake.channel('c1')).toMatchObject({ heard: 6, matched: 2, duplicates: 1, dropped: 0 });
    it.clock.turn();
    expect(it.account).toMatchObject({ waiting: 0, accepted: 2 });
    expect(it.problems()).toEqual([]);
  });

  it('knows a message again in whatever channel it turns up', () => {
    const it = run();
    it.hear('a', 'hello @bob', 'c1');
    it.hear('a', 'hello @bob', 'c2');
    expect(it.account).toMatchObject({ duplicates: 1, waiting: 1 });
    expect(it.intake.channel('c2').duplicates).toBe(1);
  });

  it('remembers 20,000 ids at most, in two generations: the older one is forgotten when the younger has 10,000', () => {
    const it = run();
    const hear = (count: number) => it.hear(`m${count}`, 'nothing of note');
    for (let count = 0; count < 20_000; count += 1) hear(count);
    hear(0);
    expect(it.account).toMatchObject({ unmatched: 20_000, duplicates: 1 });
    hear(20_000);
    hear(0);
    hear(10_000);
    expect(it.account).toMatchObject({ unmatched: 20_002, duplicates: 2 });
  });

  it('leaves it to the archive whether a message that matched was told, however long ago that was', () => {
    const it = run();
    const discord = it.outlet();
    it.hear('a');
    it.clock.turn();
    discord.settle(1);
    for (let count = 0; count < 30_000; count += 1) it.hear(`m${count}`, 'nothing of note');
    it.hear('a');
    it.clock.turn();
    expect(discord.given).toEqual([1]);
    expect(it.account).toMatchObject({ accepted: 1, duplicates: 1, unmatched: 30_000 });
    expect(it.problems()).toEqual([]);
  });

  it('hands a message that matched nothing to nobody', () => {
    const it = run();
    it.hear('a', 'nothing of note');
    it.clock.turn();
    expect(it.intake.channel('c1').queueStatus()).toMatchObject({ size: 0, highWater: 0 });
    expect(it.ledger.stats()).toMatchObject({ notifications: 0 });
  });

  it('archives what a cooldown held back, for nobody to be told of', () => {
    const it = run();
    const discord = it.outlet();
    it.hear('a', 'so often');
    it.hear('b', 'so often');
    it.clock.turn();
    expect(discord.texts()).toEqual(['a']);
    expect(it.ledger.stats()).toMatchObject({ notifications: 2, pending: 1 });
    expect(it.account).toMatchObject({ suppressed: 1, accepted: 1 });
  });

  it('archives everything when it is told to, counted by what the rules said', () => {
    const it = run({ archivesAll: true });
    it.hear('a', 'nothing of note');
    it.hear('b', 'hello @bob', 'c1', 'eve');
    it.clock.turn();
    expect(it.account).toMatchObject({ unmatched: 1, ignored: 1, waiting: 0 });
    it.ledger.close();
    const again = run({ store: it.options, archivesAll: true });
    again.hear('a', 'nothing of note');
    again.clock.turn();
    expect(again.account).toMatchObject({ unmatched: 0, duplicates: 1 });
    expect(again.problems()).toEqual([]);
  });

  it('never drops what somebody waits for to make room for what is only archived', () => {
    const it = run({ archivesAll: true, queueLimit: 2 });
    occupy(it.options);
    it.hear('a');
    it.clock.turn();
    it.hear('x', 'nothing of note');
    it.hear('y', 'nothing of note');
    it.hear('b');
    expect(it.account).toMatchObject({ waiting: 1, unmatched: 1, dropped: 2 });
    it.hear('y', 'nothing of note');
    expect(it.account).toMatchObject({ duplicates: 0, dropped: 3 });
    expect(it.problems()).toEqual([]);
  });

  it('remembers when it last heard somebody live, which the past is not', () => {
    const it = run();
    const channel = it.intake.channel('c1');
    it.clock.advance(5);
    channel.hear(message('a', { late: true }), it.clock.now());
    expect(channel.lastHeardAt).toBeUndefined();
    channel.hear(message('b'), it.clock.now());
    expect(channel.lastHeardAt).toBe(5);
  });
});

describe('a channel that is held', () => {
  it('lets nothing on until it is released, then everything in the order in which it was written', () => {
    const it = run();
    const discord = it.outlet();
    const channel = it.intake.channel('c1');
    it.hear('before');
    channel.hold();
    channel.hear(message('live', { createdAt: 9_000 }), it.clock.now());
    channel.hear(message('past 2', { createdAt: 8_000, late: true }), it.clock.now());
    channel.hear(message('past 1', { createdAt: 7_000, late: true }), it.clock.now());
    it.hear('other', 'hello @bob', 'c2');
    it.clock.turn();
    expect(discord.texts()).toEqual(['before', 'other']);
    expect(channel.queueStatus().size).toBe(3);
    expect(it.account.waiting).toBe(3);
    channel.release();
    it.clock.turn();
    expect(discord.texts()).toEqual(['before', 'other', 'past 1', 'past 2', 'live']);
    expect(channel.queueStatus().size).toBe(0);
    expect(it.problems()).toEqual([]);
  });

  it('holds no more than its queue may, and counts the rest as dropped', () => {
    const it = run({ queueLimit: 3 });
    const discord = it.outlet();
    const channel = it.intake.channel('c1');
    channel.hold();
    for (const id of ['a', 'b', 'c', 'd', 'e']) it.hear(id);
    expect(it.account).toMatchObject({ waiting: 3, dropped: 2 });
    channel.release();
    channel.release();
    it.clock.turn();
    expect(discord.texts()).toEqual(['c', 'd', 'e']);
    expect(it.problems()).toEqual([]);
  });
});

it('says that it drops at most once a minute a channel', () => {
  const it = run({ queueLimit: 1 });
  occupy(it.options);
  const said = () => it.lines.filter((line) => line.startsWith('queue full')).length;
  for (const id of ['a', 'b', 'c', 'd']) it.hear(id);
  it.clock.turn();
  for (const id of ['e', 'f']) it.hear(id);
  expect(said()).toBe(1);
  it.clock.advance(60_000);
  it.hear('g');
  expect(said()).toBe(2);
  expect(it.intake.channel('c1').dropped).toBe(it.account.dropped);
});
