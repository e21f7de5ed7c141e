/**
 * PostgREST as a stand-in keeps it: tables in memory, what they take and refuse, and how each fault looks. It
 * knows nothing of servers. Statuses and codes were measured with PostgREST 12.0.2 on PostgreSQL 15.
 */
import { type JsonObject, parseJson } from '../untrusted-json.js';
import { appendBounded } from './changes.js';
import type { Answer, Asked, Verdict } from './loopback.js';
import { insert, type Refused, type Table, type TableShape } from './postgrest-table.js';

export interface TablesOptions {
  /** By name; by default `kick_notifications` as `NOTIFICATIONS` has it. */
  readonly tables?: Readonly<Record<string, TableShape>>;
  /** The one key that is known; without it everybody may write. */
  readonly key?: string;
}

/** What goes wrong, for the next `times` requests or until `recover()`. */
export type PostgrestFault =
  /** What a gateway in front of it says, as HTML. */
  | { readonly kind: 'status'; readonly status: number }
  /** Read, and never answered. */
  | { readonly kind: 'hang' }
  /** The rows are taken, and the connection torn before the answer is out. */
  | { readonly kind: 'takenThenCut' }
  /** The rows are not taken, and the connection is torn. */
  | { readonly kind: 'cut' }
  /** PostgreSQL is away: 503 PGRST000, `Retry-After: 1`. */
  | { readonly kind: 'databaseDown' }
  | { readonly kind: 'expiredToken' }
  /** Row security or grants: 42501, as 401 to the anonymous and as 403 to others. */
  | { readonly kind: 'forbidden' }
  /** 429 of a gateway; `retryAfter` in seconds. */
  | { readonly kind: 'limited'; readonly retryAfter?: number }
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly message: string };

/** The table of the system that Earshot grew from, with a column that makes inserts idempotent. */
export const NOTIFICATIONS: TableShape = {
  columns: [
    'platform',
    'type',
    'channel',
    'username',
    'message',
    'timestamp',
    'url',
    'original_message',
    'dedupe_key',
  ],
  required: ['platform', 'username', 'message'],
  unique: ['dedupe_key'],
};

/** Bare, or below Supabase's prefix. */
const TABLE = /^(?:\/rest\/v1)?\/(\w+)$/;
const ROWS_KEPT = 100_000;

export class Tables {
  readonly #key: string | undefined;
  readonly #tables = new Map<string, Table>();

  constructor({ tables = { kick_notifications: NOTIFICATIONS }, key }: TablesOptions) {
    this.#key = key;
    for (const [name, shape] of Object.entries(tables)) {
      this.#tables.set(name, { shape, rows: [], taken: new Set() });
    }
  }

  /** What was inserted, oldest first. */
  rows(table: string): readonly JsonObject[] {
    return this.#tables.get(table)?.rows ?? [];
  }

  /** What becomes of a request, with what is to go wrong with it, if anything. */
  judge(asked: Asked, body: string | undefined, fault: PostgrestFault | undefined): Verdict {
    if (fault !== undefined && fault.kind !== 'takenThenCut') return play(fault, asked);
    const answer = this.#refusedKey(asked) ?? this.#answer(asked, body);
    return fault === undefined ? answer : 'cut';
  }

  #refusedKey({ headers }: Asked): Answer | undefined {
    const key = this.#key;
    const bearer = /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1];
    // Supabase's newer keys are no tokens, and the bearer must be one.
    if (bearer?.startsWith('sb_')) return EXPIRED_OR_WRONG;
    if (key === undefined) return undefined;
    if (headers.apikey === undefined && bearer === undefined) return forbidden(true);
    return (headers.apikey ?? key) === key && (bearer ?? key) === key ? undefined : EXPIRED_OR_WRONG;
  }

  #answer(asked: Asked, body: string | undefined): Answer {
    const url = new URL(asked.path, 'http://localhost');
    const table = this.#tables.get(TABLE.exec(url.pathname)?.[1] ?? '');
    if (table === undefined) return { status: 404, body: {} };
    if (asked.method === 'GET' || asked.method === 'HEAD') {
      const limit = Number(url.searchParams.get('limit') ?? table.rows.length);
      return { status: 200, body: table.rows.slice(0, limit) };
    }
    if (asked.method !== 'POST')
      return refusal({ status: 405, code: 'PGRST117', message: 'Unsupported HTTP method' });
    if (body === undefined) return { status: 413, body: '<html>Request Entity Too Large</html>' };
    const prefer = String(asked.headers.prefer ?? '');
    const inserted = insert(table, parseJson(body), {
      columns: url.searchParams.get('columns')?.split(','),
      conflictColumn: url.searchParams.get('on_conflict') ?? undefined,
      ignoresDuplicates: prefer.includes('resolution=ignore-duplicates'),
    });
    if (!Array.isArray(inserted)) return refusal(inserted);
    for (const row of inserted) appendBounded(table.rows, row, ROWS_KEPT);
    return prefer.includes('return=representation') ? { status: 201, body: inserted } : { status: 201 };
  }
}

function play(fault: Exclude<PostgrestFault, { kind: 'takenThenCut' }>, { headers }: Asked): Verdict {
  switch (fault.kind) {
    case 'status':
      return { status: fault.status, body: `<html><h1>${fault.status}</h1></html>` };
    case 'hang':
      return 'never';
    case 'cut':
      return 'cut';
    case 'databaseDown':
      return DATABASE_DOWN;
    case 'expiredToken':
      return EXPIRED_OR_WRONG;
    case 'forbidden':
      return forbidden(headers.authorization === undefined && headers.apikey === undefined);
    case 'limited':
      return {
        status: 429,
        headers: fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) },
        body: { message: 'Too many requests' },
      };
    case 'error':
      return refusal(fault);
  }
}

function refusal({ status, code, message }: Refused): Answer {
  return { status, body: { code, details: null, hint: null, message } };
}

function forbidden(isAnonymous: boolean): Answer {
  const message = 'permission denied for table kick_notifications';
  return refusal({ status: isAnonymous ? 401 : 403, code: '42501', message });
}

const EXPIRED_OR_WRONG = refusal({ status: 401, code: 'PGRST301', message: 'JWT expired' });

const DATABASE_DOWN: Answer = {
  ...refusal({
    status: 503,
    code: 'PGRST000',
    message: 'Database connection error. Retrying the connection.',
  }),
  headers: { 'retry-after': '1' },
};
