import { describe, expect, it } from 'vitest';
import { CentrifugoCodec } from '../../src/sources/centrifugo.js';
import { PusherCodec } from '../../src/sources/pusher.js';
import type { Codec, RealtimeListener } from '../../src/sources/realtime.js';

const pusher = () => new PusherCodec({ maxEventBytes: 1_000, pingEveryMs: 30_000 });
const centrifugo = () =>
  new CentrifugoCodec({ maxEventBytes: 1_000, pongMs: 10_000, pingEveryMs: 30_000, token: 'a-token' });

/** Everything that a codec tells, as it comes. */
function told(codec: Codec, ...frames: (string | Buffer)[]): unknown[][] {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    (...args: unknown[]) =>
      void calls.push([name, ...args]);
  const listener: RealtimeListener = {
    published: note('published'),
    established: note('established'),
    renewed: note('renewed'),
    subscribed: note('subscribed'),
    unsubscribed: note('unsubscribed'),
    ended: note('ended'),
    reply: note('reply'),
    complained: note('complained'),
    malformed: note('malformed'),
  };
  for (const frame of frames) codec.read(Buffer.from(frame), listener);
  return calls;
}
const json = (value: unknown) => JSON.stringify(value);

describe('Pusher', () => {
  it.each([
    ['in a string', json({ activity_timeout: 120 }), 30_000],
    ['as an object', { activity_timeout: 10 }, 10_000],
    ['without a timeout', '{}', 30_000],
  ])('connection_established with data %s', (_, data, quietAfterMs) => {
    expect(told(pusher(), json({ event: 'pusher:connection_established', data }))).toEqual([
      ['established', { serverPings: false, quietAfterMs, expiresInMs: undefined }],
    ]);
  });

  it('an event goes on as it came, its data unread', () => {
    const frame = { event: 'App\\Events\\ChatMessageEvent', data: '{"id":1}', channel: 'chatrooms.1.v2' };
    expect(told(pusher(), json(frame))).toEqual([
      ['published', 'chatrooms.1.v2', 'App\\Events\\ChatMessageEvent', '{"id":1}'],
    ]);
  });

  it('subscriptions, refusals, pings', () => {
    const refusal = { event: 'pusher:subscription_error', channel: 'x', data: json({ error: 'no' }) };
    expect(
      told(
        pusher(),
        json({ event: 'pusher_internal:subscription_succeeded', channel: 'x', data: '{}' }),
        json(refusal),
        json({ event: 'pusher:ping' }),
        json({ event: 'pusher:pong' }),
        json({ event: 'pusher_internal:something_new' }),
      ),
    ).toEqual([
      ['subscribed', 'x'],
      ['unsubscribed', 'x', { text: 'no', temporary: false }],
      ['reply', json({ event: 'pusher:pong', data: {} })],
    ]);
  });

  it('errors: those with a closing code end it, others are a complaint', () => {
    const error = (data: unknown) => json({ event: 'pusher:error', data });
    expect(told(pusher(), error({ code: 4001, message: 'no such key' }))[0]?.[1]).toMatchObject({
      verdict: 'never',
      code: '4001',
    });
    expect(told(pusher(), error(json({ code: 4201 })))[0]?.[1]).toMatchObject({ verdict: 'atOnce' });
    expect(told(pusher(), error({ code: null, message: 'twice' }), error(7))).toEqual([
      ['complained', 'Pusher says: twice'],
      ['complained', 'Pusher says: an error without words'],
    ]);
  });

  it.each([
    [1000, 'later', 0],
    [1006, 'later', 0],
    [4000, 'never', 0],
    [4001, 'never', 0],
    [4099, 'never', 0],
    [4100, 'later', 1_000],
    [4199, 'later', 1_000],
    [4200, 'atOnce', 0],
    [4299, 'atOnce', 0],
    [4300, 'later', 0],
  ])('close code %i: %s', (code, verdict, floorMs) => {
    expect(pusher().ending(code, '')).toMatchObject({ verdict, floorMs });
  });

  it('4001 says what to check', () => {
    expect(pusher().ending(4001, '').remedy).toContain('check kick.pusher.key and kick.pusher.cluster');
  });

  it('asks', () => {
    expect(pusher().subscribe('x')).toBe('{"event":"pusher:subscribe","data":{"auth":"","channel":"x"}}');
    expect(pusher().unsubscribe('x')).toBe('{"event":"pusher:unsubscribe","data":{"channel":"x"}}');
    expect(pusher().ping()).toBe('{"event":"pusher:ping","data":{}}');
  });
});

describe('Centrifugo', () => {
  const push = (data: unknown, channel = 'chatrooms.1.v2') => json({ push: { channel, pub: { data } } });
  const chat = { event: 'App\\Events\\ChatMessageEvent', data: '{"id":1}' };
  const published = ['published', 'chatrooms.1.v2', chat.event, chat.data];

  it('connects with its token, and learns when to expect pings and when to renew', () => {
    const codec = centrifugo();
    expect(codec.greeting()).toBe('{"connect":{"token":"a-token","name":"js"},"id":1}');
    const reply = { id: 1, connect: { client: 'x', ping: 25, pong: true, expires: true, ttl: 2700 } };
    expect(told(codec, json(reply), '{}')).toEqual([
      ['established', { serverPings: true, quietAfterMs: 35_000, expiresInMs: 2_700_000 }],
      ['reply', '{}'],
    ]);
    expect(codec.renew('another')).toBe('{"refresh":{"token":"another"},"id":2}');
    expect(told(codec, json({ id: 2, refresh: { expires: true, ttl: 60 } }))).toEqual([['renewed', 60_000]]);
  });

  it('without promised pings this side asks, and without `pong` it does not answer', () => {
    const codec = centrifugo();
    codec.greeting();
    expect(told(codec, json({ id: 1, connect: {} }), '{}')).toEqual([
      ['established', { serverPings: false, quietAfterMs: 30_000, expiresInMs: undefined }],
    ]);
  });

  it('several messages in a frame, a line each, bad ones among them', () => {
    const frame = [push(chat), 'not json', '', push(json(chat)), '{}'].join('\n');
    expect(told(centrifugo(), frame)).toEqual([
      published,
      ['malformed', 'a line that is no JSON object'],
      published,
      ['reply', '{}'],
    ]);
  });

  it('an event over the limit is dropped, its neighbours are not', () => {
    const calls = told(
      centrifugo(),
      [push(chat), push({ ...chat, data: 'x'.repeat(1_000) }), push(chat)].join('\n'),
    );
    expect(calls.map(([name]) => name)).toEqual(['published', 'malformed', 'published']);
  });

  it('answers find what was asked', () => {
    const codec = centrifugo();
    codec.subscribe('a');
    codec.subscribe('b');
    codec.subscribe('c');
    codec.unsubscribe('a');
    expect(
      told(
        codec,
        json({ id: 2, error: { code: 103, message: 'permission denied' } }),
        json({ id: 1, subscribe: {} }),
        json({ id: 3, error: { code: 105, message: 'already subscribed' } }),
        json({ id: 4, unsubscribe: {} }),
        json({ id: 4, unsubscribe: {} }),
      ),
    ).toEqual([
      ['unsubscribed', 'b', { text: 'Centrifugo says 103: permission denied', temporary: false }],
      ['subscribed', 'a'],
      ['subscribed', 'c'],
      ['malformed', 'a reply to nothing asked'],
    ]);
  });

  it('a token that ran out is a reason to come back, not to stay away', () => {
    const codec = centrifugo();
    codec.greeting();
    const [call] = told(codec, json({ id: 1, error: { code: 109, message: 'token expired' } }));
    expect(call?.[1]).toMatchObject({ verdict: 'later', code: '109' });
  });

  it('the server may unsubscribe and disconnect', () => {
    expect(
      told(
        centrifugo(),
        json({ push: { channel: 'a', unsubscribe: { code: 2500, reason: 'insufficient state' } } }),
        json({ push: { channel: 'a', unsubscribe: { code: 2000, reason: 'gone' } } }),
      ).map(([, , why]) => why),
    ).toEqual([
      { text: 'insufficient state', temporary: true },
      { text: 'gone', temporary: false },
    ]);
    const [call] = told(centrifugo(), json({ push: { disconnect: { code: 3501, reason: 'bad' } } }));
    expect(call?.[1]).toMatchObject({ verdict: 'never', code: '3501' });
  });

  it.each([
    [3000, 'later'],
    [3499, 'later'],
    [3500, 'never'],
    [3999, 'never'],
    [4000, 'later'],
    [4499, 'later'],
    [4500, 'never'],
    [4999, 'never'],
    [1006, 'later'],
  ])('close code %i: %s', (code, verdict) => {
    expect(centrifugo().ending(code, '')).toMatchObject({ verdict });
  });
});

/** A small generator, so that the same frames come every time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\\u0000',
  '\\ud800',
  'null',
  'true',
  '-1e999',
  '0',
  '\n',
  '\0',
  '{}',
  '"event"',
  '"channel"',
  '"data"',
  '"push"',
  '"pub"',
  '"id"',
  '"error"',
  '"code"',
  '"connect"',
  '"pusher:error"',
  '"pusher:connection_established"',
  '"__proto__"',
  '🙂',
  '\ud800',
  '[[[[[[[[',
  '{"a":{"a":{"a":',
  ' ',
];
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  'x',
  [],
  [1],
  {},
  { code: 4001 },
  '{"code":{}}',
];

/** A frame that nobody should send: broken JSON, random bytes, or the right fields with the wrong types. */
function badFrame(random: () => number): Buffer {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const kind = random();
  if (kind < 0.2)
    return Buffer.from(Array.from({ length: Math.floor(random() * 200) }, () => random() * 256));
  if (kind < 0.6)
    return Buffer.from(Array.from({ length: Math.floor(random() * 40) }, () => pick(PIECES)).join(''));
  if (kind < 0.62) return Buffer.from('['.repeat(Math.floor(random() * 2_000)));
  const fields = [
    'event',
    'channel',
    'data',
    'push',
    'id',
    'error',
    'connect',
    'subscribe',
    'pub',
    'unsubscribe',
  ];
  const body: Record<string, unknown> = {};
  for (let count = random() * 5; count > 0; count -= 1) body[pick(fields) ?? ''] = pick(VALUES);
  return Buffer.from(JSON.stringify(random() < 0.5 ? body : { push: body }));
}

describe('20,000 bad frames', () => {
  it.each([
    ['Pusher', pusher],
    ['Centrifugo', centrifugo],
  ])('%s: no exception, and each frame that is no message is counted', (_, make) => {
    const random = seeded(20_261_103);
    const codec = make();
    let silent = 0;
    let malformed = 0;
    for (let index = 0; index < 20_000; index += 1) {
      const calls = told(codec, badFrame(random));
      if (calls.length === 0) silent += 1;
      malformed += calls.filter(([name]) => name === 'malformed').length;
    }
    expect(malformed).toBeGreaterThan(15_000);
    // Pings' answers and events of the protocol that this client has no use for.
    expect(silent).toBeLessThan(400);
  });
});
