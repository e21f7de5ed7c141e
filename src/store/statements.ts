/** Every SQL statement of the store, prepared once. */
import type { Database } from 'better-sqlite3';
import type { Mark } from '../store.js';
import type { NotificationColumns } from './rows.js';

/** A row of the outbox with what it is about. */
export interface StoredRow extends NotificationColumns {
  readonly seq: number;
  readonly sink: string;
  readonly acceptedAt: number;
  readonly crashes: number;
}

export interface StoredDeadLetter extends NotificationColumns {
  readonly id: number;
  readonly sink: string;
  readonly ended: 'dead' | 'expired';
  readonly at: number;
  readonly code: string;
  readonly error: string;
}

const NOTIFICATION = `
  dedupe_key AS key, channel, sender, sender_id AS senderId, archive.text, created_at AS createdAt, late,
  reply_to AS replyTo, notice`;

const ROW = `
  SELECT seq, sink, accepted_at AS acceptedAt, crashes, ${NOTIFICATION}
  FROM outbox JOIN archive ON archive.id = outbox.archive_id`;

/** Archived messages that no pending row and no dead letter refers to. */
const UNREFERENCED = `
  NOT EXISTS (SELECT 1 FROM outbox WHERE archive_id = archive.id)
  AND NOT EXISTS (SELECT 1 FROM dead WHERE archive_id = archive.id)`;

/** A second to either side: a platform may round the time of a message differently when it tells it again. */
const KNOWN = `
  SELECT 1 FROM archive
  WHERE created_at / 1000 IN ($second - 1, $second, $second + 1) AND dedupe_key = $key`;

export function statementsOf(db: Database) {
  return {
    // By place: looking ten values up by name would cost a third more. Changes nothing when it is there already, with a
    // time in the same second.
    addMessage: db.prepare<
      [
        key: string,
        channel: string,
        sender: string,
        senderId: string,
        text: string,
        createdAt: number,
        storedAt: number,
        late: number,
        replyTo: string | null,
        notice: string | null,
      ]
    >(`
      INSERT INTO archive
        (dedupe_key, channel, sender, sender_id, text, created_at, stored_at, late, reply_to, notice)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`),
    isKnown: db.prepare<{ key: string; second: number }, { 1: number }>(KNOWN),
    newest: db.prepare<[], { second: number }>(
      'SELECT created_at / 1000 AS second FROM archive ORDER BY created_at / 1000 DESC LIMIT 1',
    ),
    addRow: db.prepare<{ seq: number; sink: string; archived: number; at: number }>(
      'INSERT INTO outbox (seq, sink, archive_id, accepted_at) VALUES ($seq, $sink, $archived, $at)',
    ),
    removeRow: db.prepare<{ seq: number }>('DELETE FROM outbox WHERE seq = $seq'),
    raiseSeq: db.prepare<{ seq: number }>("UPDATE counter SET value = max(value, $seq) WHERE name = 'seq'"),
    counter: db.prepare<{ name: 'seq' | 'notifications' }, { value: number }>(
      'SELECT value FROM counter WHERE name = $name',
    ),
    /** Counted along: counting them in a large archive takes seconds. */
    setNotifications: db.prepare<{ value: number }>(
      "UPDATE counter SET value = $value WHERE name = 'notifications'",
    ),
    pendingRows: db.prepare<{ sink: string; after: number; limit: number }, StoredRow>(
      `${ROW} WHERE sink = $sink AND seq > $after ORDER BY seq LIMIT $limit`,
    ),
    rowsFrom: db.prepare<{ seq: number }, StoredRow>(`${ROW} WHERE seq >= $seq ORDER BY seq`),
    pending: db.prepare<[], { sink: string; count: number; oldestAt: number }>(
      'SELECT sink, count(*) AS count, min(accepted_at) AS oldestAt FROM outbox GROUP BY sink',
    ),
    countOf: db.prepare<{ sink: string }, { count: number }>(
      'SELECT count(*) AS count FROM outbox WHERE sink = $sink',
    ),
    countPending: db.prepare<[], { count: number }>('SELECT count(*) AS count FROM outbox'),
    countCrash: db.prepare<{ sink: string; seq: number }, { crashes: number }>(
      'UPDATE outbox SET crashes = crashes + 1 WHERE seq = $seq AND sink = $sink RETURNING crashes',
    ),
    // Among the first ones only: rows age in the order of their numbers, and a long outbox is not read through.
    olderThan: db.prepare<{ sink: string; before: number; limit: number }, { seq: number }>(`
      SELECT seq FROM (SELECT seq, accepted_at FROM outbox WHERE sink = $sink ORDER BY seq LIMIT $limit)
      WHERE accepted_at < $before`),
    oldest: db.prepare<{ sink: string; limit: number }, { seq: number }>(
      'SELECT seq FROM outbox WHERE sink = $sink ORDER BY seq LIMIT $limit',
    ),
    rest: db.prepare<{ sink: string; since: number; at: number }>(`
      UPDATE outbox SET accepted_at = accepted_at + max(0, $at - max(accepted_at, $since)) WHERE sink = $sink`),
    die: db.prepare<{ seq: number; ended: string; at: number; code: string; text: string }>(`
      INSERT INTO dead (sink, archive_id, accepted_at, ended, at, code, text)
      SELECT sink, archive_id, accepted_at, $ended, $at, $code, $text FROM outbox WHERE seq = $seq`),
    dead: db.prepare<{ limit: number }, StoredDeadLetter>(`
      SELECT dead.id, sink, ended, at, code, dead.text AS error, ${NOTIFICATION}
      FROM dead JOIN archive ON archive.id = dead.archive_id ORDER BY dead.id LIMIT $limit`),
    deadIds: db.prepare<{ limit: number }, { id: number }>('SELECT id FROM dead ORDER BY id LIMIT $limit'),
    reenter: db.prepare<{ seq: number; id: number; at: number }>(`
      INSERT INTO outbox (seq, sink, archive_id, accepted_at)
      SELECT $seq, sink, archive_id, $at FROM dead WHERE id = $id`),
    bury: db.prepare<{ id: number }>('DELETE FROM dead WHERE id = $id'),
    buryAll: db.prepare<[]>('DELETE FROM dead'),
    buryBefore: db.prepare<{ before: number; limit: number }>(
      'DELETE FROM dead WHERE id IN (SELECT id FROM dead WHERE at < $before ORDER BY id LIMIT $limit)',
    ),
    forgettable: db.prepare<{ before: number; limit: number }, { id: number; notified: number }>(`
      SELECT id, notice IS NOT NULL AS notified FROM archive
      WHERE stored_at < $before AND ${UNREFERENCED} ORDER BY stored_at LIMIT $limit`),
    forget: db.prepare<{ id: number }>('DELETE FROM archive WHERE id = $id'),
    marks: db.prepare<[], Mark>('SELECT channel, created_at AS createdAt, id FROM mark'),
    setMark: db.prepare<{ channel: string; createdAt: number; id: string }>(`
      INSERT INTO mark (channel, created_at, id) VALUES ($channel, $createdAt, $id)
      ON CONFLICT (channel) DO UPDATE SET created_at = excluded.created_at, id = excluded.id`),
    channel: db.prepare<{ slug: string }, { channelId: number | null; chatroomId: number }>(
      'SELECT channel_id AS channelId, chatroom_id AS chatroomId FROM channel WHERE slug = $slug',
    ),
    setChannel: db.prepare<{ slug: string; channelId: number | null; chatroomId: number }>(`
      INSERT INTO channel (slug, channel_id, chatroom_id) VALUES ($slug, $channelId, $chatroomId)
      ON CONFLICT (slug) DO UPDATE SET channel_id = excluded.channel_id, chatroom_id = excluded.chatroom_id`),
    sink: db.prepare<{ name: string }, { memory: string }>('SELECT memory FROM sink WHERE name = $name'),
    setSink: db.prepare<{ name: string; memory: string }>(`
      INSERT INTO sink (name, memory) VALUES ($name, $memory)
      ON CONFLICT (name) DO UPDATE SET memory = excluded.memory`),
  };
}
