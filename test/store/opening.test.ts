import {
  chmodSync,
  chownSync,
  closeSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.js';
import { openSqliteStore } from '../../src/store/sqlite.js';
import type { StoreOptions } from '../../src/store.js';
import { opening, start } from './children.js';
import { arrival, folder, message, optionsIn, reopened } from './material.js';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const mode = (path: string) => statSync(path).mode & 0o777;

function refusal(options: StoreOptions): StoreError {
  try {
    openSqliteStore(options).close();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error('it was opened');
}

/** A database as some other hand left it. */
function database(path: string, ...statements: string[]): void {
  const db = new Database(path);
  for (const statement of statements) db.exec(statement);
  db.close();
}

describe('a new store', () => {
  it('is made with its folder, for nobody else to read, whatever the umask', () => {
    const before = process.umask(0);
    try {
      const options = optionsIn(join(folder(), 'a', 'b'));
      const store = reopened(options);
      store.commit({ arrivals: [arrival('a', 1)], at: 1 });
      for (const suffix of ['', '-wal', '-shm', '.lock', '.pid'])
        expect(mode(options.path + suffix)).toBe(0o600);
      expect(mode(join(options.path, '..'))).toBe(0o700);
    } finally {
      process.umask(before);
    }
  });

  it('has the settings that its promises need', () => {
    const options = optionsIn(folder());
    reopened(options).close();
    const db = new Database(options.path, { readonly: true });
    const setting = (name: string) => db.pragma(name, { simple: true });
    expect([setting('journal_mode'), setting('auto_vacuum'), setting('user_version')]).toEqual(['wal', 2, 1]);
    db.close();
  });

  it('takes from others what an old file let them do', () => {
    const options = optionsIn(folder());
    reopened(options).close();
    chmodSync(options.path, 0o644);
    reopened(options);
    expect(mode(options.path)).toBe(0o600);
  });
});

describe('a file that cannot be the store', () => {
  it('is no database: says so, and what to do, and leaves it as it is', () => {
    const options = optionsIn(folder());
    writeFileSync(options.path, 'dear diary, '.repeat(1_000));
    const { code, message, remedy, passes } = refusal(options);
    expect([code, passes]).toEqual(['notADatabase', false]);
    expect(message).toContain(options.path);
    expect(remedy).toMatch(/store\.path/);
    expect(readFileSync(options.path, 'utf8')).toBe('dear diary, '.repeat(1_000));
  });

  it("is another program's database", () => {
    const options = optionsIn(folder());
    database(options.path, 'CREATE TABLE songs (title TEXT)');
    expect(refusal(options)).toMatchObject({
      code: 'notADatabase',
      message: expect.stringMatching(/another program/),
    });
  });

  it('was written by a newer Earshot', () => {
    const options = optionsIn(folder());
    reopened(options).close();
    database(options.path, 'PRAGMA user_version = 99');
    const { code, remedy } = refusal(options);
    expect(code).toBe('newerVersion');
    expect(remedy).toMatch(/update Earshot/);
  });

  it('is damaged', () => {
    const options = optionsIn(folder());
    const store = reopened(options);
    const arrivals = Array.from({ length: 500 }, (_, index) => ({ message: message(`m${index}`), rows: [] }));
    store.commit({ arrivals, at: 1 });
    store.close();
    const file = openSync(options.path, 'r+');
    writeSync(file, Buffer.alloc(65_536, 0xaa), 0, 65_536, 8_192);
    closeSync(file);
    expect(() => {
      const again = reopened(options);
      again.commit({ arrivals, at: 1 });
      again.forgetBefore(10, 1_000);
    }).toThrow(expect.objectContaining({ code: 'corrupt', passes: false }));
  });

  it('has other tables than its version stands for', () => {
    const options = optionsIn(folder());
    reopened(options).close();
    database(options.path, 'DROP TABLE outbox');
    expect(refusal(options)).toMatchObject({ code: 'corrupt' });
  });

  it('leaves the lock free when it is refused', () => {
    const options = optionsIn(folder());
    writeFileSync(options.path, 'dear diary, '.repeat(1_000));
    refusal(options);
    expect(refusal(options).code).toBe('notADatabase');
  });

  it.skipIf(!isRoot)('may not be written by its user (needs root, to be somebody else)', async () => {
    const where = folder();
    const options = optionsIn(where);
    reopened(options).close();
    for (const path of [where, options.path, `${options.path}.lock`]) chownSync(path, NOBODY, NOBODY);
    chmodSync(options.path, 0o400);
    const refused = await opening(start('holder', options.path, { uid: NOBODY }));
    expect(refused).toMatchObject({
      held: false,
      code: 'readOnly',
      remedy: expect.stringMatching(/write access/),
    });
    chmodSync(where, 0o500);
    expect(await opening(start('holder', join(where, 'new.db'), { uid: NOBODY }))).toMatchObject({
      held: false,
      code: 'readOnly',
    });
  });
});

describe('an older schema', () => {
  /** Schema 0, by hand: Earshot's mark and one table that migrating must not lose. */
  const older = (path: string, ...more: string[]) =>
    database(
      path,
      `PRAGMA application_id = ${0x45415253}`,
      'CREATE TABLE note (text TEXT)',
      "INSERT INTO note VALUES ('from before')",
      ...more,
    );
  const notes = (path: string) => {
    const db = new Database(path, { readonly: true });
    const found = db.prepare<[], { text: string }>('SELECT text FROM note').all();
    const version = db.pragma('user_version', { simple: true });
    db.close();
    return { found, version };
  };

  it('is brought up to date after a whole copy was made, as private as the store', () => {
    const options = optionsIn(folder());
    older(options.path);
    const store = reopened(options);
    store.commit({ arrivals: [arrival('a', 1)], at: 1 });
    expect(store.stats().pending).toBe(1);
    store.close();
    expect(notes(options.path)).toEqual({ found: [{ text: 'from before' }], version: 1 });
    expect(notes(`${options.path}.schema0.bak`)).toEqual({ found: [{ text: 'from before' }], version: 0 });
    expect(mode(`${options.path}.schema0.bak`)).toBe(0o600);
  });

  it('stays as it was when it cannot be, and the message names the copy', () => {
    const options = optionsIn(folder());
    older(options.path, 'CREATE TABLE outbox (whatever TEXT)');
    const { code, remedy } = refusal(options);
    expect(code).toBe('corrupt');
    expect(remedy).toContain(`${options.path}.schema0.bak`);
    expect(notes(options.path)).toEqual({ found: [{ text: 'from before' }], version: 0 });
  });
});
