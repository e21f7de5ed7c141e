/**
 * The store in SQLite (better-sqlite3). WAL, so that readers of the file never stop the daemon; one transaction
 * per call; every refusal of SQLite's becomes a StoreError that says what to do.
 */
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import type { LastError } from '../errors.js';
import type {
  Arrival,
  DeadLetter,
  Mark,
  OutboxRow,
  Settlement,
  SinkMemory,
  Store,
  StoreOptions,
} from '../store.js';
import { translated } from './errors.js';
import { takeLock } from './lock.js';
import { prepareDatabase } from './open.js';
import { statementsOf } from './statements.js';

/** A row whose sink crashed with it so often never goes out again by itself. */
const CRASHES_MAX = 3;
/** Dead letters moved back per transaction: a long backlog must not stop the event loop. */
const RETRY_CHUNK = 1_000;

const EXPIRED: Omit<LastError, 'at'> = { code: 'expired', text: 'not delivered within maxAge' };
const CRASHED: Omit<LastError, 'at'> = { code: 'crashed', text: 'its sink crashed with it three times' };
const UNKNOWN: Omit<LastError, 'at'> = { code: 'unknown', text: '' };

/**
 * Opens, creates or migrates the store and takes its lock.
 * Throws a StoreError: `held`, `notADatabase`, `newerVersion`, `corrupt`, `readOnly`, `full`, `busy`, `io`.
 */
export function openSqliteStore(options: StoreOptions): Store {
  const { path } = options;
  return translated(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const lock = takeLock(path);
    try {
      // Created here, so that the database and its WAL, which takes over its mode, are private from the first byte.
      closeSync(openSync(path, 'a', 0o600));
      chmodSync(path, 0o600);
      const db = new Database(path, { timeout: 100 });
      try {
        prepareDatabase(db, options);
        return new SqliteStore(db, options, () => lock.release());
      } catch (error) {
        db.close();
        throw error;
      }
    } catch (error) {
      lock.release();
      throw error;
    }
  });
}

class SqliteStore implements Store {
  readonly #db: Database.Database;
  readonly #options: StoreOptions;
  readonly #release: () => void;
  readonly #sql: ReturnType<typeof statementsOf>;
  #notifications: number;
  #pending: number;

  constructor(db: Database.Database, options: StoreOptions, release: () => void) {
    this.#db = db;
    this.#options = options;
    this.#release = release;
    this.#sql = statementsOf(db);
    this.#notifications = this.#sql.countNotifications.get()?.count ?? 0;
    this.#pending = this.#sql.countPending.get()?.count ?? 0;
  }

  commit({ arrivals, settlements = [], marks = [], at }: Parameters<Store['commit']>[0]) {
    let stored = 0;
    let rows = 0;
    const duplicates = this.#transaction(() => {
      const known: number[] = [];
      for (const [index, arrival] of arrivals.entries()) {
        const archived = this.#archive(arrival, at);
        if (archived === undefined) {
          known.push(index);
          continue;
        }
        if (arrival.notification) stored += 1;
        for (const { seq, sink } of arrival.rows) {
          this.#sql.addRow.run({ seq, sink, archived, at });
          rows += 1;
        }
      }
      const last = arrivals.findLast((arrival) => arrival.rows.length > 0)?.rows.at(-1)?.seq;
      if (last !== undefined) this.#sql.raiseSeq.run({ seq: last });
      for (const settlement of settlements) rows -= this.#settle(settlement, at);
      for (const mark of marks) this.#sql.setMark.run({ ...mark });
      return known;
    });
    this.#notifications += stored;
    this.#pending += rows;
    return { duplicates };
  }

  lastSeq(): number {
    return this.#read(() => this.#sql.lastSeq.get()?.value ?? 0);
  }

  pendingRows(sink: string, after: number, limit: number): OutboxRow[] {
    return this.#read(() => this.#sql.pendingRows.all({ sink, after, limit }).map(rowOf));
  }

  pending(): Map<string, { count: number; oldestAt: number }> {
    return this.#read(
      () => new Map(this.#sql.pending.all().map(({ sink, count, oldestAt }) => [sink, { count, oldestAt }])),
    );
  }

  crashed(sink: string, seqs: readonly number[], at: number): number[] {
    return this.#transaction(() => {
      const dead: number[] = [];
      for (const seq of seqs) {
        const crashes = this.#sql.countCrash.get({ sink, seq })?.crashes;
        if (crashes === undefined || crashes < CRASHES_MAX) continue;
        this.#pending -= this.#settle({ seq, end: 'dead', error: { ...CRASHED, at } }, at);
        dead.push(seq);
      }
      return dead;
    });
  }

  expire(rules: Parameters<Store['expire']>[0], at: number, limit: number): Map<string, number[]> {
    return this.#transaction(() => {
      const expired = new Map<string, number[]>();
      for (const [sink, { maxAgeMs, maxPending, keep }] of rules) {
        const tooOld = this.#sql.olderThan.all({ sink, before: at - maxAgeMs, limit });
        const beyond = Math.min(limit, (this.#sql.countOf.get({ sink })?.count ?? 0) - maxPending);
        const tooMany = beyond > tooOld.length ? this.#sql.oldest.all({ sink, limit: beyond }) : [];
        const seqs = [...new Set([...tooOld, ...tooMany].map(({ seq }) => seq))].filter(
          (seq) => !keep.includes(seq),
        );
        for (const seq of seqs)
          this.#pending -= this.#settle({ seq, end: 'expired', error: { ...EXPIRED, at } }, at);
        if (seqs.length > 0) expired.set(sink, seqs);
      }
      return expired;
    });
  }

  deadLetters(limit: number): DeadLetter[] {
    return this.#read(() =>
      this.#sql.dead.all({ limit }).map(({ id, sink, ended, at, code, text, message, notification }) => ({
        id,
        sink,
        end: ended,
        at,
        code,
        text,
        notification: { ...JSON.parse(notification), message: JSON.parse(message) },
      })),
    );
  }

  retry(ids: readonly number[] | 'all', nextSeq: number, at: number): OutboxRow[] {
    const rows = this.#transaction(() => {
      const chosen = ids === 'all' ? this.#sql.deadIds.all({ limit: RETRY_CHUNK }).map(({ id }) => id) : ids;
      let seq = nextSeq;
      for (const id of chosen) {
        if (this.#sql.reenter.run({ seq, id, at }).changes === 0) continue;
        this.#sql.bury.run({ id });
        seq += 1;
      }
      if (seq > nextSeq) this.#sql.raiseSeq.run({ seq: seq - 1 });
      return this.#sql.rowsFrom.all({ seq: nextSeq }).map(rowOf);
    });
    this.#pending += rows.length;
    return rows;
  }

  discard(ids: readonly number[] | 'all'): number {
    return this.#transaction(() => {
      if (ids === 'all') return this.#sql.buryAll.run().changes;
      return ids.reduce((sum, id) => sum + this.#sql.bury.run({ id }).changes, 0);
    });
  }

  marks(): Map<string, Mark> {
    return this.#read(() => new Map(this.#sql.marks.all().map((mark) => [mark.channel, mark])));
  }

  channelIds(slug: string) {
    return this.#read(() => {
      const found = this.#sql.channel.get({ slug });
      if (found === undefined) return undefined;
      const { channelId, chatroomId } = found;
      return channelId === null ? { chatroomId } : { channelId, chatroomId };
    });
  }

  rememberChannel(slug: string, { channelId, chatroomId }: Parameters<Store['rememberChannel']>[1]): void {
    this.#transaction(() => this.#sql.setChannel.run({ slug, channelId: channelId ?? null, chatroomId }));
  }

  sinkMemory(sink: string): SinkMemory {
    return this.#read(() => JSON.parse(this.#sql.sink.get({ name: sink })?.memory ?? '{}'));
  }

  rememberSink(sink: string, memory: SinkMemory): void {
    this.#transaction(() => this.#sql.setSink.run({ name: sink, memory: JSON.stringify(memory) }));
  }

  forgetBefore(before: number, limit: number): number {
    return this.#transaction(() => {
      this.#sql.buryBefore.run({ before, limit });
      return this.#forget(this.#sql.forgettable.all({ before, limit }));
    });
  }

  shrink(limit: number): number {
    if (this.stats().bytes <= this.#options.maxBytes) return 0;
    const forgotten = this.#transaction(() => {
      const ids = this.#sql.forgettable.all({ before: Number.MAX_SAFE_INTEGER, limit });
      if (ids.length > 0) return this.#forget(ids);
      return this.#sql.buryBefore.run({ before: Number.MAX_SAFE_INTEGER, limit }).changes;
    });
    translated(this.#options.path, () => {
      this.#db.pragma('incremental_vacuum');
      this.#db.pragma('wal_checkpoint(TRUNCATE)');
    });
    return forgotten;
  }

  checkpoint(): void {
    translated(this.#options.path, () => {
      this.#db.pragma('wal_checkpoint(PASSIVE)');
      this.#db.pragma('optimize');
    });
  }

  probe(): void {
    this.#transaction(() => this.#sql.raiseSeq.run({ seq: 0 }));
  }

  stats() {
    const { path } = this.#options;
    const bytes = sizeOf(path) + sizeOf(`${path}-wal`);
    return { path, bytes, notifications: this.#notifications, pending: this.#pending };
  }

  close(): void {
    try {
      this.#db.close();
    } finally {
      this.#release();
    }
  }

  /** The archive's id, or undefined when the message is there already. */
  #archive({ message, notification }: Arrival, at: number): number | undefined {
    const { message: _, ...rest } = notification ?? { message };
    const done = this.#sql.addMessage.run({
      key: `${message.platform}:${message.id}`,
      channel: message.channel,
      sender: message.sender.username,
      text: message.text,
      createdAt: message.createdAt,
      at,
      message: JSON.stringify(message),
      notification: notification ? JSON.stringify(rest) : null,
    });
    return done.changes === 0 ? undefined : Number(done.lastInsertRowid);
  }

  /** Ends a row's stay; returns 1, or 0 when it had ended before (acknowledged twice after a fault). */
  #settle({ seq, end, error }: Settlement, at: number): number {
    if (end !== 'delivered') {
      const { code, text } = error ?? UNKNOWN;
      this.#sql.die.run({ seq, ended: end, at, code, text });
    }
    return this.#sql.removeRow.run({ seq }).changes;
  }

  #forget(rows: readonly { id: number; notified: number }[]): number {
    for (const { id, notified } of rows) {
      this.#sql.forget.run({ id });
      this.#notifications -= notified;
    }
    return rows.length;
  }

  #transaction<T>(work: () => T): T {
    return translated(this.#options.path, () => this.#db.transaction(work).immediate());
  }

  #read<T>(work: () => T): T {
    return translated(this.#options.path, work);
  }
}

interface StoredRow {
  readonly seq: number;
  readonly sink: string;
  readonly acceptedAt: number;
  readonly crashes: number;
  readonly message: string;
  readonly notification: string;
}

function rowOf({ seq, sink, acceptedAt, crashes, message, notification }: StoredRow): OutboxRow {
  return {
    seq,
    sink,
    acceptedAt,
    crashes,
    bytes: message.length + notification.length,
    notification: { ...JSON.parse(notification), message: JSON.parse(message) },
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
