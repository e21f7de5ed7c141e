/** What a socket brings: through the codec, the reader of chat, the rules, and what would be sent of it. */

import { createRules } from '../../../dist/src/rules.js';
import { CentrifugoCodec } from '../../../dist/src/sources/centrifugo.js';
import { readKickMessage, readPastMessage } from '../../../dist/src/sources/kick-message.js';
import { PusherCodec } from '../../../dist/src/sources/pusher.js';
import { discordSink, postgrestSink, rowOf } from './sinks.mjs';

const MAX_EVENT_BYTES = 64 * 1024;
const chat = JSON.stringify({
  id: '9f2c41d0-7ab3-4b1e-8f00-000000000001',
  chatroom_id: 5,
  content: 'hey @bob, a giveaway https://kick.com/x [emote:37226:KEKW]',
  type: 'reply',
  created_at: '2026-11-24T12:00:00+00:00',
  sender: { id: 7, username: 'alice', slug: 'alice', identity: { color: '#75FD46', badges: [] } },
  metadata: {
    original_sender: { id: 9, username: 'bob' },
    original_message: { id: 'a', content: 'what did you say' },
  },
});
const event = 'App\\Events\\ChatMessageEvent';
const channel = 'chatrooms.5.v2';

const PUSHER = [
  JSON.stringify({ event, channel, data: chat }),
  JSON.stringify({ event, channel, data: JSON.parse(chat) }),
  JSON.stringify({
    event: 'pusher:connection_established',
    data: JSON.stringify({ socket_id: '1.1', activity_timeout: 120 }),
  }),
  JSON.stringify({ event: 'pusher_internal:subscription_succeeded', channel, data: '{}' }),
  JSON.stringify({ event: 'pusher:subscription_error', channel, data: { error: 'no' } }),
  JSON.stringify({ event: 'pusher:error', data: { code: 4201, message: 'pong' } }),
  JSON.stringify({ event: 'pusher:ping', data: {} }),
];
const CENTRIFUGO = [
  JSON.stringify({ push: { channel, pub: { data: { event, data: chat } } } }),
  `${JSON.stringify({ push: { channel, pub: { data: { event, data: chat } } } })}\n{}\n`,
  JSON.stringify({ id: 1, connect: { client: 'c', ping: 25, pong: true, expires: true, ttl: 2700 } }),
  JSON.stringify({ id: 2, subscribe: {} }),
  JSON.stringify({ id: 2, error: { code: 105, message: 'already' } }),
  JSON.stringify({ id: 3, error: { code: 100, message: 'no', temporary: true } }),
  JSON.stringify({ push: { channel, unsubscribe: { code: 2500, reason: 'r' } } }),
  JSON.stringify({ push: { disconnect: { code: 3500, reason: 'r' } } }),
  '{}',
];

const rules = createRules({
  watch: [{ username: 'bob', aliases: ['bobby'], ignore: ['carol'] }],
  rules: [
    { name: 'me', match: ['mention', 'reply'] },
    { name: 'words', match: { keywords: ['giveaway', 'free money'], pattern: 'gg+ wp|(a|b)*c' } },
  ],
  sinks: ['discord', 'database'],
});

/** Hands on what was published, as the daemon does; everything else is only told. */
class Reader {
  #pending = [];

  published(_channel, name, data) {
    if (name !== event) return;
    for (const message of [readKickMessage(data, 'xqc'), readPastMessage(data, 'xqc')]) {
      if (typeof message === 'string') continue;
      const verdict = rules.judge(message, 0);
      if ('notification' in verdict) this.#pending.push(rowOf(verdict.notification));
    }
  }

  established({ quietAfterMs, expiresInMs }) {
    if (!(quietAfterMs > 0) || (expiresInMs !== undefined && !(expiresInMs > 0))) {
      throw new Error(`terms of no time: ${quietAfterMs}, ${expiresInMs}`);
    }
  }

  ended({ verdict }) {
    if (!['never', 'atOnce', 'later'].includes(verdict)) throw new Error(`an ending ${verdict}`);
  }

  reply(frame) {
    JSON.parse(frame);
  }

  renewed() {}
  subscribed() {}
  unsubscribed() {}
  complained() {}
  malformed() {}

  /** What matched goes out as it would. */
  async sent() {
    for (const row of this.#pending.splice(0)) {
      for (const sink of [discordSink, postgrestSink]) await sink.sends([row]);
    }
  }
}

const reader = new Reader();

export const pusherFrames = {
  name: 'Pusher frames',
  share: 0.4,
  seeds: PUSHER,
  async take(input) {
    const codec = new PusherCodec({ maxEventBytes: MAX_EVENT_BYTES, pingEveryMs: 30_000 });
    codec.read(Buffer.from(input), reader);
    await reader.sent();
  },
};

export const centrifugoFrames = {
  name: 'Centrifugo frames',
  share: 0.4,
  seeds: CENTRIFUGO,
  async take(input) {
    const codec = new CentrifugoCodec({
      maxEventBytes: MAX_EVENT_BYTES,
      pongMs: 10_000,
      pingEveryMs: 30_000,
      token: 't',
    });
    codec.greeting();
    codec.subscribe(channel);
    codec.read(Buffer.from(input), reader);
    await reader.sent();
  },
};
