/** The PostgREST stand-in, held to what was measured with the real one, and every fault it can play. */
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type PostgrestOptions,
  type PostgrestStandin,
  startPostgrest,
} from '../../src/demo/postgrest-standin.js';
import { NOTIFICATIONS, type PostgrestFault } from '../../src/demo/postgrest-tables.js';

const TABLE = '/kick_notifications';
const BY_KEY = `${TABLE}?on_conflict=dedupe_key`;
const IGNORING = { prefer: 'return=minimal,resolution=ignore-duplicates' };

async function start(options: PostgrestOptions = {}): Promise<PostgrestStandin> {
  const postgrest = await startPostgrest(options);
  onTestFinished(() => postgrest.close());
  return postgrest;
}

function row(over: Record<string, unknown> = {}) {
  return { platform: 'kick', username: 'alice', message: '@bob hi', ...over };
}

async function post(
  postgrest: PostgrestStandin,
  body: unknown,
  path = TABLE,
  headers: Record<string, string> = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(postgrest.url + path, { method: 'POST', body: text, headers });
  const said = await answer.text();
  return { status: answer.status, code: said.startsWith('{') ? JSON.parse(said).code : said, answer };
}

describe('inserts', () => {
  it.each([TABLE, `/rest/v1${TABLE}`])('at %s: 201, nothing in the body', async (path) => {
    const postgrest = await start();
    expect(await post(postgrest, [row(), row()], path)).toMatchObject({ status: 201, code: '' });
    expect(await post(postgrest, row(), path)).toMatchObject({ status: 201 });
    expect(postgrest.rows()).toEqual([row(), row(), row()]);
  });

  it('gives the rows back when asked to, and reads no row with limit=0', async () => {
    const postgrest = await start();
    const asked = { prefer: 'return=representation' };
    expect((await post(postgrest, row(), TABLE, asked)).code).toBe(JSON.stringify([row()]));
    const read = async (query: string) => (await fetch(`${postgrest.url}${TABLE}${query}`)).json();
    expect(await read('')).toEqual([row()]);
    expect(await read('?limit=0')).toEqual([]);
  });

  it('with the column named, repeats are passed over, also within one batch', async () => {
    const postgrest = await start();
    const batch = ['1', '1', '2'].map((dedupe_key) => row({ dedupe_key }));
    expect((await post(postgrest, batch, BY_KEY, IGNORING)).status).toBe(201);
    expect((await post(postgrest, batch, BY_KEY, IGNORING)).status).toBe(201);
    expect(postgrest.rows().map(({ dedupe_key }) => dedupe_key)).toEqual(['1', '2']);
  });

  it.each([
    ['a duplicate', TABLE, {}],
    ['the column not named', TABLE, IGNORING],
    ['not told to ignore', BY_KEY, {}],
  ])('%s: 409, and nothing of the batch goes in', async (_, path, headers) => {
    const postgrest = await start();
    await post(postgrest, row({ dedupe_key: '1' }));
    const batch = [row({ dedupe_key: '2' }), row({ dedupe_key: '1' })];
    expect(await post(postgrest, batch, path, headers)).toMatchObject({ status: 409, code: '23505' });
    expect(postgrest.rows()).toHaveLength(1);
    // Nor is its key remembered.
    expect((await post(postgrest, row({ dedupe_key: '2' }))).status).toBe(201);
  });

  it('NULLs never collide', async () => {
    const postgrest = await start();
    expect((await post(postgrest, [row({ dedupe_key: null }), row({ dedupe_key: null })])).status).toBe(201);
  });

  it.each([
    ['rows with different keys', [row(), row({ url: 'x' })], 'PGRST102'],
    ['no JSON', '{"no json', 'PGRST102'],
    ['no row', '[1]', 'PGRST102'],
    ['a lone surrogate', `[${JSON.stringify(row({ url: '\ud83d' }))}]`, 'PGRST102'],
    ['a zero byte', [row(), row({ message: 'a\u0000b' })], '22P05'],
    ['an unknown column', row({ colour: 'red' }), 'PGRST204'],
    ['NOT NULL', [row(), row({ message: null })], '23502'],
    ['CHECK', [row(), row({ username: 'x'.repeat(26) })], '23514'],
  ])('%s: 400', async (_, body, code) => {
    const check = ({ username }: Record<string, unknown>) => String(username).length <= 25;
    const postgrest = await start({ tables: { kick_notifications: { ...NOTIFICATIONS, check } } });
    expect(await post(postgrest, body)).toMatchObject({ status: 400, code });
    expect(postgrest.rows()).toEqual([]);
  });

  it('an emoji is no lone surrogate', async () => {
    const postgrest = await start();
    expect((await post(postgrest, row({ message: '😀' }))).status).toBe(201);
  });

  it('rows with different keys are taken when the columns are named', async () => {
    const postgrest = await start();
    const path = `${TABLE}?columns=platform,username,message,url`;
    expect((await post(postgrest, [row(), row({ url: 'x' })], path)).status).toBe(201);
    expect(postgrest.rows().map(({ url }) => url)).toEqual([null, 'x']);
  });

  it('a column without a constraint cannot be the one of on_conflict', async () => {
    const postgrest = await start();
    const answer = await post(postgrest, row(), `${TABLE}?on_conflict=username`, IGNORING);
    expect(answer).toMatchObject({ status: 400, code: '42P10' });
  });

  it('no such table: 404 and an empty object', async () => {
    const postgrest = await start();
    const { answer, status } = await post(postgrest, row(), '/elsewhere');
    expect([status, answer.headers.get('content-length')]).toEqual([404, '2']);
  });
});

describe('who may write', () => {
  it.each([
    ['the key', { apikey: 'secret' }, 201, ''],
    ['the key, and as a bearer', { apikey: 'secret', authorization: 'Bearer secret' }, 201, ''],
    ['nobody', {}, 401, '42501'],
    ['another key', { apikey: 'another' }, 401, 'PGRST301'],
    ['another bearer', { apikey: 'secret', authorization: 'Bearer another' }, 401, 'PGRST301'],
  ])('%s', async (_, headers, status, code) => {
    const postgrest = await start({ key: 'secret' });
    expect(await post(postgrest, row(), TABLE, headers)).toMatchObject({ status, code });
    expect(postgrest.rows()).toHaveLength(status === 201 ? 1 : 0);
  });

  it("one of Supabase's newer keys is no bearer", async () => {
    const postgrest = await start({ key: 'sb_secret_x' });
    const alone = { apikey: 'sb_secret_x' };
    expect((await post(postgrest, row(), TABLE, alone)).status).toBe(201);
    const both = { ...alone, authorization: 'Bearer sb_secret_x' };
    expect(await post(postgrest, row(), TABLE, both)).toMatchObject({ status: 401, code: 'PGRST301' });
  });
});

describe('what goes wrong', () => {
  it.each<[PostgrestFault, number, string, string | null]>([
    [{ kind: 'status', status: 502 }, 502, '<html><h1>502</h1></html>', null],
    [{ kind: 'databaseDown' }, 503, 'PGRST000', '1'],
    [{ kind: 'expiredToken' }, 401, 'PGRST301', null],
    [{ kind: 'forbidden' }, 401, '42501', null],
    [{ kind: 'limited', retryAfter: 3 }, 429, '', '3'],
    [{ kind: 'error', status: 400, code: '22001', message: 'value too long' }, 400, '22001', null],
  ])('%o', async (fault, status, code, retryAfter) => {
    const postgrest = await start();
    postgrest.fail(fault, 1);
    const answer = await post(postgrest, row());
    expect([answer.status, answer.code ?? '', answer.answer.headers.get('retry-after')]).toEqual([
      status,
      code,
      retryAfter,
    ]);
    expect(postgrest.rows()).toEqual([]);
    expect((await post(postgrest, row())).status).toBe(201);
  });

  it('forbidden to somebody who is known is 403', async () => {
    const postgrest = await start();
    postgrest.fail({ kind: 'forbidden' });
    const headers = { apikey: 'secret' };
    expect(await post(postgrest, row(), TABLE, headers)).toMatchObject({ status: 403, code: '42501' });
    postgrest.recover();
    expect((await post(postgrest, row(), TABLE, headers)).status).toBe(201);
  });

  it('cut before the rows are taken, and after', async () => {
    const postgrest = await start();
    postgrest.fail({ kind: 'cut' }, 1);
    await expect(post(postgrest, row())).rejects.toThrow();
    expect(postgrest.rows()).toHaveLength(0);
    postgrest.fail({ kind: 'takenThenCut' }, 1);
    await expect(post(postgrest, row())).rejects.toThrow();
    expect(postgrest.rows()).toHaveLength(1);
  });

  it('hangs, until it closes; away, until it is back', async () => {
    const postgrest = await start();
    postgrest.fail({ kind: 'hang' }, 1);
    const hanging = post(postgrest, row());
    await postgrest.until(() => postgrest.requests.length === 1);
    await postgrest.goOffline();
    await expect(hanging).rejects.toThrow();
    await expect(post(postgrest, row())).rejects.toThrow();
    await postgrest.comeBack();
    expect((await post(postgrest, row())).status).toBe(201);
    expect(postgrest.requests.map(({ status }) => status)).toEqual([0, 201]);
  });
});
