import type Database from 'better-sqlite3';
import SqliteDatabase from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite.js';
import { configText, kickStandin, runDaemon } from '../support/daemon.js';

/** As SQLite numbers `PRAGMA synchronous`. */
const SYNCED = { full: 2, normal: 1 };

describe('what is accepted', () => {
  it.each([
    ['is synced to the disk with the commit itself, and so survives a power cut', '', SYNCED.full],
    [
      'is synced now and then where durability: normal is asked for',
      'store: { durability: normal }',
      SYNCED.normal,
    ],
  ])('%s', async (_, more, synchronous) => {
    const kick = await kickStandin();
    const opened: Database.Database[] = [];
    const yaml = configText({ kick, sinks: '  console: { type: console }\n', more });
    const running = await runDaemon(yaml, undefined, 'info', undefined, (world) => ({
      ...world,
      openStore: (options) =>
        openSqliteStore(options, (path) => {
          const db = new SqliteDatabase(path);
          opened.push(db);
          return db;
        }),
    }));
    await running.untilLive();
    kick.say('channel1', { username: 'alice', text: '@bob' });
    await running.until(({ account }) => account.accepted === 1);
    // Asked of the connection that made the commit: it is a setting of the connection, not of the file.
    expect(opened.map((db) => db.pragma('synchronous', { simple: true }))).toEqual([synchronous]);
    expect(opened.map((db) => db.pragma('journal_mode', { simple: true }))).toEqual(['wal']);
  });
});
