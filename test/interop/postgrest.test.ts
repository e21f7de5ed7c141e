/**
 * What PostgREST answers, asked of the real one on a real PostgreSQL and of this project's stand-in alike: the
 * database sink relies on each line, and the other tests rely on the stand-in.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PostgrestStandin, startPostgrest } from '../../src/demo/postgrest-standin.js';
import { NOTIFICATIONS } from '../../src/demo/postgrest-tables.js';
import { token } from './peers/postgrest.js';
import { type Supabase, startSupabase, TABLE } from './peers/supabase.js';

type Row = Record<string, unknown>;

interface Answer {
  readonly status: number;
  /** The code that its body gives, or the body itself when that is no error. */
  readonly said: unknown;
  readonly retryAfter: string | null;
}

/** One of the two. */
interface Peer {
  readonly url: string;
  /** Of somebody who may write. */
  readonly key: string;
  rows(): readonly Row[];
  empty(): Promise<void> | void;
}

const ON_KEY = '?on_conflict=dedupe_key';
const IGNORING = { prefer: 'return=minimal,resolution=ignore-duplicates' };
const KEY = 'standin-key';

let supabase: Supabase;
let standin: PostgrestStandin | undefined;

beforeAll(async () => {
  supabase = await startSupabase();
});
afterAll(() => supabase?.end());
afterAll(() => standin?.close());

/** Its rows are in memory: it is emptied by starting it anew. */
async function freshStandin(): Promise<PostgrestStandin> {
  await standin?.close();
  const check = ({ username }: Row) => String(username).length <= 25;
  const required = [...(NOTIFICATIONS.required ?? []), 'username'];
  standin = await startPostgrest({ key: KEY, tables: { [TABLE]: { ...NOTIFICATIONS, required, check } } });
  return standin;
}

const peers: Record<string, () => Peer> = {
  'the real one': () => ({
    url: supabase.url,
    key: token('service_role'),
    rows: () => supabase.rows(),
    empty: () => supabase.empty(),
  }),
  'the stand-in': () => ({
    get url() {
      return standin?.url ?? '';
    },
    key: KEY,
    rows: () => standin?.rows() ?? [],
    empty: async () => void (await freshStandin()),
  }),
};

function row(over: Row = {}): Row {
  return { platform: 'kick', username: 'alice', message: '@bob hi', ...over };
}

async function ask(url: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await answer.text();
  const said = text === '' ? '' : JSON.parse(text);
  return { status: answer.status, said: said.code ?? said, retryAfter: answer.headers.get('retry-after') };
}

const key = (value: string) => ({ apikey: value, authorization: `Bearer ${value}` });

describe.each(Object.keys(peers))('%s', (name) => {
  let peer: Peer;
  beforeEach(async () => {
    const begin = peers[name];
    if (begin === undefined) throw new Error(`no such peer: ${name}`);
    peer = begin();
    await peer.empty();
  });
  const post = (body: unknown, query = '', headers: Record<string, string> = {}) =>
    ask(`${peer.url}/${TABLE}${query}`, body, { ...key(peer.key), ...headers });

  it('takes a row: 201, nothing in the body', async () => {
    expect(await post(row(), '', { prefer: 'return=minimal' })).toMatchObject({ status: 201, said: '' });
    expect(peer.rows()).toMatchObject([row()]);
  });

  it('refuses a duplicate: 409 23505', async () => {
    await post(row({ dedupe_key: '1' }));
    expect(await post(row({ dedupe_key: '1' }))).toMatchObject({ status: 409, said: '23505' });
  });

  it('ignores duplicates of the primary key alone when no column is named: still 409', async () => {
    await post(row({ dedupe_key: '1' }));
    expect(await post(row({ dedupe_key: '1' }), '', IGNORING)).toMatchObject({ status: 409, said: '23505' });
  });

  it('passes repeats over when the column is named, also within one batch: 201', async () => {
    const batch = ['1', '1', '2'].map((dedupe_key) => row({ dedupe_key }));
    expect(await post(batch, ON_KEY, IGNORING)).toMatchObject({ status: 201, said: '' });
    expect(await post(batch, ON_KEY, IGNORING)).toMatchObject({ status: 201, said: '' });
    expect(peer.rows().map(({ dedupe_key }) => dedupe_key)).toEqual(['1', '2']);
  });

  it('takes nothing of a batch with one duplicate in it: 409', async () => {
    await post(row({ dedupe_key: '1' }));
    const batch = [row({ dedupe_key: '2' }), row({ dedupe_key: '1' }), row({ dedupe_key: '3' })];
    expect(await post(batch)).toMatchObject({ status: 409, said: '23505' });
    expect(peer.rows()).toHaveLength(1);
  });

  it('wants the same keys in every row (400 PGRST102), or the columns named', async () => {
    const batch = [row(), row({ url: 'https://kick.com/x' })];
    expect(await post(batch)).toMatchObject({ status: 400, said: 'PGRST102' });
    expect(peer.rows()).toHaveLength(0);
    expect(await post(batch, '?columns=platform,username,message,url')).toMatchObject({ status: 201 });
    expect(peer.rows().map(({ url }) => url)).toEqual([null, 'https://kick.com/x']);
  });

  it.each([
    ['an unknown column', row({ colour: 'red' }), 'PGRST204'],
    ['what CHECK forbids', row({ username: 'x'.repeat(26) }), '23514'],
    ['NULL where there must be something', row({ message: null }), '23502'],
    ['a missing column that must be there', { platform: 'kick', username: 'alice' }, '23502'],
    ['a zero byte', row({ message: 'a\u0000b' }), '22P05'],
    ['a lone surrogate', row({ message: 'a\ud83db' }), 'PGRST102'],
    ['what is no JSON', '{"no json', 'PGRST102'],
  ])('refuses %s, and all rows beside it: 400', async (_, bad, code) => {
    const batch = typeof bad === 'string' || 'colour' in bad || !('message' in bad) ? bad : [row(), bad];
    expect(await post(batch)).toMatchObject({ status: 400, said: code });
    expect(peer.rows()).toHaveLength(0);
  });

  it('takes an emoji and text of every kind as it is', async () => {
    const message = '😀 “quotes” \\ \u0001 \u2028 ünï';
    expect(await post(row({ message }))).toMatchObject({ status: 201 });
    expect(peer.rows()).toMatchObject([{ message }]);
  });

  it('knows no such table: 404, and an empty object', async () => {
    const { status, said } = await ask(`${peer.url}/elsewhere`, row(), key(peer.key));
    expect([status, said]).toEqual([404, {}]);
  });

  it('takes no column of ON CONFLICT without a constraint: 400 42P10', async () => {
    expect(await post(row(), '?on_conflict=username', IGNORING)).toMatchObject({
      status: 400,
      said: '42P10',
    });
  });

  it('takes 500 rows at once', async () => {
    const batch = Array.from({ length: 500 }, (_, index) => row({ dedupe_key: String(index) }));
    expect(await post(batch, ON_KEY, IGNORING)).toMatchObject({ status: 201 });
    expect(peer.rows()).toHaveLength(500);
  });

  it('answers an insert of no rows as it would one of rows, and takes nothing', async () => {
    const columns = 'columns=platform,username,message,dedupe_key';
    expect(await post([], `?${columns}`)).toMatchObject({ status: 201, said: '' });
    expect(await post([], `${ON_KEY}&${columns}`, IGNORING)).toMatchObject({ status: 201, said: '' });
    expect(await post([], `?${columns},nowhere`)).toMatchObject({ status: 400, said: 'PGRST204' });
    const wrong = await post([], `?on_conflict=username&${columns}`, IGNORING);
    expect(wrong).toMatchObject({ status: 400, said: '42P10' });
    const anonymous = await ask(`${peer.url}/${TABLE}?${columns}`, [], {});
    expect(anonymous).toMatchObject({ status: 401, said: '42501' });
    expect(await ask(`${peer.url}/elsewhere?${columns}`, [], key(peer.key))).toMatchObject({ status: 404 });
    expect(peer.rows()).toHaveLength(0);
  });

  it("takes one of Supabase's newer keys for no token: 401 PGRST301", async () => {
    expect(await post(row(), '', key('sb_secret_x'))).toMatchObject({ status: 401, said: 'PGRST301' });
  });

  it('lets the anonymous write nothing: 401 42501', async () => {
    const answer = await ask(`${peer.url}/${TABLE}`, row(), {});
    expect(answer).toMatchObject({ status: 401, said: '42501' });
    expect(peer.rows()).toHaveLength(0);
  });

  it('refuses an expired or a wrong token: 401 PGRST301', async () => {
    for (const wrong of [token('service_role', -60), token('service_role', 60, 'x'.repeat(32))]) {
      expect(await post(row(), '', key(wrong))).toMatchObject({ status: 401, said: 'PGRST301' });
    }
  });

  it('refuses somebody known who may not: 403 42501', async () => {
    standin?.fail({ kind: 'forbidden' }, 1);
    expect(await post(row(), '', key(token('reader')))).toMatchObject({ status: 403, said: '42501' });
  });
});

describe('the real one alone', () => {
  beforeEach(() => supabase.empty());

  it.each([
    ['the anonymous 401', {}, 401],
    ['another role 403', key(token('reader')), 403],
  ])('row security refuses %s, both 42501', async (_, headers, status) => {
    const answer = await ask(`${supabase.url}/guarded`, row(), headers);
    expect(answer).toMatchObject({ status, said: '42501' });
    expect(supabase.rows('guarded')).toEqual([]);
  });

  it.each([
    ['may insert alone', 'writer', '', 201],
    [
      'may insert alone, and names a column of ON CONFLICT: that wants the right to read it',
      'writer',
      ON_KEY,
      403,
    ],
    ['may read alone', 'reader', '', 403],
  ])('%s', async (_, role, query, status) => {
    for (const body of [[row({ dedupe_key: '1' })], []]) {
      const columns = `${query === '' ? '?' : `${query}&`}columns=platform,username,message,dedupe_key`;
      const answer = await ask(`${supabase.url}/${TABLE}${columns}`, body, {
        ...key(token(role)),
        ...(query !== '' && IGNORING),
      });
      expect(answer.status).toBe(status);
    }
    expect(supabase.rows()).toHaveLength(status === 201 ? 1 : 0);
  });

  it('lets who bypasses row security write', async () => {
    const answer = await ask(`${supabase.url}/guarded`, row(), key(token('service_role')));
    expect(answer.status).toBe(201);
  });
});

// Last, for the real one keeps broken connections for a while.
describe('without PostgreSQL: 503 PGRST000 and when to come again, and well by itself', () => {
  const DOWN = { status: 503, said: 'PGRST000' };

  it('the real one', async () => {
    const post = () => ask(`${supabase.url}/${TABLE}`, row(), key(token('service_role')));
    await post();
    await supabase.postgresql.goDown();
    const meanwhile = await untilAnswered(post, { ...DOWN, retryAfter: '1' });
    await supabase.postgresql.comeBack();
    meanwhile.push(...(await untilAnswered(post, { status: 201, said: '' })));
    // On the connection that broke it may also answer 503 with PostgreSQL's own code, or 400 and an empty one.
    const kinds = new Set(meanwhile.map(({ status, said }) => `${status} ${said}`));
    for (const kind of kinds) expect(kind).toMatch(/^(201|400|503 (PGRST00[0-2]|57P0\d)) ?$/);
  });

  it('the real one on a connection that was torn: 400, an empty code, no message, and no row is to blame', async () => {
    const post = () => ask(`${supabase.url}/${TABLE}`, row(), key(token('service_role')));
    // Now and then it notices before it is asked, and says 503.
    for (let attempt = 1; ; attempt += 1) {
      await untilAnswered(post, { status: 201 });
      supabase.tearConnections();
      const answers = await untilAnswered(post, { status: 201 });
      if (answers.some(({ status, said }) => status === 400 && said === '')) break;
      expect(attempt).toBeLessThan(8);
    }
  });

  it('the stand-in', async () => {
    const fresh = await freshStandin();
    const post = () => ask(`${fresh.url}/${TABLE}`, row(), key(KEY));
    fresh.fail({ kind: 'databaseDown' }, 1);
    expect(await post()).toMatchObject({ ...DOWN, retryAfter: '1' });
    expect(await post()).toMatchObject({ status: 201, said: '' });
  });
});

/** Asks until it is answered so; gives all that was answered. At most 15 s. */
async function untilAnswered(asked: () => Promise<Answer>, wanted: Partial<Answer>): Promise<Answer[]> {
  const end = performance.now() + 15_000;
  const answers: Answer[] = [];
  for (;;) {
    const answer = await asked();
    answers.push(answer);
    if (Object.entries(wanted).every(([name, value]) => answer[name as keyof Answer] === value))
      return answers;
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
