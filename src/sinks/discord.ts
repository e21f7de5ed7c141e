/** The Discord sink: executes a webhook. What an answer means stands in discord-answers.ts. */
import { createHash } from 'node:crypto';
import type { HttpRequest, HttpResult } from '../actors/http.js';
import type { ResolvedSink } from '../config.js';
import type { Clock } from '../world.js';
import { outcomeOf } from './discord-answers.js';
import { DiscordLimits } from './discord-limits.js';
import { payloadOf, splitForDiscord } from './discord-message.js';
import { discordWebhook } from './discord-url.js';
import type { Outcome, SendContext, Sink } from './sink.js';

type DiscordOptions = Extract<ResolvedSink, { type: 'discord' }>;

export function createDiscord(
  config: DiscordOptions,
  { version, clock }: { version: string; clock: Clock },
): Sink {
  const limits = new DiscordLimits(clock);
  const address = config.url.reveal();
  const webhook = discordWebhook(address);
  // Others than this form of User-Agent are turned away by the edge.
  const headers = { 'user-agent': `DiscordBot (https://earshot.example, ${version})` };
  const thread = webhook.threadId === undefined ? '' : `&thread_id=${encodeURIComponent(webhook.threadId)}`;
  const request = (rest: Pick<HttpRequest, 'method' | 'url'> & Partial<HttpRequest>): HttpRequest => ({
    headers,
    timeout: { name: `${config.name} send`, ms: config.timeout },
    ...rest,
  });

  return {
    name: config.name,
    type: 'discord',
    origin: webhook.origin,
    target: createHash('sha256').update(address).digest('hex').slice(0, 16),
    batchMax: config.batch,
    fits: (rows) => splitForDiscord(rows.slice(0, config.batch).map(({ notification }) => notification)),
    async send(rows, { lease, signal, wall }) {
      const notifications = rows.map(({ notification }) => notification);
      const payload = payloadOf(notifications, { ping: config.ping, wall, template: config.template });
      const result = await lease?.send(
        request({
          method: 'POST',
          url: `${webhook.url}?wait=true${thread}`,
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(payload),
          signal,
        }),
      );
      return outcomeFrom(result, config.name, limits);
    },
    async probe({ lease, signal }: SendContext) {
      return outcomeFrom(
        await lease?.send(request({ method: 'GET', url: webhook.url, signal })),
        config.name,
      );
    },
  };
}

function outcomeFrom(result: HttpResult | undefined, sink: string, limits?: DiscordLimits): Outcome {
  if (result === undefined) return { kind: 'cancelled', sent: 'no' };
  if (result.kind === 'answered') {
    const holdMs = result.status === 429 ? 0 : (limits?.holdAfter(result.headers) ?? 0);
    const outcome = outcomeOf(result, sink, holdMs);
    if (outcome.kind === 'later') limits?.limited(outcome.hold.forMs);
    return outcome;
  }
  const { cause, sent, code, text } = result;
  return cause === 'cancelled'
    ? { kind: 'cancelled', sent }
    : { kind: 'failed', sent, error: { code, text } };
}
