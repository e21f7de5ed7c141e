import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite.js';
import type { SinkMemory, Store } from '../../src/store.js';
import { arrival, folder, message, newStore, notification, optionsIn, reopened } from './material.js';

const seqs = (store: Store, sink: string, after = 0, limit = 100) =>
  store.pendingRows(sink, after, limit).map(({ seq }) => seq);
const ERROR = { code: 'http400', text: 'Invalid form body', at: 5 };

describe('commit', () => {
  it('archives messages and gives their rows back in order, whole', () => {
    const store = newStore();
    const replyTo = { username: 'Bob', messageId: 'x', text: '😀 "quoted"' };
    const told = notification('b', ['discord', 'database'], { replyTo, late: true });
    store.commit({
      arrivals: [
        arrival('a', 1, ['discord', 'database']),
        {
          message: told.message,
          notification: told,
          rows: [
            { seq: 3, sink: 'discord' },
            { seq: 4, sink: 'database' },
          ],
        },
      ],
      at: 10,
    });
    expect(seqs(store, 'discord')).toEqual([1, 3]);
    expect(seqs(store, 'database')).toEqual([2, 4]);
    expect(seqs(store, 'discord', 1)).toEqual([3]);
    expect(seqs(store, 'discord', 0, 1)).toEqual([1]);
    expect(store.pendingRows('discord', 1, 1)[0]).toMatchObject({
      sink: 'discord',
      acceptedAt: 10,
      crashes: 0,
      notification: told,
    });
    expect(store.pending()).toEqual(
      new Map([
        ['database', { count: 2, oldestAt: 10 }],
        ['discord', { count: 2, oldestAt: 10 }],
      ]),
    );
  });

  it('keeps with each message what was said of it, whatever it shares with the one before', () => {
    const store = newStore();
    const one = notification('a', ['discord']);
    const changes = [{ rules: ['x'] }, { reasons: ['reply'] }, { watched: 'x' }, { matches: ['x'] }] as const;
    const told = changes
      .flatMap((change) => [one, { ...one, ...change }])
      .map((it, at) => ({ ...it, message: message(`${at}`) }));
    const rowsOf = (at: number) => [{ seq: at + 1, sink: 'discord' }];
    store.commit({
      arrivals: told.map((it, at) => ({ message: it.message, notification: it, rows: rowsOf(at) })),
      at: 1,
    });
    const rows = store.pendingRows('discord', 0, 100);
    expect(rows.map(({ notification: stored }) => stored)).toEqual(told);
  });

  it('stores nothing of a message that is in the archive already, and says which it was', () => {
    const store = newStore();
    store.commit({ arrivals: [arrival('a', 1)], at: 1 });
    const { duplicates } = store.commit({
      arrivals: [arrival('b', 2), arrival('a', 3), arrival('b', 4), arrival('c', 5)],
      at: 2,
    });
    expect(duplicates).toEqual([1, 2]);
    expect(seqs(store, 'discord')).toEqual([1, 2, 5]);
    expect(store.stats()).toMatchObject({ notifications: 3, pending: 3 });
  });

  it('knows a message again that the history tells with another time, whichever came first, also after a restart', () => {
    const options = optionsIn(folder());
    const store = openSqliteStore(options);
    const told = (id: string, createdAt: number, late?: true) => ({
      message: message(id, { createdAt, ...(late && { late }) }),
      rows: [],
    });
    const repeats = (on: Store, ...arrivals: ReturnType<typeof told>[]) =>
      on.commit({ arrivals, at: 1 }).duplicates.length;
    expect(repeats(store, told('a', 5_000), told('b', 6_000), told('c', 7_400, true))).toBe(0);
    expect(repeats(store, told('a', 4_900, true), told('b', 7_000, true), told('c', 8_000))).toBe(3);
    store.close();
    const again = reopened(options);
    expect(repeats(again, told('a', 4_000), told('b', 7_000), told('c', 8_000))).toBe(3);
    expect(repeats(again, told('d', 20_000), told('d', 20_000), told('d', 19_700, true))).toBe(2);
  });

  it('knows a delivered message again: the archive outlives the outbox', () => {
    const store = newStore();
    store.commit({ arrivals: [arrival('a', 1)], at: 1 });
    store.commit({ arrivals: [], settlements: [{ seq: 1, end: 'delivered' }], at: 2 });
    expect(store.commit({ arrivals: [arrival('a', 2)], at: 3 }).duplicates).toEqual([0]);
    expect(store.stats().pending).toBe(0);
  });

  it('archives what has no notification without counting it as one', () => {
    const store = newStore();
    store.commit({ arrivals: [{ message: message('a'), rows: [] }], at: 1 });
    expect(store.stats()).toMatchObject({ notifications: 0, pending: 0 });
    expect(store.commit({ arrivals: [{ message: message('a'), rows: [] }], at: 1 }).duplicates).toEqual([0]);
  });

  it('takes what arrives and its acknowledgement in one transaction', () => {
    const store = newStore();
    const settlements = [
      { seq: 1, end: 'delivered' as const },
      { seq: 2, end: 'dead' as const, error: ERROR },
    ];
    store.commit({ arrivals: [arrival('a', 1, ['discord', 'database'])], settlements, at: 1 });
    expect(store.stats().pending).toBe(0);
    expect(store.deadLetters(10)).toMatchObject([{ sink: 'database', end: 'dead', code: 'http400' }]);
  });

  it('takes an acknowledgement twice as once', () => {
    const store = newStore();
    const settlements = [{ seq: 1, end: 'dead' as const, error: ERROR }];
    store.commit({ arrivals: [arrival('a', 1)], settlements, at: 1 });
    store.commit({ arrivals: [], settlements, at: 2 });
    expect(store.deadLetters(10).length).toBe(1);
    expect(store.stats().pending).toBe(0);
  });

  it('does nothing at all when one part of it fails, to its counts neither', () => {
    const store = newStore();
    store.commit({ arrivals: [arrival('a', 1)], at: 1 });
    expect(() => store.commit({ arrivals: [arrival('b', 2), arrival('c', 1)], at: 2 })).toThrow(/UNIQUE/);
    expect(store.stats()).toMatchObject({ notifications: 1, pending: 1 });
    expect(store.lastSeq()).toBe(1);
    expect(store.commit({ arrivals: [arrival('b', 2)], at: 3 }).duplicates).toEqual([]);
  });
});

describe('numbers', () => {
  it('are never given again, whatever became of their rows and in whatever order they came', () => {
    const options = optionsIn(folder());
    const store = reopened(options);
    const arrivals = [arrival('a', 7), arrival('b', 3)];
    const settlements = arrivals.flatMap(({ rows }) =>
      rows.map(({ seq }) => ({ seq, end: 'delivered' as const })),
    );
    store.commit({ arrivals, settlements, at: 1 });
    store.close();
    expect(reopened(options).lastSeq()).toBe(7);
  });

  it('of dead letters neither: a person may type one that is gone', () => {
    const store = newStore();
    const bury = (id: string, seq: number) =>
      store.commit({
        arrivals: [arrival(id, seq)],
        settlements: [{ seq, end: 'dead', error: ERROR }],
        at: 1,
      });
    bury('a', 1);
    const [first] = store.deadLetters(1);
    expect(store.discard('all')).toBe(1);
    bury('b', 2);
    expect(store.deadLetters(1)[0]?.id).not.toBe(first?.id);
  });
});

describe('dead letters', () => {
  function withThree() {
    const store = newStore();
    store.commit({
      arrivals: [arrival('a', 1), arrival('b', 2), arrival('c', 3)],
      settlements: [
        { seq: 1, end: 'dead', error: ERROR },
        { seq: 2, end: 'dead', error: ERROR },
        { seq: 3, end: 'dead', error: ERROR },
      ],
      at: 1,
    });
    return { store, ids: store.deadLetters(10).map(({ id }) => id) };
  }

  it('go back into the outbox under new numbers, at the end, with their age beginning anew', () => {
    const { store, ids } = withThree();
    store.commit({ arrivals: [arrival('d', 4)], at: 2 });
    const rows = store.retry([ids[1] ?? 0, 9_999], 5, 70);
    expect(rows).toMatchObject([{ seq: 5, sink: 'discord', acceptedAt: 70, crashes: 0 }]);
    expect(rows[0]?.notification.message.id).toBe('b');
    expect(seqs(store, 'discord')).toEqual([4, 5]);
    expect(store.lastSeq()).toBe(5);
    expect(store.deadLetters(10).map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    expect(store.stats().pending).toBe(2);
  });

  it('go back all at once', () => {
    const { store } = withThree();
    expect(store.retry('all', 4, 1).map(({ seq }) => seq)).toEqual([4, 5, 6]);
    expect(store.deadLetters(10)).toEqual([]);
    expect(store.retry('all', 7, 1)).toEqual([]);
  });

  it('are discarded by number or altogether', () => {
    const { store, ids } = withThree();
    expect(store.discard([ids[0] ?? 0, ids[0] ?? 0])).toBe(1);
    expect(store.discard('all')).toBe(2);
  });
});

describe('a sink that crashed', () => {
  it('makes a dead letter of the row in flight at its third crash, of none before', () => {
    const store = newStore();
    store.commit({ arrivals: [arrival('a', 1), arrival('b', 2)], at: 1 });
    expect(store.crashed('discord', [1], 2)).toEqual([]);
    expect(store.crashed('discord', [1, 2], 3)).toEqual([]);
    expect(store.pendingRows('discord', 0, 10).map(({ crashes }) => crashes)).toEqual([2, 1]);
    expect(store.crashed('discord', [1, 2], 4)).toEqual([1]);
    expect(store.deadLetters(10)).toMatchObject([{ code: 'crashed', at: 4 }]);
    expect(seqs(store, 'discord')).toEqual([2]);
  });

  it('counts nothing for rows of another sink, or gone ones', () => {
    const store = newStore();
    store.commit({ arrivals: [arrival('a', 1)], at: 1 });
    for (let crash = 0; crash < 5; crash += 1) expect(store.crashed('database', [1, 2], 2)).toEqual([]);
    expect(store.pendingRows('discord', 0, 1)[0]?.crashes).toBe(0);
  });
});

describe('expiry', () => {
  const rules = (maxAgeMs: number, maxPending: number, keep: readonly number[] = []) =>
    new Map([['discord', { maxAgeMs, maxPending, keep }]]);

  it('ends what is older than its age, and only that', () => {
    const store = newStore();
    store.commit({ arrivals: [arrival('a', 1, ['discord', 'database'])], at: 1_000 });
    store.commit({ arrivals: [arrival('b', 3)], at: 2_000 });
    expect(store.expire(rules(1_000, 100), 2_000, 100)).toEqual(new Map());
    expect(store.expire(rules(1_000, 100), 2_001, 100)).toEqual(new Map([['discord', [1]]]));
    expect(store.deadLetters(10)).toMatchObject([
      { end: 'expired', at: 2_001, text: expect.stringMatching(/maxAge/) },
    ]);
    expect(seqs(store, 'database')).toEqual([2]);
    expect(store.stats().pending).toBe(2);
  });

  it('ends the oldest of too many', () => {
    const store = newStore();
    const arrivals = Array.from({ length: 10 }, (_, index) => arrival(`m${index}`, index + 1));
    store.commit({ arrivals, at: 1 });
    expect(store.expire(rules(1_000, 7), 2, 100)).toEqual(new Map([['discord', [1, 2, 3]]]));
    expect(store.deadLetters(1)[0]?.text).toMatch(/maxPending/);
  });

  it('never ends what is in flight, nor more than asked at a time', () => {
    const store = newStore();
    const arrivals = Array.from({ length: 10 }, (_, index) => arrival(`m${index}`, index + 1));
    store.commit({ arrivals, at: 1 });
    expect(store.expire(rules(0, 0, [1, 2]), 5, 4)).toEqual(new Map([['discord', [3, 4]]]));
    expect(seqs(store, 'discord')).toEqual([1, 2, 5, 6, 7, 8, 9, 10]);
  });
});

describe('memory', () => {
  it('keeps channel ids, marks and what sinks must know over a restart', () => {
    const options = optionsIn(folder());
    const store = reopened(options);
    const memory: SinkMemory = { refused: { target: 't', error: ERROR, since: 3 } };
    store.rememberChannel('a', { channelId: 1, chatroomId: 2 });
    store.rememberChannel('b', { chatroomId: 3 });
    store.rememberChannel('a', { channelId: 4, chatroomId: 5 });
    store.rememberSink('discord', memory);
    const mark = { channel: 'a', createdAt: 1, id: 'x' };
    store.commit({ arrivals: [], marks: [mark], at: 1 });
    store.commit({ arrivals: [], marks: [{ ...mark, createdAt: 9 }], at: 1 });
    store.close();
    const again = reopened(options);
    expect(again.channelIds('a')).toEqual({ channelId: 4, chatroomId: 5 });
    expect(again.channelIds('b')).toEqual({ chatroomId: 3 });
    expect(again.channelIds('c')).toBeUndefined();
    expect(again.marks()).toEqual(new Map([['a', { ...mark, createdAt: 9 }]]));
    expect(again.sinkMemory('discord')).toEqual(memory);
    expect(again.sinkMemory('database')).toEqual({});
  });

  it('keeps the figures over a restart', () => {
    const options = optionsIn(folder());
    const store = reopened(options);
    store.commit({ arrivals: [arrival('a', 1, ['discord', 'database']), arrival('b', 3)], at: 1 });
    store.close();
    expect(reopened(options).stats()).toMatchObject({ path: options.path, notifications: 2, pending: 3 });
  });
});

describe('retention', () => {
  it('forgets old messages in portions, and none that something waits for', () => {
    const store = newStore();
    const arrivals = Array.from({ length: 10 }, (_, index) => arrival(`m${index}`, index + 1));
    const settlements = arrivals.slice(2).map((_, index) => ({ seq: index + 3, end: 'delivered' as const }));
    store.commit({ arrivals, settlements, at: 1_000 });
    store.commit({ arrivals: [], settlements: [{ seq: 2, end: 'dead', error: ERROR }], at: 5_000 });
    store.commit({ arrivals: [{ message: message('young'), rows: [] }], at: 2_000 });
    expect(store.forgetBefore(1_000, 5)).toBe(0);
    expect(store.forgetBefore(1_001, 5)).toBe(5);
    expect(store.forgetBefore(1_001, 5)).toBe(3);
    expect(store.forgetBefore(1_001, 5)).toBe(0);
    expect(store.stats().notifications).toBe(2);
    expect(seqs(store, 'discord')).toEqual([1]);
    expect(store.deadLetters(10).length).toBe(1);
    // Dead letters have their own age, and are forgotten by it.
    expect(store.forgetBefore(5_001, 5)).toBe(2);
    expect(store.deadLetters(10)).toEqual([]);
    expect(store.stats()).toMatchObject({ notifications: 1, pending: 1 });
  });
});

describe('the bound on the disk', () => {
  it('is kept by forgetting the oldest archive, pending rows never, and the file gets smaller', () => {
    const maxBytes = 2 * 1024 ** 2;
    const store = newStore({ maxBytes });
    const text = 'x'.repeat(2_000);
    const fill = (from: number) => {
      const arrivals = Array.from({ length: 500 }, (_, index) => ({
        message: message(`m${from + index}`, { text }),
        rows: [],
      }));
      store.commit({ arrivals, at: from });
    };
    store.commit({ arrivals: [arrival('kept', 1)], at: 0 });
    for (let from = 0; from < 2_500; from += 500) fill(from + 1);
    expect(store.stats().bytes).toBeGreaterThan(3 * maxBytes);
    let forgotten = 0;
    for (let portion = 0; portion < 100; portion += 1) forgotten += store.shrink(100);
    expect(store.stats().bytes).toBeLessThanOrEqual(maxBytes);
    expect(forgotten).toBeGreaterThan(1_000);
    expect(forgotten).toBeLessThan(2_400);
    expect(seqs(store, 'discord')).toEqual([1]);
    // The youngest are still there.
    const { duplicates } = store.commit({ arrivals: [{ message: message('m2500'), rows: [] }], at: 9 });
    expect(duplicates).toEqual([0]);
  });

  it('costs nothing while it is kept', () => {
    const store = newStore();
    store.commit({ arrivals: [{ message: message('a'), rows: [] }], at: 1 });
    expect(store.shrink(100)).toBe(0);
    expect(store.commit({ arrivals: [{ message: message('a'), rows: [] }], at: 1 }).duplicates).toEqual([0]);
  });
});
