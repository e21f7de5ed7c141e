import { describe, expect, it } from 'vitest';
import type { HttpRequest, Lease } from '../../src/actors/http.js';
import { Secret } from '../../src/secret.js';
import { createPostgrest } from '../../src/sinks/postgrest.js';
import { answers, postgrest, runSinks, type Script } from './harness.js';

const created: Script = () => new Response(null, { status: 201 });

async function delivered(over: Parameters<typeof postgrest>[0], script: Script = created) {
  const it = await runSinks([postgrest(over)], { script });
  it.notify(1);
  await it.clock.advance(10);
  return it;
}

describe('what is asked', () => {
  it('the columns of the table that is there, and the key alone when it is no JWT', async () => {
    const it = await delivered({});
    expect(it.asked[0]).toMatchObject({
      url: 'https://project.supabase.co/rest/v1/kick_notifications',
      method: 'POST',
      body: [
        {
          platform: 'kick',
          type: 'mention',
          channel: 'somechannel',
          username: 'alice',
          message: 'message 1',
          timestamp: '2027-01-15T08:00:00.000Z',
          url: 'https://kick.com/somechannel',
          original_message: null,
        },
      ],
      headers: { apikey: 'sb_secret_canary', prefer: 'return=minimal', 'content-type': 'application/json' },
    });
    expect(it.asked[0]?.headers).not.toHaveProperty('authorization');
  });

  it('a JWT as a bearer too', async () => {
    const it = await delivered({ key: new Secret('eyJ.canary.x') });
    expect(it.asked[0]?.headers).toMatchObject({
      apikey: 'eyJ.canary.x',
      authorization: 'Bearer eyJ.canary.x',
    });
  });

  it('with a column for it, an insert that may be repeated', async () => {
    const it = await delivered({ dedupeColumn: 'dedupe_key' });
    expect(it.asked[0]).toMatchObject({
      url: 'https://project.supabase.co/rest/v1/kick_notifications?on_conflict=dedupe_key',
      headers: { prefer: 'return=minimal,resolution=ignore-duplicates' },
      body: [{ dedupe_key: 'kick:m1' }],
    });
  });

  it.each([
    ['https://project.supabase.co/', 'https://project.supabase.co/rest/v1/kick_notifications'],
    ['https://project.supabase.in/rest/v1', 'https://project.supabase.in/rest/v1/kick_notifications'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000/kick_notifications'],
    ['http://db.lan/rest/v1/', 'http://db.lan/rest/v1/kick_notifications'],
  ])('at %s', async (url, asked) => {
    expect((await delivered({ url })).asked[0]?.url).toBe(asked);
  });
});

describe('asked without delivering anything', () => {
  /** Hands the one request on, and the answer back. */
  async function probed(over: Parameters<typeof postgrest>[0], status: number, body: unknown) {
    const asked: HttpRequest[] = [];
    const config = postgrest(over);
    if (config.type !== 'postgrest') throw new Error('not a database');
    const lease: Lease = {
      async send(request) {
        asked.push(request);
        return { kind: 'answered', status, headers: new Headers(), text: JSON.stringify(body) };
      },
      release() {},
    };
    const { signal } = new AbortController();
    const outcome = await createPostgrest(config).probe?.({ lease, signal, wall: 0 });
    return { asked, outcome };
  }
  const columns = 'platform,type,channel,username,message,timestamp,url,original_message';

  it.each([
    ['', {}, `?columns=${columns}`],
    [', with the column that is named', { dedupeColumn: 'key' }, `?on_conflict=key&columns=${columns},key`],
    [', each column once', { dedupeColumn: 'url' }, `?on_conflict=url&columns=${columns}`],
  ])('it inserts no rows%s', async (_, over, query) => {
    const { asked, outcome } = await probed(over, 201, '');
    expect(asked).toMatchObject([{ method: 'POST', body: '[]' }]);
    expect(asked[0]?.url.replace(/^.*kick_notifications/, '')).toBe(query);
    expect(outcome).toEqual({ kind: 'delivered' });
  });

  it('the rights that are wanting are named', async () => {
    const { outcome } = await probed({ dedupeColumn: 'key' }, 403, { code: '42501' });
    expect(outcome).toMatchObject({ kind: 'refused', remedy: expect.stringContaining('SELECT on `key`') });
  });
});

describe('what an answer means', () => {
  it.each<[string, number, unknown, object]>([
    ['duplicate', 409, { code: '23505' }, { delivered: 1, dead: 0 }],
    ['CHECK', 400, { code: '23514', message: 'violates' }, { dead: 1, lastError: { code: '400/23514' } }],
    ['a zero byte', 400, { code: '22P05' }, { dead: 1 }],
    ['no such table', 404, {}, { state: 'refused' }],
    ['no such column', 400, { code: 'PGRST204' }, { state: 'refused', dead: 0 }],
    ['a column gone that PostgREST still knows', 400, { code: '42703' }, { state: 'refused', dead: 0 }],
    ['no constraint on dedupeColumn', 400, { code: '42P10' }, { state: 'refused', dead: 0 }],
    [
      'a connection that PostgreSQL tore',
      400,
      { code: '', details: null, hint: null, message: '' },
      { dead: 0, breaker: { failures: 1 }, lastError: { code: '400' } },
    ],
    ['token expired', 401, { code: 'PGRST301' }, { state: 'refused', lastError: { code: '401/PGRST301' } }],
    ['row security', 403, { code: '42501' }, { state: 'refused' }],
    ['PostgreSQL down', 503, { code: 'PGRST000' }, { state: 'waiting', breaker: { failures: 1 } }],
  ])('%s', async (_, status, body, expected) => {
    const it = await delivered({}, () => answers(status, body));
    expect(it.status()).toMatchObject(expected);
  });

  it('one poisoned row does not hold the rest', async () => {
    const it = await runSinks([postgrest()], {
      script: ({ body }) =>
        (body as { message: string }[]).some(({ message }) => message === 'poison')
          ? answers(400, { code: '22P05' })
          : new Response(null, { status: 201 }),
    });
    it.notify(20);
    it.notify('poison');
    it.notify(20);
    await it.clock.advance(2_000);
    expect(it.status()).toMatchObject({ delivered: 40, dead: 1, pending: 0 });
    expect(it.asked.length).toBeLessThanOrEqual(12);
  });

  it('a refusal says what to type, and no secret', async () => {
    const it = await delivered({}, () => answers(401, { code: 'PGRST301', message: 'JWT expired' }));
    const said = JSON.stringify([it.plane.reasons(), it.plane.status(), it.lines]);
    expect(said).toContain('earshot resume database');
    expect(said).not.toContain('canary');
  });
});
