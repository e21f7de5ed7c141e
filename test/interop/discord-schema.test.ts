/**
 * Every payload that leaves for Discord, as the stand-in received it from the running daemon and from
 * `earshot test`, held to Discord's published schema and to the limits which that schema does not know.
 */
import * as spec from 'discord-api-spec/zod';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { refusedMessage } from '../../src/demo/discord-limits.js';
import type { DiscordStandin } from '../../src/demo/discord-standin.js';
import type { Exchange } from '../../src/demo/loopback.js';
import { configText, discordSink, discordStandin, kickStandin, runDaemon } from '../support/daemon.js';
import { earshot } from './peers/earshot.js';

const MESSAGES = 300;
const SEED = 20_261_123;
/** Each renders differently: batched, one by one, with a template, with pings. */
const SINKS = {
  batched: 'batch: 10',
  single: 'batch: 1',
  worded: 'template: "{sender} {why} {channel} {text} {sender}{text}{text}{text}{text} {unknown}"',
  pinging: 'ping: { users: ["123456789012345678"], roles: ["223456789012345678", "323456789012345678"] }',
} as const;

const webhookOf = (index: number) => `${index + 1}234567890123456789`;

/** What is wrong with a request, by the schema and by the limits. */
function problems({ body, path, headers }: Exchange): string[] {
  const payload = JSON.parse(body);
  const parsed = spec.IncomingWebhookRequestPartialSchema.safeParse(payload);
  const refused = refusedMessage(payload);
  return [
    ...(parsed.success ? [] : parsed.error.issues.map((it) => `${it.path.join('.')}: ${it.message}`)),
    ...(refused === undefined ? [] : [JSON.stringify(refused.body)]),
    ...(path.endsWith('?wait=true') ? [] : [`asked at ${path}`]),
    ...(/^DiscordBot \(https?:\/\/\S+, \S+\)$/.test(headers['user-agent'] ?? '') ? [] : ['user-agent']),
    ...(headers['content-type'] === 'application/json' ? [] : ['content-type']),
  ];
}

function posts(discord: DiscordStandin): Exchange[] {
  return discord.requests.filter(({ method }) => method === 'POST');
}

/** What somebody may say: anything at all, and what is known to be nasty. */
const said = fc.record({
  username: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
    fc.constantFrom('a', '_under_', 'discord', '@everyone', '\u200b', '<@1>', 'x'.repeat(200)),
  ),
  text: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.constantFrom(
      '',
      '\u200b\u2060',
      '\u{1f600}'.repeat(5_000),
      '\\'.repeat(4_500),
      '*'.repeat(9_000),
      '# heading\n> quote\n- list\n1. one',
      '@everyone @here <@123456789012345678> <@&1> <#2> <t:1:R>',
      'https://example.com/_a_ [click](https://evil.example) ||spoiler||',
      '[emote:37226:KEKW]'.repeat(300),
      '\0\u0007\u001b[2J\ud800\u202e',
      'line\n'.repeat(2_000),
    ),
  ),
  replyTo: fc.option(
    fc.record({
      username: fc.string({ minLength: 1, maxLength: 50 }),
      text: fc.string({ unit: 'binary', maxLength: 900 }),
    }),
    { nil: undefined },
  ),
});

it(`chat of every kind, ${MESSAGES} times, through four sinks: each payload is one that Discord publishes`, async () => {
  const kick = await kickStandin();
  const discord = await discordStandin({
    bucket: { limit: 10_000, windowMs: 1_000 },
    channelPerMinute: null,
  });
  const sinks = Object.entries(SINKS).map(([name, more], index) =>
    discordSink(discord.webhook(webhookOf(index)), more, name),
  );
  const limits = 'limits: { eventSize: 256KiB, messagesPerChannel: 5000 }';
  const running = await runDaemon(configText({ kick, sinks: sinks.join(''), more: limits }));
  await running.untilLive();
  const says = fc.sample(said, { numRuns: MESSAGES, seed: SEED });
  for (const [index, { username, text, replyTo }] of says.entries()) {
    kick.say('channel1', {
      username,
      text: `@bob ${text}`,
      ...(replyTo !== undefined && { replyTo }),
    });
    // Bursts of all lengths, so that batches of all sizes are made.
    if (index % 37 === 0) await running.until(({ account }) => account.heard > index);
  }
  await running.until(({ account }) => account.heard === MESSAGES && account.waiting === 0, 20_000);
  const { accepted } = running.status().account;
  await running.until((status) => status.sinks.every(({ delivered }) => delivered === accepted), 60_000);
  expect(accepted).toBe(MESSAGES);
  expect(running.status().sinks.map(({ dead }) => dead)).toEqual([0, 0, 0, 0]);

  const wrong = posts(discord).flatMap((post) =>
    problems(post).map((problem) => [problem, post.body.slice(0, 300)]),
  );
  expect(wrong).toEqual([]);
  const payloads = posts(discord).map(({ body }) => JSON.parse(body));
  const sizes = new Set(payloads.map(({ embeds }) => embeds.length));
  // One by one, several, and as many as fit.
  expect([1, 2, 10].every((size) => sizes.has(size))).toBe(true);
  for (const { allowed_mentions } of payloads) expect(allowed_mentions.parse).toEqual([]);
  const users = payloads.flatMap(({ allowed_mentions }) => allowed_mentions.users);
  expect(new Set(users)).toEqual(new Set(['123456789012345678']));
}, 90_000);

it('the sample of `earshot test`, and the probe of `earshot check --online`, which posts nothing', async () => {
  const kick = await kickStandin();
  const discord = await discordStandin();
  const config = configText({ kick, sinks: discordSink(discord.webhook()) });
  expect(await earshot(['check', '--online'], config)).toMatchObject({ code: 0 });
  expect(discord.requests).toMatchObject([{ method: 'GET', status: 200 }]);
  expect(await earshot(['test', 'discord'], config)).toMatchObject({ code: 0 });
  expect(posts(discord).flatMap(problems)).toEqual([]);
  expect(discord.delivered).toHaveLength(1);
});

it('the schema does refuse: what is wrong with a message is not let through', () => {
  const verdict = (payload: object) => spec.IncomingWebhookRequestPartialSchema.safeParse(payload).success;
  expect(verdict({ content: 'fine', embeds: [{ title: 'fine' }], allowed_mentions: { parse: [] } })).toBe(
    true,
  );
  expect(verdict({ content: 'x'.repeat(2_001) })).toBe(false);
  expect(verdict({ embeds: Array.from({ length: 11 }, () => ({ title: 'x' })) })).toBe(false);
  expect(verdict({ embeds: [{ title: 'x', timestamp: 'yesterday' }] })).toBe(false);
  expect(verdict({ content: 'x', allowed_mentions: { users: ['nobody'] } })).toBe(false);
});
