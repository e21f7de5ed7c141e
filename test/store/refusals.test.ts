/** What the store says when the machine it runs on fails it, and that it is whole again afterwards. */
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreError } from '../../src/errors.js';
import type { Store } from '../../src/store.js';
import { killed, linesOf, start } from './children.js';
import { arrival, folder, message, newStore, optionsIn, reopened } from './material.js';

function refusal(work: () => unknown): StoreError {
  try {
    work();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('another program that writes to the file', () => {
  it('makes the store busy, soon enough for the event loop; it is whole again when that ends', () => {
    const store = newStore();
    const other = new Database(store.stats().path);
    onTestFinished(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    const startedAt = performance.now();
    const { code, passes, remedy } = refusal(() => store.commit({ arrivals: [arrival('a', 1)], at: 1 }));
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect([code, passes]).toEqual(['busy', true]);
    expect(remedy).toMatch(/close the program/);
    expect(refusal(() => store.probe()).code).toBe('busy');
    // Reading goes on.
    expect(store.pendingRows('discord', 0, 10)).toEqual([]);
    other.exec('ROLLBACK');
    store.probe();
    store.commit({ arrivals: [arrival('a', 1)], at: 1 });
    expect(store.stats().pending).toBe(1);
  });

  it('may read as long as it likes', () => {
    const store = newStore();
    const other = new Database(store.stats().path, { readonly: true });
    onTestFinished(() => void other.close());
    other.exec('BEGIN');
    other.prepare('SELECT count(*) FROM outbox').get();
    store.commit({ arrivals: [arrival('a', 1)], at: 1 });
    store.checkpoint();
    expect(store.stats().pending).toBe(1);
  });
});

/** A file system of 16 megabytes; undefined where this user may not make one. */
function smallDisk(): string | undefined {
  const where = folder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', where], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', where]));
  return where;
}

describe('a full disk', () => {
  it('refuses with what to do, loses nothing committed, and is whole again when there is room', (context) => {
    const where = smallDisk();
    if (where === undefined) return context.skip('making a file system needs root');
    const options = optionsIn(where);
    const store = reopened(options);
    const ballast = join(where, 'ballast');
    const { bavail, bsize } = statfsSync(where);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - 600_000));

    const committed = fill(store, 2_000);
    const { code, passes, remedy } = refusal(() => fill(store, 100, committed + 1));
    expect([code, passes]).toEqual(['full', true]);
    expect(remedy).toMatch(/free some space/);
    expect(committed).toBeGreaterThan(10);
    expect(store.stats().notifications).toBe(committed);

    rmSync(ballast);
    fill(store, 50, committed + 1);
    expect(store.stats().pending).toBe(committed + 50);
    store.close();
    const rows = reopened(options).pendingRows('discord', 0, 10_000);
    expect(rows.map(({ seq }) => seq)).toEqual(
      Array.from({ length: committed + 50 }, (_, index) => index + 1),
    );
  });

  it('refuses to open a store for which there is no room', (context) => {
    const where = smallDisk();
    if (where === undefined) return context.skip('making a file system needs root');
    const { bavail, bsize } = statfsSync(where);
    writeFileSync(join(where, 'ballast'), Buffer.alloc(bavail * bsize));
    expect(refusal(() => reopened(optionsIn(where))).code).toBe('full');
  });

  /** Commits rows one by one, up to `count` of them; from the first it gives how many went in before a refusal. */
  function fill(store: Store, count: number, from?: number): number {
    for (let seq = from ?? 1; seq < (from ?? 1) + count; seq += 1) {
      const { rows, ...rest } = arrival(`m${seq}`, seq);
      const it = { ...rest, message: message(`m${seq}`, { text: 'x'.repeat(3_000) }), rows };
      try {
        store.commit({ arrivals: [it], at: seq });
      } catch (error) {
        if (from !== undefined) throw error;
        return seq - 1;
      }
    }
    return count;
  }
});

/** What the committer leaves in the outbox when its last commit ends with `last`: see children/committer.mjs. */
function pendingUpTo(last: number): number[] {
  const settled = new Set<number>();
  let seq = 0;
  while (seq < last) {
    seq += 1 + (seq % 7);
    if (seq % 3 === 0) settled.add(seq - 2);
  }
  expect(seq).toBe(last);
  return Array.from({ length: last }, (_, index) => index + 1).filter((it) => !settled.has(it));
}

describe('kill -9 while committing', () => {
  it('loses no committed row, and leaves no half of a transaction, at 20 moments', async () => {
    const options = optionsIn(folder());
    let promised = 0;
    for (let life = 0; life < 20; life += 1) {
      const child = start('committer', options.path);
      // Each life ends a few commits further on, with the line just read: anywhere in a transaction.
      let commits = 0;
      for await (const line of linesOf(child)) {
        promised = Number(line);
        commits += 1;
        if (commits > life * 3) break;
      }
      await killed(child);
      const store = reopened(options);
      const last = store.lastSeq();
      expect(last).toBeGreaterThanOrEqual(promised);
      const ids = Array.from({ length: last }, (_, index) => `m${index + 1}`);
      const { duplicates } = store.commit({
        arrivals: ids.map((id) => ({ message: message(id), rows: [] })),
        at: 1,
      });
      expect(duplicates.length).toBe(last);
      const rows = store.pendingRows('discord', 0, 100_000).map(({ seq }) => seq);
      expect(rows).toEqual(pendingUpTo(last));
      expect(rows.length).toBe(store.stats().pending);
      store.close();
    }
  }, 60_000);
});
