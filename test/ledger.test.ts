import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreError } from '../src/errors.js';
import type { Store } from '../src/store.js';
import { occupy, run } from './ledger/harness.js';
import { arrival, folder, message, optionsIn, reopened } from './store/material.js';

/** What is in it cannot be asked. */
function unreadable(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'has') return refuseToSay;
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function refuseToSay(): never {
  throw new StoreError('io', 'the disk is not there');
}

describe('a store that is ready', () => {
  it('accepts by committing: what counts as accepted, and what a sink is given, is on disk', () => {
    const it = run();
    const discord = it.outlet();
    const reader = new Database(it.options.path, { readonly: true });
    onTestFinished(() => void reader.close());
    const onDisk = () =>
      reader
        .prepare<[], { seq: number }>('SELECT seq FROM outbox')
        .all()
        .map(({ seq }) => seq);
    const given: number[][] = [];
    const put = discord.put.bind(discord);
    discord.put = (rows) => {
      given.push(onDisk());
      return put(rows);
    };
    it.hear('a');
    it.hear('b');
    expect(it.account).toMatchObject({ waiting: 2, accepted: 0 });
    expect(onDisk()).toEqual([]);
    it.clock.turn();
    expect(it.account).toMatchObject({ waiting: 0, accepted: 2 });
    expect(given).toEqual([[1, 2]]);
  });

  it('takes what came in a turn in one transaction, and the sinks have it in that turn, in order', () => {
    const it = run({ sinks: ['discord', 'database'] });
    const [discord, database] = [it.outlet('discord'), it.outlet('database')];
    it.hear('a');
    it.hear('b', 'hi @bob', 'c2');
    it.hear('c');
    expect(it.account).toMatchObject({ heard: 3, waiting: 3, accepted: 0 });
    expect(discord.given).toEqual([]);
    it.clock.turn();
    expect(it.account).toMatchObject({ heard: 3, waiting: 0, accepted: 3 });
    expect(discord.texts().sort()).toEqual(['a', 'b', 'c']);
    expect(discord.given).toEqual([1, 3, 5]);
    expect(database.given).toEqual([2, 4, 6]);
    expect(it.ledger.stats()).toMatchObject({ notifications: 3, pending: 6 });
    expect(it.problems()).toEqual([]);
  });

  it('takes an acknowledgement at once, and what waits along with it', () => {
    const it = run();
    const discord = it.outlet();
    it.hear('a');
    it.clock.turn();
    it.hear('b');
    expect(discord.settle(1)).toBe('committed');
    expect(it.account.accepted).toBe(2);
    expect(discord.texts()).toEqual(['b']);
    expect(it.ledger.figures('discord')).toMatchObject({ created: 2, delivered: 1, pending: 1 });
    expect(it.problems()).toEqual([]);
  });

  it('finds what was heard before a restart: counted as a duplicate, delivered to nobody', () => {
    const first = run();
    first.hear('a');
    first.clock.turn();
    first.ledger.close();
    const it = run({ store: first.options });
    const discord = it.outlet();
    it.hear('a');
    it.hear('b');
    it.clock.turn();
    expect(discord.texts()).toEqual(['a', 'b']);
    expect(discord.given).toEqual([1, 3]);
    expect(it.account).toMatchObject({ heard: 2, duplicates: 1, accepted: 1 });
    expect(it.intake.channel('c1')).toMatchObject({ heard: 2, matched: 2, duplicates: 1 });
    expect(it.ledger.figures('discord')).toMatchObject({ pendingAtStart: 1, created: 1, pending: 2 });
    expect(it.problems()).toEqual([]);
  });

  it('keeps up with a burst within one turn: nothing is dropped', () => {
    const it = run({ queueLimit: 100 });
    const discord = it.outlet('discord', 5_000);
    for (let index = 0; index < 1_234; index += 1) it.hear(`m${index}`);
    it.clock.turn();
    expect(it.account).toMatchObject({ accepted: 1_234, dropped: 0 });
    expect(discord.texts()).toEqual(Array.from({ length: 1_234 }, (_, index) => `m${index}`));
  });

  it('takes 3,000 messages of a turn in one transaction, and begins the next', () => {
    const it = run({ queueLimit: 500 });
    for (let index = 0; index < 3_500; index += 1) it.hear(`m${index}`, 'hi @bob', `c${index % 10}`);
    expect(it.account).toMatchObject({ accepted: 3_000, waiting: 500 });
    it.clock.turn();
    expect(it.account).toMatchObject({ accepted: 3_500, waiting: 0 });
  });

  it('rests as long as the disk took, while acknowledgements go on', () => {
    let diskMs = 0;
    const it = run({
      around: (store, clock) => {
        const commit = store.commit.bind(store);
        return Object.assign(store, {
          commit: (work: Parameters<typeof commit>[0]) => {
            clock.advance(diskMs);
            return commit(work);
          },
        });
      },
    });
    const discord = it.outlet();
    diskMs = 230;
    it.hear('a');
    it.clock.turn();
    expect(it.account.accepted).toBe(1);
    it.hear('b');
    it.clock.advance(229);
    expect(it.account.waiting).toBe(1);
    it.clock.advance(1);
    expect(it.account).toMatchObject({ waiting: 0, accepted: 2 });
    it.hear('c');
    expect(discord.settle(1)).toBe('committed');
    expect(it.account.accepted).toBe(3);
    it.hear('d');
    it.clock.turn();
    expect(it.clock.timers).toBe(1);
    it.ledger.close();
    expect(it.clock.timers).toBe(0);
  });

  it('reads a sink that has no room only as far as there is room', () => {
    const it = run();
    const discord = it.outlet('discord', 2);
    for (const id of ['a', 'b', 'c', 'd', 'e']) it.hear(id);
    it.clock.turn();
    expect(discord.texts()).toEqual(['a', 'b']);
    discord.settle(1);
    expect(discord.texts()).toEqual(['b', 'c']);
    for (let count = 0; count < 4; count += 1) discord.settle(1);
    expect(discord.given).toEqual([1, 2, 3, 4, 5]);
    expect(it.ledger.stats().pending).toBe(0);
  });
});

describe('a store that is down', () => {
  it('lets healthy sinks go on, says so, and takes everything in one go when it is back', () => {
    const it = run({ sinks: ['discord', 'database'] });
    const [discord, database] = [it.outlet('discord'), it.outlet('database', 1)];
    const other = occupy(it.options);
    for (const id of ['a', 'b', 'c']) it.hear(id);
    it.clock.turn();
    expect(it.ledger.state).toBe('down');
    expect(it.ledger.reasons()).toMatchObject([
      {
        code: 'storeDown',
        severity: 'degraded',
        text: expect.stringMatching(/locked/),
        do: 'close the program that writes to it',
      },
    ]);
    // Nothing is accepted, but nobody waits who need not.
    expect(it.account).toMatchObject({ waiting: 3, accepted: 0 });
    expect(discord.texts()).toEqual(['a', 'b', 'c']);
    expect(database.texts()).toEqual(['a']);
    expect(discord.settle(2)).toBe('kept');
    expect(database.settle(1)).toBe('kept');
    expect(database.texts()).toEqual([]);
    it.hear('d');
    it.clock.turn();
    expect(discord.texts()).toEqual(['c', 'd']);
    expect(it.problems()).toEqual([]);

    other.leave();
    it.clock.advance(1_000);
    expect(it.ledger.state).toBe('ready');
    expect(it.ledger.reasons()).toEqual([]);
    expect(it.account).toMatchObject({ waiting: 0, accepted: 4 });
    expect(database.texts()).toEqual(['b']);
    expect(discord.texts()).toEqual(['c', 'd']);
    expect(it.ledger.stats()).toMatchObject({ notifications: 4, pending: 5 });
    expect(it.ledger.figures('discord')).toMatchObject({ created: 4, delivered: 2, pending: 2 });
    expect(it.ledger.figures('database')).toMatchObject({ created: 4, delivered: 1, pending: 3 });
    expect(it.problems()).toEqual([]);
    while (database.window.length > 0) database.settle(1);
    expect(database.given.length).toBe(4);
    expect([...database.given].sort((a, b) => a - b)).toEqual(database.given);
    expect(it.lines.map((line) => line.replace(/[/\d].*/, '…'))).toEqual([
      'store down: …',
      'store ready again after …',
    ]);
  });

  it('numbers what waits, and accepts nothing of it until it is back', () => {
    const it = run();
    const discord = it.outlet();
    it.hear('a');
    it.clock.turn();
    const other = occupy(it.options);
    for (const id of ['b', 'c']) it.hear(id);
    it.clock.turn();
    expect(it.account).toMatchObject({ waiting: 2, accepted: 1 });
    expect(it.intake.channel('c1').queueStatus().size).toBe(2);
    expect(discord.given).toEqual([1, 2, 3]);
    expect(
      it
        .store()
        ?.pendingRows('discord', 0, 10)
        .map(({ seq }) => seq),
    ).toEqual([1]);
    other.leave();
    it.clock.advance(1_000);
    expect(it.account).toMatchObject({ waiting: 0, accepted: 3 });
    const stored = it.store()?.pendingRows('discord', 0, 10) ?? [];
    expect(stored.map(({ seq, notification }) => [seq, notification.message.id])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
  });

  it('recovers in one transaction: archive, rows of the sinks not done, acknowledgements; or in none', () => {
    let fails = false;
    const commits: Parameters<Store['commit']>[0][] = [];
    const it = run({
      sinks: ['discord', 'database'],
      around: (store) => {
        const commit = store.commit.bind(store);
        return Object.assign(store, {
          commit: (work: Parameters<Store['commit']>[0]) => {
            if (fails) throw new StoreError('full', 'the disk is full');
            commits.push(work);
            return commit(work);
          },
        });
      },
    });
    const [discord, database] = [it.outlet('discord'), it.outlet('database', 0)];
    it.hear('before');
    it.clock.turn();
    const reader = new Database(it.options.path, { readonly: true });
    onTestFinished(() => void reader.close());
    const stored = () => ({
      archive: reader.prepare('SELECT count(*) FROM archive').pluck().get(),
      outbox: reader.prepare('SELECT seq, sink FROM outbox ORDER BY seq').raw().all(),
    });
    const untouched = {
      archive: 1,
      outbox: [
        [1, 'discord'],
        [2, 'database'],
      ],
    };
    expect(stored()).toEqual(untouched);
    fails = true;
    for (const id of ['a', 'b']) it.hear(id);
    it.clock.turn();
    expect(discord.settle(2)).toBe('kept');
    it.clock.advance(60_000);
    expect(stored()).toEqual(untouched);
    commits.length = 0;
    fails = false;
    it.clock.advance(20_000);
    expect(commits).toHaveLength(1);
    expect(commits[0]).toMatchObject({ arrivals: { length: 2 }, settlements: { length: 2 } });
    expect(stored()).toEqual({
      archive: 3,
      outbox: [
        [2, 'database'],
        [4, 'database'],
        [5, 'discord'],
        [6, 'database'],
      ],
    });
    expect(database.given).toEqual([]);
    expect(it.problems()).toEqual([]);
  });

  it('is what a full disk makes of it: sinks go on, and everything is there when there is room again', () => {
    let db: Database.Database | undefined;
    const it = run({
      connect: (path) => {
        db = new Database(path);
        return db;
      },
    });
    const discord = it.outlet();
    it.hear('a');
    it.clock.turn();
    const pages = Number(db?.pragma('page_count', { simple: true }));
    db?.pragma(`max_page_count = ${pages}`);
    for (let count = 0; count < 20; count += 1) it.hear(`m${count}`, `@bob ${'x'.repeat(2_000)}`);
    it.clock.turn();
    expect(it.ledger.state).toBe('down');
    expect(it.ledger.reasons()).toMatchObject([
      {
        code: 'storeDown',
        text: expect.stringMatching(/disk is full/),
        do: expect.stringMatching(/free some space/),
      },
    ]);
    expect(it.account).toMatchObject({ waiting: 20, accepted: 1, dropped: 0 });
    expect(discord.settle(11)).toBe('kept');
    db?.pragma('max_page_count = 1073741823');
    it.clock.advance(1_000);
    expect(it.ledger.state).toBe('ready');
    expect(it.account).toMatchObject({ waiting: 0, accepted: 21 });
    expect(it.ledger.stats()).toMatchObject({ notifications: 21, pending: 10 });
    expect(it.problems()).toEqual([]);
  });

  it('keeps 500 acknowledgements a sink; then that sink waits, and goes on when it is back', () => {
    const it = run();
    const discord = it.outlet('discord', 1_000);
    for (let index = 0; index < 600; index += 1) it.hear(`m${index}`, 'hello @bob', `c${index % 7}`);
    it.clock.turn();
    const other = occupy(it.options);
    expect(discord.settle(300)).toBe('kept');
    expect(discord.settle(201)).toBe('full');
    expect(discord.settle(200)).toBe('kept');
    expect(discord.settle(1)).toBe('full');
    expect(discord.window.length).toBe(100);
    expect(it.problems()).toEqual([]);
    const looks = discord.looks;
    other.leave();
    it.clock.advance(1_000);
    expect(discord.looks).toBe(looks + 1);
    expect(it.ledger.stats().pending).toBe(100);
    expect(discord.settle(100)).toBe('committed');
    expect(it.ledger.figures('discord')).toMatchObject({ delivered: 600, pending: 0 });
  });

  it('drops the oldest when a queue is full: counted, said, and heard again if it comes again', () => {
    const it = run({ queueLimit: 3 });
    const discord = it.outlet('discord', 0);
    const other = occupy(it.options);
    for (const id of ['a', 'b', 'c', 'd', 'e']) it.hear(id);
    it.clock.turn();
    expect(it.account).toMatchObject({ heard: 5, waiting: 3, dropped: 2 });
    expect(it.intake.channel('c1')).toMatchObject({ dropped: 2 });
    expect(it.lines.filter((line) => line.startsWith('queue full (c1)')).length).toBe(1);
    other.leave();
    it.clock.advance(1_000);
    it.hear('a');
    it.clock.turn();
    discord.room = 100;
    discord.refill();
    expect(discord.texts()).toEqual(['c', 'd', 'e', 'a']);
    expect(it.account).toMatchObject({ heard: 6, accepted: 4, dropped: 2, duplicates: 0 });
    expect(it.problems()).toEqual([]);
  });

  it('does not let a sink have again what it had already when that is dropped, and takes back what it had not sent', () => {
    const it = run({ queueLimit: 3 });
    const discord = it.outlet();
    const other = occupy(it.options);
    for (const id of ['sent', 'sending', 'unsent']) it.hear(id);
    it.clock.turn();
    expect(discord.settle(1)).toBe('kept');
    discord.inFlight = [2];
    for (const id of ['x', 'y', 'z']) it.hear(id);
    it.clock.turn();
    expect(discord.texts()).toEqual(['sending', 'x', 'y', 'z']);
    discord.inFlight = [];
    discord.settle(1);
    for (const id of ['sent', 'sending', 'unsent']) it.hear(id);
    expect(it.account).toMatchObject({ heard: 9, duplicates: 2, dropped: 4 });
    other.leave();
    it.clock.advance(1_000);
    expect(it.problems()).toEqual([]);
    while (discord.window.length > 0) discord.settle(1);
    expect(it.ledger.figures('discord')).toMatchObject({ delivered: 5, expired: 2, pending: 0 });
    expect(it.ledger.stats().pending).toBe(0);
  });

  it('loses with a sink that crashes what that was sending and nobody else has, and counts it', () => {
    const it = run({ queueLimit: 2 });
    const discord = it.outlet();
    const other = occupy(it.options);
    for (const id of ['sending', 'b']) it.hear(id);
    it.clock.turn();
    discord.inFlight = [1];
    for (const id of ['c', 'd']) it.hear(id);
    discord.crash();
    other.leave();
    it.clock.advance(1_000);
    expect(discord.texts()).toEqual(['c', 'd']);
    expect(it.ledger.figures('discord')).toMatchObject({ created: 4, expired: 2, pending: 2 });
    expect(it.problems()).toEqual([]);
  });

  it('finds out afterwards that it had a message: what was not sent yet is taken back, what was counts once', () => {
    const first = run();
    for (const id of ['sent', 'sending', 'unsent']) first.hear(id);
    first.clock.turn();
    const taken = first.outlet();
    taken.settle(3);
    first.ledger.close();
    const it = run({ store: first.options, around: unreadable });
    const discord = it.outlet();
    const other = occupy(it.options);
    for (const id of ['sent', 'sending', 'unsent', 'new']) it.hear(id);
    it.clock.turn();
    discord.settle(1);
    discord.inFlight = [discord.window[0]?.seq ?? 0];
    other.leave();
    it.clock.advance(1_000);
    expect(discord.texts()).toEqual(['sending', 'new']);
    discord.inFlight = [];
    discord.settle(2);
    expect(it.account).toMatchObject({ heard: 4, duplicates: 3, accepted: 1 });
    expect(it.ledger.figures('discord')).toMatchObject({ created: 4, delivered: 3, expired: 1, pending: 0 });
    expect(it.problems()).toEqual([]);
    expect(it.ledger.stats().pending).toBe(0);
  });

  it('asks the archive, as long as it can be read, what an earlier process has told', () => {
    const first = run();
    first.hear('told');
    first.clock.turn();
    first.outlet().settle(1);
    first.ledger.close();
    const it = run({ store: first.options });
    const discord = it.outlet();
    const other = occupy(it.options);
    it.hear('told');
    it.hear('new');
    it.clock.turn();
    expect(discord.texts()).toEqual(['new']);
    discord.settle(1);
    other.leave();
    it.clock.advance(1_000);
    expect(it.account).toMatchObject({ heard: 2, duplicates: 1, accepted: 1, waiting: 0 });
    expect(it.problems()).toEqual([]);
  });

  it('keeps what was found late, and what follows it, for the archive when that cannot be read either', () => {
    const first = run();
    first.hear('told');
    first.clock.turn();
    first.outlet().settle(1);
    first.ledger.close();
    const it = run({ store: first.options, around: unreadable });
    const discord = it.outlet();
    const other = occupy(it.options);
    it.hear('before');
    it.intake.channel('c1').hear(message('told', { text: 'hello @bob', late: true }), it.clock.now());
    it.hear('after');
    it.clock.turn();
    expect(discord.texts()).toEqual(['before']);
    discord.settle(1);
    other.leave();
    it.clock.advance(1_000);
    expect(discord.texts()).toEqual(['after']);
    expect(it.account).toMatchObject({ heard: 3, duplicates: 1, accepted: 2, waiting: 0 });
    expect(it.problems()).toEqual([]);
  });

  it('remembers for it what sinks, channels and crashes have to say', () => {
    const it = run();
    it.outlet('discord', 0);
    it.hear('a');
    it.clock.turn();
    const other = occupy(it.options);
    const error = { code: 'http404', text: 'Unknown Webhook', at: 1 };
    const memory = { refused: { target: 't', error, since: 1 } };
    it.ledger.remember('discord', {});
    it.ledger.remember('discord', memory);
    it.ledger.rememberChannel('c1', { chatroomId: 3 });
    for (let crash = 0; crash < 3; crash += 1) expect(it.ledger.crashed('discord', [1])).toEqual([]);
    expect(it.ledger.memory('discord')).toEqual(memory);
    other.leave();
    it.clock.advance(1_000);
    expect(it.ledger.figures('discord')).toMatchObject({ dead: 1, pending: 0 });
    it.ledger.close();
    const store = reopened(it.options);
    expect(store.sinkMemory('discord')).toEqual(memory);
    expect(store.channelIds('c1')).toEqual({ chatroomId: 3 });
    expect(store.deadLetters(10)).toMatchObject([{ code: 'crashed' }]);
  });

  it('tells a person who asks it something', () => {
    const it = run();
    occupy(it.options);
    expect(() => it.ledger.discard('all')).toThrow(StoreError);
    expect(() => it.ledger.retry('all')).toThrow(/locked by another program/);
    expect(it.ledger.read('discord', 0, 10)).toBe('down');
  });

  it('gets one more chance when everything ends', () => {
    const it = run();
    const other = occupy(it.options);
    it.hear('a');
    it.clock.turn();
    other.leave();
    it.ledger.close();
    expect(it.account).toMatchObject({ waiting: 0, accepted: 1 });
    expect(it.ledger.state).toBe('closed');
    expect(reopened(it.options).stats().pending).toBe(1);
  });
});

describe('opening', () => {
  it('resolves when the store is ready', async () => {
    const it = run();
    await it.ledger.opened();
    expect(it.ledger.state).toBe('ready');
  });

  it('rejects with what to do when the store can never be used', async () => {
    const store = optionsIn(folder());
    writeFileSync(store.path, 'dear diary, '.repeat(1_000));
    const it = run({ store });
    await expect(it.ledger.opened()).rejects.toMatchObject({ code: 'notADatabase' });
    expect(it.ledger.state).toBe('unusable');
    expect(it.lines).toEqual([expect.stringMatching(/^store unusable: .*store\.path/)]);
    expect(it.ledger.reasons()).toMatchObject([{ severity: 'degraded' }]);
  });

  it('goes on without a store that may come yet; nothing is numbered before', async () => {
    const where = join(folder(), 'sub');
    const store = optionsIn(where);
    writeFileSync(where, 'in the way');
    const it = run({ store });
    const discord = it.outlet();
    await it.ledger.opened();
    expect(it.ledger.state).toBe('down');
    it.hear('a');
    it.clock.turn();
    expect(discord.given).toEqual([]);
    expect(it.ledger.memory('discord')).toBeUndefined();
    expect(it.ledger.settle('discord', [])).toBe('kept');
    rmSync(where);
    it.clock.advance(1_000);
    expect(it.ledger.state).toBe('ready');
    expect(discord.texts()).toEqual(['a']);
    expect(it.account.accepted).toBe(1);
  });

  it('says it when a store that was waited for turns out to be past help', async () => {
    const where = join(folder(), 'sub');
    const store = optionsIn(where);
    writeFileSync(where, 'in the way');
    const it = run({ store });
    const told: string[] = [];
    it.ledger.onUnusable(({ code }) => told.push(code));
    await it.ledger.opened();
    rmSync(where);
    mkdirSync(dirname(store.path));
    writeFileSync(store.path, 'dear diary, '.repeat(1_000));
    it.clock.advance(60_000);
    expect(told).toEqual(['notADatabase']);
    expect(it.ledger.state).toBe('unusable');
  });

  it('stops trying once it is closed', () => {
    const where = join(folder(), 'sub');
    writeFileSync(where, 'in the way');
    const it = run({ store: optionsIn(where) });
    it.ledger.close();
    rmSync(where);
    it.clock.advance(60_000);
    expect(it.ledger.state).toBe('closed');
    expect(it.store()).toBeUndefined();
  });
});

describe('marks', () => {
  const mark = (id: string, channel = 'c1', createdAt = 5) => ({ channel, createdAt, id });

  it('go with each commit of their channel, the others at a checkpoint and at the end, and outlive a restart', () => {
    const it = run();
    let upTo = mark('a');
    it.ledger.follow('c1', () => upTo);
    it.ledger.follow('c2', () => mark('z', 'c2'));
    it.ledger.follow('unheard', () => undefined);
    it.hear('a');
    expect(it.store()?.marks().size).toBe(0);
    it.clock.turn();
    expect([...(it.store()?.marks().values() ?? [])]).toEqual([mark('a')]);
    expect(it.ledger.mark('c1')).toEqual(mark('a'));
    it.ledger.checkpoint();
    expect(it.store()?.marks()).toEqual(new Map(Object.entries({ c1: mark('a'), c2: mark('z', 'c2') })));
    upTo = mark('b', 'c1', 9);
    it.ledger.close();
    expect(run({ store: it.options }).ledger.mark('c1')).toEqual(mark('b', 'c1', 9));
  });

  it('are written once, not with each commit of a channel that stands still', () => {
    const written: unknown[] = [];
    const it = run({
      around: (store) => {
        const commit = store.commit.bind(store);
        return Object.assign(store, {
          commit: (work: Parameters<typeof commit>[0]) => {
            written.push(...(work.marks ?? []));
            return commit(work);
          },
        });
      },
    });
    it.ledger.follow('c1', () => mark('a'));
    for (const id of ['a', 'b', 'c']) {
      it.hear(id);
      it.clock.turn();
    }
    it.ledger.checkpoint();
    expect(written).toEqual([mark('a')]);
  });

  it('never get ahead of what was heard up to them', () => {
    const it = run();
    it.ledger.follow('c1', () => mark('a'));
    it.hear('a');
    it.ledger.checkpoint();
    expect(it.ledger.stats().pending).toBe(1);
  });

  it('are not written while the store is down, and are once it is back', () => {
    const it = run();
    it.ledger.follow('c1', () => mark('a'));
    const other = occupy(it.options);
    it.hear('a');
    it.clock.turn();
    expect(it.ledger.mark('c1')).toBeUndefined();
    other.leave();
    it.clock.advance(60_000);
    expect(it.store()?.marks().get('c1')).toEqual(mark('a'));
    expect(it.ledger.mark('c1')).toEqual(mark('a'));
  });
});

describe('dead letters', () => {
  it('come again under a new number, counted as such', () => {
    const it = run();
    const discord = it.outlet();
    for (const id of ['a', 'b']) it.hear(id);
    it.clock.turn();
    discord.settle(1, 'dead');
    const [letter] = it.ledger.deadLetters(10);
    expect(letter).toMatchObject({ sink: 'discord', notification: { message: { id: 'a' } } });
    expect(it.ledger.retry([letter?.id ?? 0])).toBe(1);
    expect(discord.texts()).toEqual(['b', 'a']);
    expect(discord.given).toEqual([1, 2, 3]);
    it.hear('c');
    it.clock.turn();
    expect(discord.given).toEqual([1, 2, 3, 4]);
    expect(it.ledger.figures('discord')).toMatchObject({ created: 3, reentered: 1, dead: 1, pending: 3 });
    expect(it.problems()).toEqual([]);
  });
});

describe('expiry', () => {
  it('takes old rows from their sink, not those in flight, none of a sink that waits for a person but those beyond maxPending', () => {
    const it = run({ sinks: ['discord', 'database'] });
    const [discord, database] = [it.outlet('discord'), it.outlet('database')];
    for (const id of ['a', 'b']) it.hear(id);
    it.clock.turn();
    it.clock.advance(60_001);
    discord.inFlight = [1];
    database.ages = false;
    const limit = { maxAgeMs: 60_000, maxPending: 100 };
    const limits = new Map(Object.entries({ discord: limit, database: limit }));
    expect(it.ledger.expire(limits)).toBe(false);
    expect(discord.texts()).toEqual(['a']);
    expect(database.texts()).toEqual(['a', 'b']);
    expect(it.lines).toEqual(['expired: 1 for discord, not delivered in time']);
    expect(it.ledger.figures('discord')).toMatchObject({ expired: 1, pending: 1 });
    limits.set('database', { ...limit, maxPending: 1 });
    expect(it.ledger.expire(limits)).toBe(false);
    expect(database.texts()).toEqual(['b']);
    expect(it.ledger.figures('database')).toMatchObject({ expired: 1, pending: 1 });
    expect(it.problems()).toEqual([]);
  });

  it('ends the rows of a sink that is configured no more, in portions', () => {
    const options = optionsIn(folder());
    const before = reopened(options);
    const arrivals = Array.from({ length: 700 }, (_, index) => arrival(`m${index}`, index + 1, ['gone']));
    before.commit({ arrivals, at: 1 });
    before.close();
    const it = run({ store: options });
    expect(it.ledger.expire(new Map())).toBe(true);
    expect(it.ledger.expire(new Map())).toBe(false);
    expect(it.ledger.figures('gone')).toMatchObject({ pendingAtStart: 700, expired: 700, pending: 0 });
  });
});

describe('retention', () => {
  it('forgets old messages in portions, and says when the disk is the reason', () => {
    const options = { ...optionsIn(folder()), maxBytes: 1024 ** 2 };
    const before = reopened(options);
    const many = (from: number, at: number, text: string) => {
      const arrivals = Array.from({ length: 600 }, (_, index) => ({
        message: message(`m${from + index}`, { text }),
        rows: [],
      }));
      before.commit({ arrivals, at });
    };
    many(0, 1, 'old');
    before.close();
    const it = run({ store: options });
    const day = 86_400_000;
    expect(it.ledger.retain(day)).toBe(true);
    expect(it.ledger.retain(day)).toBe(false);
    expect(it.lines).toEqual([]);
    it.ledger.close();
    const again = reopened(options);
    for (let from = 1_000; from < 4_000; from += 600) {
      const arrivals = Array.from({ length: 600 }, (_, index) => ({
        message: message(`m${from + index}`, { text: 'x'.repeat(1_000) }),
        rows: [],
      }));
      again.commit({ arrivals, at: it.clock.wall() });
    }
    again.close();
    const last = run({ store: options });
    for (let portion = 0; portion < 50 && last.ledger.retain(day); portion += 1);
    for (let portion = 0; portion < 5; portion += 1) last.ledger.retain(day);
    expect(last.ledger.stats().bytes).toBeLessThanOrEqual(options.maxBytes);
    expect(last.lines[0]).toMatch(/^store full \(store\.maxBytes\): the oldest 500 /);
  });
});
