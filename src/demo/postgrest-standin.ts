/**
 * A stand-in of PostgREST, bare or as Supabase runs it, on 127.0.0.1: it takes rows into tables that it keeps
 * in memory, and refuses what the real one refuses. The demo and the tests play its outages. It knows nothing
 * of Earshot. Statuses and codes were measured with PostgREST 12.0.2 on PostgreSQL 15.
 */

import type { JsonObject } from '../untrusted-json.js';
import { Changes } from './changes.js';
import { Faults } from './faults.js';
import { type Exchange, exchange, Loopback } from './loopback.js';
import { type PostgrestFault, Tables, type TablesOptions } from './postgrest-tables.js';

export interface PostgrestOptions extends TablesOptions {
  /** 0 (the default) picks a free one. */
  readonly port?: number;
}

export async function startPostgrest(options: PostgrestOptions = {}): Promise<PostgrestStandin> {
  const postgrest = new PostgrestStandin(options);
  await postgrest.open();
  return postgrest;
}

export class PostgrestStandin {
  /** Oldest first, answered or not. */
  readonly requests: Exchange[] = [];
  readonly #options: PostgrestOptions;
  readonly #changes = new Changes();
  readonly #faults = new Faults<PostgrestFault>();
  readonly #tables: Tables;
  #loopback: Loopback | undefined;

  /** Use `startPostgrest`. */
  constructor(options: PostgrestOptions) {
    this.#options = options;
    this.#tables = new Tables(options);
  }

  async open(): Promise<void> {
    const log = { requests: this.requests, changes: this.#changes };
    this.#loopback = await Loopback.open(
      (request, response) =>
        exchange(request, response, log, (asked, body) =>
          this.#tables.judge(asked, body, this.#faults.take()),
        ),
      this.#options.port,
    );
  }

  /** Tables lie below it, and below its `/rest/v1`. */
  get url(): string {
    return this.#loopback?.url ?? '';
  }

  /** What was inserted, oldest first. */
  rows(table = 'kick_notifications'): readonly JsonObject[] {
    return this.#tables.rows(table);
  }

  /** From the next request on; without `times` until `recover()`. Several are played one after the other. */
  fail(fault: PostgrestFault, times?: number): void {
    this.#faults.add(fault, times);
  }

  /** Nothing goes wrong any more. */
  recover(): void {
    this.#faults.clear();
  }

  /** Dials are refused by the system until `comeBack`. */
  async goOffline(): Promise<void> {
    await this.#loopback?.goOffline();
  }

  async comeBack(): Promise<void> {
    await this.#loopback?.comeBack();
  }

  /** Stops at once, whoever is still on the line. */
  async close(): Promise<void> {
    await this.#loopback?.goOffline();
  }

  /** Resolves once the claim holds; looked at again at every request. */
  until(claim: () => unknown, timeoutMs?: number): Promise<void> {
    return this.#changes.until(claim, timeoutMs);
  }
}
