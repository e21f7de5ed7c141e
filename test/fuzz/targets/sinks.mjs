/** The sinks as they are configured, over a line whose other end is played. */

import { Secret } from '../../../dist/src/secret.js';
import { createDiscord } from '../../../dist/src/sinks/discord.js';
import { createPostgrest } from '../../../dist/src/sinks/postgrest.js';

const OK = { kind: 'answered', status: 200, headers: new Headers(), text: '{}' };
const KINDS = ['delivered', 'later', 'rejected', 'refused', 'failed', 'cancelled'];
const DAY_MS = 86_400_000;

export function rowOf(notification) {
  return { seq: 1, sink: 'discord', notification, acceptedAt: 0, crashes: 0, bytes: 500 };
}

function played(sink) {
  return {
    /** Throws when what is sent, or what is made of the answer, is not as it must be. */
    async sends(rows, answer = OK) {
      const fits = sink.fits(rows);
      if (!(fits >= 0 && fits <= rows.length)) throw new Error(`${fits} of ${rows.length} fit`);
      const lease = {
        async send({ body }) {
          if (body !== undefined && body !== body.toWellFormed()) throw new Error('a lone surrogate is sent');
          return answer;
        },
        release() {},
      };
      const outcome = await sink.send(rows, { lease, signal: new AbortController().signal, wall: 0 });
      if (!KINDS.includes(outcome.kind)) throw new Error(`an outcome ${outcome.kind}`);
      const waits = [outcome.hold?.forMs, outcome.retryAfterMs].filter((it) => it !== undefined);
      if (!waits.every((ms) => ms >= 0 && ms <= DAY_MS)) throw new Error(`a wait of ${waits} ms`);
    },
  };
}

const clock = { now: () => 0, wall: () => 0, setTimeout: () => 0, clearTimeout() {}, soon() {} };

export const discordSink = played(
  createDiscord(
    {
      type: 'discord',
      name: 'discord',
      url: new Secret('https://discord.com/api/webhooks/123456789012345678/token'),
      timeout: 12_000,
      batch: 10,
      ping: { users: [], roles: [] },
    },
    { version: '0', clock },
  ),
);

export const postgrestSink = played(
  createPostgrest({
    type: 'postgrest',
    name: 'database',
    url: 'http://127.0.0.1:3000',
    key: new Secret('key'),
    table: 'kick_notifications',
    dedupeColumn: 'dedupe_key',
    timeout: 15_000,
    batch: 50,
  }),
);
