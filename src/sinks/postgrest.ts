/**
 * The database sink: inserts rows through PostgREST, bare or as Supabase runs it. The columns are those of the
 * table that the user already has; `dedupeColumn` makes inserts idempotent.
 */
import { createHash } from 'node:crypto';
import type { HttpResult } from '../actors/http.js';
import { channelUrl, dedupeKey } from '../chat.js';
import type { ResolvedSink } from '../config.js';
import type { OutboxRow } from '../store.js';
import type { Outcome, Sink } from './sink.js';

type PostgrestOptions = Extract<ResolvedSink, { type: 'postgrest' }>;
type Answer = Extract<HttpResult, { kind: 'answered' }>;

const SUPABASE_HOST = /\.supabase\.(co|in)$/;
/** What Earshot writes of a message, whatever the table has besides. */
const COLUMNS = [
  'platform',
  'type',
  'channel',
  'username',
  'message',
  'timestamp',
  'url',
  'original_message',
] as const;
const UNIQUE_VIOLATION = '23505';
/**
 * The table is not the one that was meant: every row would fail alike. PostgREST says so from what it remembers
 * of the schema; once that is out of date, PostgreSQL does, by a SQLSTATE of class 42.
 */
const UNKNOWN_COLUMN = 'PGRST204';
const WRONG_STATEMENT = /^42/;
/** ON CONFLICT names a column that nothing keeps unique. */
const NO_CONSTRAINT = '42P10';

export function createPostgrest(config: PostgrestOptions): Sink {
  const base = new URL(config.url);
  const isBareSupabase = SUPABASE_HOST.test(base.hostname) && !/\/rest\/v\d+\/?$/.test(base.pathname);
  const url = `${config.url.replace(/\/+$/, '')}${isBareSupabase ? '/rest/v1' : ''}/${config.table}`;
  const conflict = config.dedupeColumn ? `?on_conflict=${encodeURIComponent(config.dedupeColumn)}` : '';
  const key = config.key?.reveal();
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (key !== undefined) {
    headers.apikey = key;
    // Supabase's newer keys are no JWTs: as a bearer they would be refused.
    if (!key.startsWith('sb_')) headers.authorization = `Bearer ${key}`;
  }
  headers.prefer = config.dedupeColumn ? 'return=minimal,resolution=ignore-duplicates' : 'return=minimal';
  const timeout = { name: `${config.name} send`, ms: config.timeout };
  const insert = (to: string, body: string) => ({ url: to, method: 'POST' as const, headers, body, timeout });

  return {
    name: config.name,
    type: 'postgrest',
    origin: base.origin,
    target: createHash('sha256')
      .update(`${url} ${key ?? ''}`)
      .digest('hex')
      .slice(0, 16),
    batchMax: config.batch,
    fits: (rows) => Math.min(rows.length, config.batch),
    async send(rows, { lease, signal }) {
      const body = JSON.stringify(rows.map((row) => recordOf(row, config.dedupeColumn)));
      const result = await lease?.send({ ...insert(url + conflict, body), signal });
      return outcomeFrom(result, config, rows.length);
    },
    // The statement that inserts, with no rows: a role may well write what it may not read, or the reverse.
    async probe({ lease, signal }) {
      // Each once: the column that makes inserts idempotent may be one of them.
      const columns = new Set([...COLUMNS, ...(config.dedupeColumn ? [config.dedupeColumn] : [])]);
      const query = `${conflict === '' ? '?' : `${conflict}&`}columns=${[...columns].join(',')}`;
      const result = await lease?.send({ ...insert(url + query, '[]'), signal });
      return outcomeFrom(result, config, 0);
    },
  };
}

/** A row of the user's table. `timestamp` is when it was written in chat, as ISO 8601. */
function recordOf(
  { notification }: OutboxRow,
  dedupeColumn: string | undefined,
): Record<string, string | null> {
  const { message, reasons } = notification;
  const record: Record<(typeof COLUMNS)[number], string | null> = {
    platform: message.platform,
    type: reasons[0] ?? 'from',
    channel: message.channel,
    username: message.sender.username,
    message: message.text,
    timestamp: new Date(message.createdAt).toISOString(),
    url: channelUrl(message),
    original_message: message.replyTo?.text ?? null,
  };
  return dedupeColumn === undefined ? record : { ...record, [dedupeColumn]: dedupeKey(message) };
}

function outcomeFrom(result: HttpResult | undefined, config: PostgrestOptions, rows: number): Outcome {
  if (result === undefined) return { kind: 'cancelled', sent: 'no' };
  if (result.kind === 'answered') return outcomeOf(result, config, rows);
  const { cause, sent, code, text } = result;
  return cause === 'cancelled'
    ? { kind: 'cancelled', sent }
    : { kind: 'failed', sent, error: { code, text } };
}

function outcomeOf(answer: Answer, config: PostgrestOptions, rows: number): Outcome {
  const { name, table } = config;
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const { code, message } = problemOf(answer);
  const error = {
    code: code ? `${status}/${code}` : String(status),
    text: `the database answered ${status}${message ? `: ${message}` : ''}${code ? ` (${code})` : ''}`,
  };
  const seconds = Number.parseFloat(headers.get('retry-after') ?? '');
  const retryAfterMs = seconds >= 0 && seconds <= 86_400 ? Math.ceil(seconds * 1_000) : undefined;
  if (status === 429) {
    const hold = { scope: 'host', forMs: retryAfterMs ?? 0 } as const;
    return {
      kind: 'later',
      hold,
      error,
      countsAsInvalid: false,
      ...(retryAfterMs === undefined && { noTime: true }),
    };
  }
  // It is there already: what was asked for holds. In a batch it held the others up.
  if (status === 409 && code === UNIQUE_VIOLATION && rows === 1) return { kind: 'delivered' };
  // PostgREST 12 answers so on each connection that PostgreSQL tore (it was restarted): no row is to blame.
  if (status === 400 && code === '') {
    const text = 'the database answered 400 and no reason: its connection to PostgreSQL broke';
    return { kind: 'failed', sent: 'maybe', error: { ...error, text } };
  }
  if (code === UNKNOWN_COLUMN || (status === 400 && code !== undefined && WRONG_STATEMENT.test(code))) {
    return {
      kind: 'refused',
      error,
      remedy: `${tableRemedy(code, config)}, then \`earshot resume ${name}\``,
    };
  }
  if (status === 409 || status === 400 || status === 413 || status === 422)
    return { kind: 'rejected', error };
  if (status === 401 || status === 403 || status === 404) {
    const remedy = `${status === 404 ? `create the table \`${table}\`, or correct \`url\` or \`table\`` : `check \`key\` and the rights on \`${table}\` (${rightsOf(config)})`}, then \`earshot resume ${name}\``;
    return { kind: 'refused', error, remedy };
  }
  return { kind: 'failed', sent: 'maybe', error, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** To name a column in ON CONFLICT, PostgreSQL wants the right to read it. */
function rightsOf({ dedupeColumn }: PostgrestOptions): string {
  return dedupeColumn === undefined ? 'INSERT' : `INSERT, and SELECT on \`${dedupeColumn}\``;
}

function tableRemedy(code: string, { table, dedupeColumn }: PostgrestOptions): string {
  return code === NO_CONSTRAINT
    ? `give \`${dedupeColumn}\` in \`${table}\` a UNIQUE constraint, or leave \`dedupeColumn\` out`
    : `add the missing column to \`${table}\``;
}

/** A code may be empty. */
function problemOf({ text }: Answer): { code?: string; message?: string } {
  try {
    const { code, message } = JSON.parse(text) as { code?: unknown; message?: unknown };
    return {
      ...(typeof code === 'string' && { code }),
      ...(typeof message === 'string' && { message: message.slice(0, 200) }),
    };
  } catch {
    return {};
  }
}
