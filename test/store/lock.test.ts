import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreError } from '../../src/errors.js';
import { takeLock } from '../../src/store/lock.js';
import { openSqliteStore } from '../../src/store/sqlite.js';
import { killed, opening, start } from './children.js';
import { folder, optionsIn, reopened } from './material.js';

describe('the lock', () => {
  it('lets one of 50 that start at once have the store, and tells the others which one that is', async () => {
    const { path } = optionsIn(folder());
    const children = Array.from({ length: 50 }, () => start('holder', path));
    const openings = await Promise.all(children.map(opening));
    const holders = children.filter((_, index) => openings[index]?.held);
    expect(holders.length).toBe(1);
    for (const { held, code } of openings) expect(held || code === 'held').toBe(true);
    const late = await opening(start('holder', path));
    expect(late).toMatchObject({ held: false, code: 'held' });
    expect(late.message).toContain(`another Earshot (pid ${holders[0]?.pid}) is running on ${path}`);
    expect(late.remedy).toContain(`kill ${holders[0]?.pid}`);
  }, 60_000);

  it('is free at once after its holder was killed', async () => {
    const options = optionsIn(folder());
    for (let life = 0; life < 5; life += 1) {
      const holder = start('holder', options.path);
      expect(await opening(holder)).toEqual({ held: true });
      await killed(holder);
    }
    reopened(options);
  });

  it('is free after its holder closed the store, and leaves no pid behind', async () => {
    const options = optionsIn(folder());
    const holder = start('holder', options.path);
    await opening(holder);
    expect(readFileSync(`${options.path}.pid`, 'utf8')).toBe(`${holder.pid}\n`);
    holder.stdin?.end();
    await once(holder, 'exit');
    expect(() => readFileSync(`${options.path}.pid`)).toThrow(/ENOENT/);
    reopened(options);
  });

  describe('of which nobody knows yet who has it', () => {
    function contended() {
      const { path } = optionsIn(folder());
      const other = new Database(`${path}.lock`, { timeout: 0 });
      onTestFinished(() => void other.close());
      return { path, other };
    }

    it('is taken after all when the other was refused as well: SQLite may do that to two that start at once', () => {
      const { path, other } = contended();
      other.exec('BEGIN IMMEDIATE');
      const lock = takeLock(path, () => other.exec('ROLLBACK'));
      onTestFinished(lock.release);
      expect(() => other.exec('BEGIN IMMEDIATE')).toThrow(/locked/);
    });

    it('is refused with the pid of the holder, once that is written', () => {
      const { path, other } = contended();
      other.exec('BEGIN EXCLUSIVE');
      const wrote = () => writeFileSync(`${path}.pid`, `${process.ppid}\n`);
      expect(() => takeLock(path, wrote)).toThrow(
        `another Earshot (pid ${process.ppid}) is running on ${path}`,
      );
    });

    it('is refused without one when none is ever written', () => {
      const { path, other } = contended();
      other.exec('BEGIN EXCLUSIVE');
      let pauses = 0;
      const paused = () => {
        pauses += 1;
      };
      expect(() => takeLock(path, paused)).toThrow(`another Earshot is running on ${path}`);
      expect(pauses).toBe(199);
    });
  });

  it('holds within one process as well, and a refused try does not loosen it', async () => {
    const options = optionsIn(folder());
    reopened(options);
    expect(() => openSqliteStore(options)).toThrow(StoreError);
    expect(await opening(start('holder', options.path))).toMatchObject({ held: false, code: 'held' });
  });
});
