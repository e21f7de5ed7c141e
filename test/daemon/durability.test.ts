import type Database from 'better-sqlite3';
import SqliteDatabase from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite.js';
import { configText, kickStandin, runDaemon } from '../support/daemon.js';

/** As SQLite numbers `PRAGMA synchronous`. */
const SYNCED = { full: 2, normal: 1 };

describe('what is accepted', () => {
  it('is synced to the disk with the commit itself, and so survives a power cut', async () => {
    expect(await afterAccepting('')).toEqual({ synchronous: SYNCED.full, journal: 'wal' });
  });

  it('is synced now and then where durability: normal is asked for', async () => {
    expect(await afterAccepting('store: { durability: normal }')).toEqual({
      synchronous: SYNCED.normal,
      journal: 'wal',
    });
  });
});

/** How the one connection that made the commit syncs: a setting of the connection, not of the file. */
async function afterAccepting(more: string) {
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
  const [db] = opened;
  expect(opened).toHaveLength(1);
  return {
    synchronous: db?.pragma('synchronous', { simple: true }),
    journal: db?.pragma('journal_mode', { simple: true }),
  };
}
