import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.js';
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

  it('holds within one process as well, and a refused try does not loosen it', async () => {
    const options = optionsIn(folder());
    reopened(options);
    expect(() => openSqliteStore(options)).toThrow(StoreError);
    expect(await opening(start('holder', options.path))).toMatchObject({ held: false, code: 'held' });
  });
});
