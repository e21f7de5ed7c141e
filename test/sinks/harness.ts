/**
 * The sinks as the daemon runs them: the real branch, pool, breakers, ledger and SQLite. Only the clock stands
 * still until it is advanced, and what is on the other side of `fetch` is a script.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type AnyActorRef, createActor } from 'xstate';
import { branchMachine } from '../../machines/branch.js';
import { Account } from '../../src/account.js';
import { createDeadlines } from '../../src/actors/deadline.js';
import { HttpSessions } from '../../src/actors/http.js';
import { RingInboundQueue } from '../../src/actors/queue.js';
import type { ResolvedSink } from '../../src/config.js';
import { StoreError } from '../../src/errors.js';
import { createLedger } from '../../src/ledger/store-ledger.js';
import type { Waiting } from '../../src/ledger.js';
import type { Log } from '../../src/log.js';
import { Secret } from '../../src/secret.js';
import { createSinks } from '../../src/sinks/plane.js';
import { openSqliteStore } from '../../src/store/sqlite.js';
import type { Store } from '../../src/store.js';
import type { Clock, World } from '../../src/world.js';

const MINUTE_MS = 60_000;

/** Stands still until it is advanced; what is asynchronous then settles between its timers. */
export class StillClock implements Clock {
  readonly #timers = new Map<number, { at: number; callback: () => void }>();
  #soon: (() => void)[] = [];
  #now: number;
  #lastId = 0;

  constructor(startAt = 0) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return 1_800_000_000_000 + this.#now;
  }

  setTimeout(callback: () => void, ms: number): number {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { at: this.#now + Math.max(0, ms), callback });
    return this.#lastId;
  }

  clearTimeout(id: unknown): void {
    if (typeof id === 'number') this.#timers.delete(id);
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await this.settle();
      const [next] = [...this.#timers].sort(([, one], [, other]) => one.at - other.at);
      if (next === undefined || next[1].at > end) break;
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].callback();
    }
    this.#now = end;
    await this.settle();
  }

  /** Until nothing more happens at this time. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#soon.length === 0) continue;
      quiet = 0;
      for (const callback of this.#soon.splice(0)) callback();
    }
  }
}

export interface Asked {
  readonly at: number;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

/** What the other side does with a request. */
export type Script = (asked: Asked, index: number) => Response | Promise<Response>;

export const ok = (headers: Record<string, string> = {}) => Response.json({ id: '1' }, { headers });
export const answers = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers });
/** Never answers; ends when it is aborted. */
export const hangs: Script = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

export const WEBHOOK = 'https://discord.com/api/webhooks/1234567890123456789/token-of-the-first';

export function discord(over: Partial<Extract<ResolvedSink, { type: 'discord' }>> = {}): ResolvedSink {
  return {
    type: 'discord',
    name: 'discord',
    url: new Secret(WEBHOOK),
    ping: { users: [], roles: [] },
    timeout: 12_000,
    breaker: { failures: 5, recovery: MINUTE_MS },
    batch: 10,
    maxAge: 24 * 60 * MINUTE_MS,
    maxPending: 100_000,
    ...over,
  };
}

export function postgrest(over: Partial<Extract<ResolvedSink, { type: 'postgrest' }>> = {}): ResolvedSink {
  return {
    type: 'postgrest',
    name: 'database',
    url: 'https://project.supabase.co',
    key: new Secret('sb_secret_canary'),
    table: 'kick_notifications',
    timeout: 15_000,
    breaker: { failures: 10, recovery: 2 * MINUTE_MS },
    batch: 50,
    maxAge: 24 * 60 * MINUTE_MS,
    maxPending: 100_000,
    ...over,
  };
}

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'earshot-sinks-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface RunOptions {
  readonly path?: string;
  readonly script?: Script;
  /** What the clock says at first. */
  readonly startAt?: number;
  /** So many attempts to open the store are refused. */
  readonly openingsRefused?: number;
  /** Instead of the clock that stands still and the script: this machine's. */
  readonly world?: World;
}

export async function runSinks(sinks: readonly ResolvedSink[], options: RunOptions = {}) {
  const still = new StillClock(options.startAt);
  const asked: Asked[] = [];
  let script: Script = options.script ?? (() => ok());
  const fetch: World['fetch'] = async (url, { method, headers, body, signal }) => {
    const it = { at: still.now(), url, method, headers, signal, body: body ? JSON.parse(body) : undefined };
    asked.push(it);
    return script(it, asked.length - 1);
  };
  let isFull = false;
  let openingsRefused = options.openingsRefused ?? 0;
  const world = options.world ?? {
    clock: still,
    random: () => 0.5,
    openStore: (storeOptions: Parameters<World['openStore']>[0]) => {
      openingsRefused -= 1;
      if (openingsRefused >= 0) throw new StoreError('busy', 'the store is locked');
      return refusing(openSqliteStore(storeOptions), () => isFull);
    },
    fetch,
  };
  const { clock } = world;
  const lines: { level: string; msg: string }[] = [];
  const say = (level: string) => (_: object, msg: string) => void lines.push({ level, msg });
  const log: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  const printed: string[] = [];
  const deadlines = createDeadlines({ clock, log });
  const http = new HttpSessions({
    world,
    deadlines,
    log,
    limit: 50,
    lookupsMax: 4,
    waitersMax: 100,
    leaseMaxMs: 10 * MINUTE_MS,
  });
  const account = new Account();
  const path = join(options.path ?? folder(), 'earshot.db');
  const ledger = createLedger({
    world,
    store: { path, durability: 'normal', maxBytes: 1e9 },
    account,
    log,
  });
  const plane = createSinks({
    config: { sinks },
    world,
    http,
    ledger,
    log,
    version: '1.0.0',
    print: (line) => printed.push(line),
  });
  ledger.onReady(() => plane.recall());
  const queue = new RingInboundQueue<Waiting>({ clock, limit: 100_000, maxBytes: 1e9 });
  const tree = branchMachine.provide({
    actors: { store: ledger.logic, pool: http.logic, sinks: plane.logic, inbound: queue.logic },
  });
  const root = createActor(tree, {
    clock,
    input: { members: ['store'], seed: 1 },
  });
  root.start();
  // As the daemon does: what sinks remember is read once the store is open.
  await still.settle();
  for (const member of ['pool', 'sinks', 'inbound']) root.send({ type: 'member.added', member });
  plane.start();
  await still.settle();
  let isEnded = false;
  const end = () => {
    if (isEnded) return;
    isEnded = true;
    root.stop();
    http.close();
    ledger.close();
  };
  onTestFinished(end);
  let heard = 0;

  return {
    clock: still,
    asked,
    lines,
    printed,
    plane,
    ledger,
    deadlines,
    end,
    /** From now on the store refuses everything, or takes it again. */
    fillDisk(full: boolean) {
      isFull = full;
    },
    answer(next: Script) {
      script = next;
    },
    /** So many notifications, to every sink, with texts `message 1`, `message 2`, …; or one with this text. */
    notify(what: number | string) {
      const texts = typeof what === 'string' ? [what] : Array.from({ length: what }, () => undefined);
      for (const text of texts) {
        heard += 1;
        account.heard += 1;
        account.waiting += 1;
        const message = {
          platform: 'kick' as const,
          id: `m${heard}`,
          channel: 'somechannel',
          sender: { id: '7', username: 'alice' },
          text: text ?? `message ${heard}`,
          createdAt: clock.wall(),
        };
        const notification = {
          message,
          rules: ['me'],
          reasons: ['mention' as const],
          watched: 'bob',
          matches: ['bob'],
          sinks: sinks.map(({ name }) => name),
        };
        queue.put({ message, notification, kind: 'matched', counts: { duplicates: 0 } }, 100);
      }
      ledger.arrived(queue);
    },
    status(name = sinks[0]?.name) {
      const found = plane.status().find((it) => it.name === name);
      if (found === undefined) throw new Error(`no sink ${name}`);
      return found;
    },
    /** The living actor at this path below the root. */
    actor(...names: string[]): AnyActorRef {
      let at: AnyActorRef = root;
      for (const name of names) {
        const next: AnyActorRef | undefined = at.getSnapshot().children[name];
        if (next === undefined) throw new Error(`no actor ${name}`);
        at = next;
      }
      return at;
    },
  };
}

/** A store that, while it is refused, does nothing but say that the disk is full. */
function refusing(store: Store, isRefused: () => boolean): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const method = target[name];
      return (...args: never[]) => {
        if (isRefused() && name !== 'close' && name !== 'stats')
          throw new StoreError('full', 'the disk is full');
        return Reflect.apply(method, target, args);
      };
    },
  });
}

/** Resolves once the claim holds, on this machine's clock. */
export async function until(claim: () => boolean, timeoutMs = 5_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!claim()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Texts of the embeds of what was asked of Discord. */
export function textsOf(asked: readonly Asked[]): string[] {
  return asked.flatMap(({ body }) => {
    const { embeds = [] } = (body ?? {}) as { embeds?: { description: string }[] };
    return embeds.map(({ description }) => description);
  });
}
