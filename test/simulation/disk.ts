/**
 * The disk: the real store on a real database file (in memory, where the system has a place for that), whose
 * connection can be made to refuse as a full, locked, read-only or failing disk would. What was committed is there
 * after a crash; nothing else of a life is.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreError } from '../../src/errors.js';
import { openSqliteStore } from '../../src/store/sqlite.js';
import type { Store, StoreOptions } from '../../src/store.js';
import type { Life } from './life.js';
import type { DiskFault } from './plan.js';
import type { Timeline } from './timeline.js';

export type StoreMethod = keyof Store;

/** What the store was asked and what it gave. */
export type StoreAct = {
  [Method in StoreMethod]: {
    readonly method: Method;
    readonly given: Parameters<Store[Method]>;
    readonly gave: ReturnType<Store[Method]>;
  };
}[StoreMethod];

/** What the checks want to know of the store. */
export interface StoreWatch {
  opened(life: Life): void;
  /** It did what it was asked. */
  done(life: Life, act: StoreAct): void;
  refused(life: Life, method: StoreMethod | 'open', code: string): void;
  met(service: string, how: string): void;
}

export const WRITES: ReadonlySet<StoreMethod> = new Set([
  'commit',
  'crashed',
  'expire',
  'rested',
  'retry',
  'discard',
  'rememberChannel',
  'rememberSink',
  'forgetBefore',
  'shrink',
  'checkpoint',
  'probe',
]);
/** What a commit costs on a disk that is slow. */
const SLOW_MS = 60;
/** Small pages fill up soon: then even a small write needs one that a full disk does not give. */
const PAGE_BYTES = 512;
const NO_LIMIT = 1_073_741_823;

export class Disk {
  readonly path: string;
  /** How the next attempts to open it fail, in their order. */
  readonly openings: ('busy' | 'held' | 'junk')[] = [];
  readonly #timeline: Timeline;
  readonly #watch: StoreWatch;
  readonly #folder: string;
  #fault: DiskFault | undefined;
  #db: Database.Database | undefined;
  /** Somebody else's connection, which holds the lock for writing. */
  #other: Database.Database | undefined;
  #holder: Life | undefined;
  #isJunk = false;

  constructor(timeline: Timeline, watch: StoreWatch) {
    this.#timeline = timeline;
    this.#watch = watch;
    this.#folder = mkdtempSync(join(memoryFolder(), 'earshot-simulation-'));
    this.path = join(this.#folder, 'earshot.db');
  }

  get isWell(): boolean {
    return this.#fault === undefined && !this.#isJunk;
  }

  /** The store as it is committed, for whoever looks on; undefined while nobody has it open. */
  get db(): Database.Database | undefined {
    return this.#db;
  }

  isOpenFor(life: Life): boolean {
    return this.#holder === life;
  }

  remove(): void {
    this.#close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  play(fault: DiskFault | undefined): void {
    this.#lift();
    this.#fault = fault;
    this.#apply();
  }

  /** A person puts right what was wrong with the file. */
  repair(): void {
    this.openings.length = 0;
    if (!this.#isJunk) return;
    this.#isJunk = false;
    renameSync(`${this.path}.good`, this.path);
  }

  open(life: Life, options: StoreOptions): Store {
    const fault = this.openings.shift();
    if (fault !== undefined) this.#watch.met('opening', fault);
    if (fault === 'junk') this.#spoil();
    try {
      if (fault === 'busy') throw new StoreError('busy', `${this.path} is locked by another program`);
      if (fault === 'held')
        throw new StoreError('held', `another Earshot (pid 1) is running on ${this.path}`);
      const store = openSqliteStore(options, (path) => this.#connected(path));
      this.#holder = life;
      this.#watch.opened(life);
      return this.#watched(life, store);
    } catch (error) {
      if (error instanceof StoreError) this.#watch.refused(life, 'open', error.code);
      throw error;
    }
  }

  /** The process is gone: the system closes its files. */
  orphaned(life: Life): void {
    if (this.#holder === life) this.#close();
  }

  #connected(path: string): Database.Database {
    const db = new Database(path, { timeout: 0 });
    if (statSync(path).size === 0) db.pragma(`page_size = ${PAGE_BYTES}`);
    this.#db = db;
    this.#apply();
    return db;
  }

  #close(): void {
    this.#lift();
    this.#release?.();
    this.#release = undefined;
    this.#holder = undefined;
    this.#db = undefined;
  }

  #release: (() => void) | undefined;

  #apply(): void {
    const db = this.#db;
    if (!db?.open || this.#isJunk) return;
    switch (this.#fault) {
      case 'busy':
        if (this.#other !== undefined || statSync(this.path).size === 0) return;
        this.#other = new Database(this.path, { timeout: 0 });
        this.#other.exec('BEGIN IMMEDIATE');
        return;
      case 'full':
        db.pragma(`max_page_count = ${Math.max(1, Number(db.pragma('page_count', { simple: true })))}`);
        return;
      case 'readOnly':
        db.pragma('query_only = ON');
        return;
    }
  }

  #lift(): void {
    const db = this.#db;
    if (this.#other !== undefined) {
      this.#other.close();
      this.#other = undefined;
    }
    if (!db?.open || this.#isJunk) return;
    if (this.#fault === 'full') db.pragma(`max_page_count = ${NO_LIMIT}`);
    if (this.#fault === 'readOnly') db.pragma('query_only = OFF');
  }

  #spoil(): void {
    this.#isJunk = true;
    mkdirSync(this.#folder, { recursive: true });
    renameSync(this.path, `${this.path}.good`);
    writeFileSync(this.path, 'this is no database, whatever its name says; '.repeat(50));
  }

  #watched(life: Life, store: Store): Store {
    this.#release = () => store.close();
    return new Proxy(store, {
      get: (target, name) => {
        const method = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...given: unknown[]) =>
          this.#ask(life, name as StoreMethod, () => method.apply(target, given), given);
      },
    });
  }

  #ask(life: Life, method: StoreMethod, ask: () => unknown, given: unknown[]): unknown {
    if (method === 'close') {
      if (this.#holder === life) this.#close();
      return undefined;
    }
    if (life.isDead) throw new StoreError('io', 'this life is over');
    const isWrite = WRITES.has(method);
    if (isWrite && !life.begins('commit')) throw new StoreError('io', 'this life is over');
    try {
      if (this.#fault === 'io' && method !== 'stats')
        throw new StoreError('io', `${this.path} could not be read or written`);
      const gave = ask();
      // Before its time has passed: what the daemon had heard when it began.
      this.#watch.done(life, { method, given, gave } as StoreAct);
      if (this.#fault === 'slow' && method === 'commit') {
        this.#timeline.now += SLOW_MS;
        life.stalledUntil = this.#timeline.now;
      }
      if (isWrite) life.hasDone('commit');
      return gave;
    } catch (error) {
      if (error instanceof StoreError) {
        if (this.#fault !== undefined) this.#watch.met('disk', this.#fault);
        this.#watch.refused(life, method, error.code);
      }
      throw error;
    }
  }
}

/** Where files are kept in memory, if there is such a place. */
function memoryFolder(): string {
  return statSync('/dev/shm', { throwIfNoEntry: false })?.isDirectory() ? '/dev/shm' : tmpdir();
}
