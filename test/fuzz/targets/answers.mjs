/** What HTTP servers answer: Discord, PostgREST, Kick. The first line is the status, then headers, then the body. */
import { KickApi } from '../../../dist/src/sources/kick-api.js';
import { readPastMessage } from '../../../dist/src/sources/kick-message.js';
import { discordSink, postgrestSink, rowOf } from './sinks.mjs';

const answer = (status, headers, body) =>
  [status, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', body].join('\n');

const message = {
  id: 'a',
  content: 'hey @bob',
  created_at: '2026-11-24T12:00:00Z',
  sender: { id: 1, username: 'alice' },
  metadata: '{"original_sender":{"id":2,"username":"bob"}}',
};
const SEEDS = [
  answer(
    200,
    { 'x-ratelimit-remaining': 0, 'x-ratelimit-reset-after': '1.5', 'x-ratelimit-limit': 5 },
    '{"id":"1"}',
  ),
  answer(429, { 'retry-after': 3 }, '{"message":"limited","retry_after":2.5,"global":false}'),
  answer(429, { 'content-type': 'text/html', 'retry-after': '3600' }, '<html>1015</html>'),
  answer(429, {}, ''),
  answer(404, {}, '{"message":"Unknown Webhook","code":10015}'),
  answer(401, {}, '{"message":"Invalid Webhook Token","code":50027}'),
  answer(400, {}, '{"code":50035,"errors":{"embeds":{"0":{"_errors":[]}}},"message":"Invalid Form Body"}'),
  answer(503, { 'retry-after': 'soon' }, '{"code":"PGRST000","message":"no database"}'),
  answer(409, {}, '{"code":"23505","message":"duplicate"}'),
  answer(400, {}, '{"code":"22P05","message":"untranslatable"}'),
  answer(200, {}, '{"id":1,"user_id":2,"chatroom":{"id":3}}'),
  answer(
    200,
    {},
    '{"data":{"connections":[{"provider":"centrifugo","credentials":{"url":"wss://a.kick.com"}},{"provider":"pusher","credentials":{"app_key":"k","cluster":"us2"}}]}}',
  ),
  answer(200, {}, '{"data":{"token":"t"}}'),
  answer(200, {}, JSON.stringify({ data: { messages: [message] } })),
  answer(403, { 'cf-mitigated': 'challenge' }, '<!DOCTYPE html>'),
];

const row = rowOf({
  message: {
    platform: 'kick',
    id: 'a',
    channel: 'xqc',
    sender: { id: '1', username: 'alice' },
    text: '@bob',
    createdAt: 0,
  },
  rules: ['me'],
  reasons: ['mention'],
  watched: 'bob',
  matches: ['bob'],
  sinks: ['discord'],
});
const { signal } = new AbortController();

export const answers = {
  name: 'HTTP answers',
  share: 0.08,
  seeds: SEEDS,
  async take(input) {
    const given = parsed(input);
    await discordSink.sends([row, row], given);
    await postgrestSink.sends([row], given);
    const lease = { send: async () => given, release() {} };
    const api = new KickApi({
      config: {
        kick: { api: 'https://kick.com', web: 'https://web.kick.com' },
        timeouts: { lookup: 10_000 },
      },
      http: { lease: async () => lease },
      clientId: 'c',
    });
    await api.lookup('xqc', signal);
    await api.negotiate(1, ['centrifugo', 'pusher'], signal);
    await api.token(signal);
    const history = await api.history(1, 0, signal);
    if (history.kind === 'ok') for (const it of history.value) readPastMessage(it, 'xqc');
    if (history.kind === 'failed' && !(history.floorMs >= 0))
      throw new Error(`a floor of ${history.floorMs}`);
  },
};

function parsed(input) {
  const [head = '', ...rest] = input.split('\n\n');
  const [status = '', ...lines] = head.split('\n');
  const headers = new Headers();
  for (const line of lines) {
    const [name = '', value = ''] = line.split(': ', 2);
    try {
      headers.set(name, value);
    } catch {
      // Node's own reader of HTTP lets no such header through.
    }
  }
  const number = Number.parseInt(status, 10);
  return {
    kind: 'answered',
    status: number >= 200 && number < 600 ? number : 500,
    headers,
    text: rest.join('\n\n'),
  };
}
