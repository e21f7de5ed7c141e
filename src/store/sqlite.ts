/**
 * The store in SQLite (better-sqlite3). WAL, so that readers of the file never stop the daemon; one transaction
 * per call; every refusal of SQLite's becomes a StoreError that says what to do.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { type ChatMessage, dedupeKey } from '../chat.js';
import { type LastError, StoreError } from '../errors.js';
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
import { isOddSchema, prepareDatabase } from './open.js';
import { createPrivately, makePrivate } from './private-file.js';
import { columnsOf, notificationOf } from './rows.js';
import { type StoredRow, statementsOf } from './statements.js';

/** A row whose sink crashed with it so often never goes out again by itself. */
const CRASHES_MAX = 3;
/** What a row takes in memory beside its texts, in bytes. */
const ROW_OVERHEAD = 400;
/** Freed pages given back to the file system at a time (16 MiB): more would be felt as a pause. */
const VACUUM_PAGES = 4_096;
/** Dead letters moved back per transaction: a long backlog must not stop the event loop. */
const RETRY_CHUNK = 1_000;

const EXPIRED: Omit<LastError, 'at'> = { code: 'expired', text: 'not delivered within maxAge' };
const CROWDED_OUT: Omit<LastError, 'at'> = { code: 'expired', text: 'more waited than maxPending' };
const CRASHED: Omit<LastError, 'at'> = { code: 'crashed', text: 'its sink crashed with it three times' };
const UNKNOWN: Omit<LastError, 'at'> = { code: 'unknown', text: '' };

/** How a connection to the database's file is made. */
export type Connect = (path: string) => Database.Database;

/** Longer would be felt: while SQLite waits for somebody else's lock, nothing else happens here. */
const connected: Connect = (path) => new Database(path, { timeout: 100 });

/**
 * Opens, creates or migrates the store and takes its lock.
 * Throws a StoreError: `held`, `notADatabase`, `newerVersion`, `corrupt`, `readOnly`, `full`, `busy`, `io`.
 */
export function openSqliteStore(options: StoreOptions, connect = connected): Store {
  const { path } = options;
  return translated(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const lock = takeLock(path);
    try {
      // Created here, so that the database and its WAL, which takes over its mode, are private from the first byte.
      createPrivately(path);
      makePrivate(path);
      const db = connect(path);
      try {
        prepareDatabase(db, options);
        return new SqliteStore(db, options, () => lock.release());
      } catch (error) {
        db.close();
        if (!isOddSchema(error)) throw error;
        throw new StoreError(
          'corrupt',
          `${path} has not the tables that its version stands for`,
          'move it away; a new one is made',
          { cause: error },
        );
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
  /** Made once: making one costs as much as running an empty one. */
  readonly #atOnce: (work: () => unknown) => unknown;
  #notifications: number;
  #pending: number;
  /**
   * Up to this second of the chat the archive may hold what another telling gave another time: by an earlier process,
   * or by the history. What is told live twice carries one time, and later than this the unique index alone decides.
   */
  #retoldUntil: number;

  constructor(db: Database.Database, options: StoreOptions, release: () => void) {
    this.#db = db;
    this.#options = options;
    this.#release = release;
    this.#sql = statementsOf(db);
    this.#atOnce = db.transaction((work: () => unknown) => work()).immediate;
    this.#notifications = this.#sql.counter.get({ name: 'notifications' })?.value ?? 0;
    this.#pending = this.#sql.countPending.get()?.count ?? 0;
    this.#retoldUntil = this.#sql.newest.get()?.second ?? Number.NEGATIVE_INFINITY;
  }

  commit({ arrivals, settlements = [], marks = [], at }: Parameters<Store['commit']>[0]) {
    return this.#transaction(() => {
      const duplicates: number[] = [];
      let highest = 0;
      for (const [index, arrival] of arrivals.entries()) {
        const archived = this.#archive(arrival, at);
        if (archived === undefined) {
          duplicates.push(index);
          continue;
        }
        for (const { seq, sink } of arrival.rows) {
          this.#sql.addRow.run({ seq, sink, archived, at });
          this.#pending += 1;
          if (seq > highest) highest = seq;
        }
      }
      if (highest > 0) this.#sql.raiseSeq.run({ seq: highest });
      for (const settlement of settlements) this.#settle(settlement, at);
      for (const mark of marks) this.#sql.setMark.run({ ...mark });
      return { duplicates };
    });
  }

  has(message: ChatMessage): boolean {
    return this.#read(() => this.#isKnown(message));
  }

  lastSeq(): number {
    return this.#read(() => this.#sql.counter.get({ name: 'seq' })?.value ?? 0);
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
        this.#settle({ seq, end: 'dead', error: { ...CRASHED, at } }, at);
        dead.push(seq);
      }
      return dead;
    });
  }

  expire(rules: Parameters<Store['expire']>[0], at: number, limit: number): Map<string, number[]> {
    return this.#transaction(() => {
      const expired = new Map<string, number[]>();
      for (const [sink, { maxAgeMs, maxPending, keep }] of rules) {
        const tooMany = Math.min(limit, (this.#sql.countOf.get({ sink })?.count ?? 0) - maxPending);
        const ends = new Map<number, typeof EXPIRED>();
        if (tooMany > 0) {
          for (const { seq } of this.#sql.oldest.all({ sink, limit: tooMany })) ends.set(seq, CROWDED_OUT);
        }
        for (const { seq } of this.#sql.olderThan.all({ sink, before: at - maxAgeMs, limit })) {
          ends.set(seq, EXPIRED);
        }
        for (const seq of keep) ends.delete(seq);
        for (const [seq, error] of ends) this.#settle({ seq, end: 'expired', error: { ...error, at } }, at);
        const seqs = [...ends.keys()];
        if (seqs.length > 0) expired.set(sink, seqs);
      }
      return expired;
    });
  }

  rested(sink: string, since: number, at: number): void {
    this.#transaction(() => this.#sql.rest.run({ sink, since, at }));
  }

  deadLetters(limit: number): DeadLetter[] {
    return this.#read(() =>
      this.#sql.dead.all({ limit }).map(({ id, sink, ended, at, code, error, ...columns }) => ({
        id,
        sink,
        end: ended,
        at,
        code,
        text: error,
        notification: notificationOf(columns),
      })),
    );
  }

  retry(ids: readonly number[] | 'all', nextSeq: number, at: number): OutboxRow[] {
    return this.#transaction(() => {
      const chosen = ids === 'all' ? this.#sql.deadIds.all({ limit: RETRY_CHUNK }).map(({ id }) => id) : ids;
      let seq = nextSeq;
      for (const id of chosen) {
        if (this.#sql.reenter.run({ seq, id, at }).changes === 0) continue;
        this.#sql.bury.run({ id });
        seq += 1;
      }
      if (seq > nextSeq) this.#sql.raiseSeq.run({ seq: seq - 1 });
      this.#pending += seq - nextSeq;
      return this.#sql.rowsFrom.all({ seq: nextSeq }).map(rowOf);
    });
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
    this.#pragma('wal_checkpoint(TRUNCATE)');
    const over = this.stats().bytes - this.#options.maxBytes;
    const free = this.#number('freelist_count') * this.#number('page_size');
    const forgotten = over <= free ? 0 : this.#forgetOldest(limit);
    this.#pragma(`incremental_vacuum(${VACUUM_PAGES})`);
    this.#pragma('wal_checkpoint(TRUNCATE)');
    return forgotten;
  }

  checkpoint(): void {
    this.#pragma('wal_checkpoint(PASSIVE)');
    this.#pragma('optimize');
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
    const second = secondOf(message);
    // Three searches of the index: half of what a message costs, were each one looked for.
    if ((message.late || second <= this.#retoldUntil + 1) && this.#isKnown(message)) return undefined;
    if (message.late) this.#retoldUntil = Math.max(this.#retoldUntil, second);
    const { key, channel, sender, senderId, text, createdAt, late, replyTo, notice } = columnsOf(
      message,
      notification,
    );
    const done = this.#sql.addMessage.run(
      key,
      channel,
      sender,
      senderId,
      text,
      createdAt,
      at,
      late,
      replyTo,
      notice,
    );
    if (done.changes === 0) return undefined;
    if (notification) this.#notifications += 1;
    return Number(done.lastInsertRowid);
  }

  #isKnown(message: ChatMessage): boolean {
    return this.#sql.isKnown.get({ key: dedupeKey(message), second: secondOf(message) }) !== undefined;
  }

  /** Ends a row's stay; nothing happens when it had ended before (acknowledged twice after a fault). */
  #settle({ seq, end, error }: Settlement, at: number): void {
    if (end !== 'delivered') {
      const { code, text } = error ?? UNKNOWN;
      this.#sql.die.run({ seq, ended: end, at, code, text });
    }
    this.#pending -= this.#sql.removeRow.run({ seq }).changes;
  }

  #forget(rows: readonly { id: number; notified: number }[]): number {
    for (const { id, notified } of rows) {
      this.#sql.forget.run({ id });
      this.#notifications -= notified;
    }
    return rows.length;
  }

  /** Over the bound, the archive goes first; only when nothing is left of it, dead letters go too. */
  #forgetOldest(limit: number): number {
    return this.#transaction(() => {
      const before = Number.MAX_SAFE_INTEGER;
      const oldest = this.#sql.forgettable.all({ before, limit });
      return oldest.length > 0 ? this.#forget(oldest) : this.#sql.buryBefore.run({ before, limit }).changes;
    });
  }

  /** Runs it to its end: a vacuum frees a page a step. */
  #pragma(source: string): void {
    translated(this.#options.path, () => this.#db.pragma(source));
  }

  #number(pragma: string): number {
    return translated(this.#options.path, () => Number(this.#db.pragma(pragma, { simple: true })));
  }

  /** All of `work` or nothing of it, the counts kept beside the tables included. */
  #transaction<T>(work: () => T): T {
    const pending = this.#pending;
    const notifications = this.#notifications;
    try {
      const whole = () => {
        const result = work();
        const value = this.#notifications;
        if (value !== notifications) this.#sql.setNotifications.run({ value });
        return result;
      };
      return translated(this.#options.path, () => this.#atOnce(whole) as T);
    } catch (error) {
      this.#pending = pending;
      this.#notifications = notifications;
      throw error;
    }
  }

  #read<T>(work: () => T): T {
    return translated(this.#options.path, work);
  }
}

const secondOf = ({ createdAt }: ChatMessage): number => Math.floor(createdAt / 1_000);

function rowOf({ seq, sink, acceptedAt, crashes, ...columns }: StoredRow): OutboxRow {
  const bytes = ROW_OVERHEAD + 2 * (columns.text.length + (columns.replyTo?.length ?? 0));
  return { seq, sink, acceptedAt, crashes, bytes, notification: notificationOf(columns) };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
