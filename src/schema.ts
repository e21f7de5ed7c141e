/**
 * What an earshot.yaml may say: every key, its form and its default, once. The configuration, its errors and the
 * JSON schema for editors all come from here. Durations become milliseconds, sizes bytes, secrets `Secret`s.
 * Messages say what would be right; config/problems.ts puts the key before them. None quotes what it refuses:
 * a secret may have been pasted into the wrong line.
 */
import * as z from 'zod';
import { parseDuration, parseSize } from './durations.js';
import { patternProblem } from './rules.js';
import { Secret } from './secret.js';

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const DURATION_FORM = 'not a duration; write one such as 30s, 5m or 24h';
/** Requests at once, when nothing is said. */
export const HTTP_CONNECTIONS = 50;
const SIZE_FORM = 'not a size; write one such as 64KiB or 1GiB';

/** `30s`, `5m`, `24h`, `30d`, or a number of seconds, as milliseconds. */
function duration(min: string, max = '365d') {
  const minMs = parseDuration(min) ?? 0;
  const maxMs = parseDuration(max) ?? YEAR_MS;
  return z
    .union([z.string(), z.number()], { error: DURATION_FORM })
    .meta({
      description: `a duration such as 30s, 5m or 24h, from ${min} to ${max}; a bare number is seconds`,
    })
    .transform((value, context) => {
      const ms = parseDuration(value);
      if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
      context.addIssue({
        code: 'custom',
        message: ms === undefined ? DURATION_FORM : `out of bounds; give ${min} to ${max}`,
      });
      return z.NEVER;
    });
}

/** Checks that look at several keys run even beside mistakes in one of them, so that all are told at once. */
function isWhole({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null;
}

/** `64KiB`, `1MiB`, `1GiB`, or a number of bytes. */
function size(min: string) {
  const minBytes = parseSize(min) ?? 0;
  return z
    .union([z.string(), z.number()], { error: SIZE_FORM })
    .meta({ description: `a size such as 64KiB, 1MiB or 1GiB, at least ${min}` })
    .transform((value, context) => {
      const bytes = parseSize(value);
      if (bytes !== undefined && bytes >= minBytes) return bytes;
      context.addIssue({
        code: 'custom',
        message: bytes === undefined ? SIZE_FORM : `too small; give at least ${min}`,
      });
      return z.NEVER;
    });
}

const name = z.string().trim().min(1).max(100);
const slug = z
  .string()
  .trim()
  .toLowerCase()
  .regex(
    /^[A-Za-z0-9_-]{1,64}$/,
    'not a channel; give its slug, as in kick.com/SLUG: letters, digits, _ and -',
  );
const id = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const count = (min: number, max: number) => z.number().int().min(min).max(max);
const secret = z
  .string()
  .trim()
  .min(1)
  .transform((value) => new Secret(value));
const httpUrl = z.url({
  protocol: /^https?$/,
  error: 'not an address; give one that begins with https:// or http://',
});
const socketUrl = z.url({
  protocol: /^wss?$/,
  error: 'not an address; give one that begins with wss:// or ws://',
});
const SNOWFLAKE_FORM = 'not a Discord id; give its 17 to 20 digits, in quotes';
const snowflake = z.string({ error: SNOWFLAKE_FORM }).regex(/^\d{17,20}$/, SNOWFLAKE_FORM);

const person = z.strictObject({
  username: name,
  /** Other spellings of the same person. */
  aliases: z.array(name).max(50).default([]),
  /** Senders that are never reported. */
  ignore: z.array(name).max(1000).default([]),
});

const matchKinds = z.enum(['mention', 'reply']);
const match = z.union([
  z.array(matchKinds).min(1),
  z
    .strictObject({
      mention: z.boolean().optional(),
      reply: z.boolean().optional(),
      keywords: z.array(name).min(1).max(200).optional(),
      pattern: z
        .string()
        .min(1)
        .max(1000)
        .superRefine((source, context) => {
          const problem = patternProblem(source);
          // The engine quotes the pattern after a backquote; nothing that was written is repeated.
          if (problem) context.addIssue({ code: 'custom', message: problem.replace(/:? `.*$/s, '') });
        })
        .optional(),
    })
    .refine((it) => it.mention || it.reply || it.keywords || it.pattern, {
      message: 'nothing is looked for; give mention, reply, keywords or pattern',
    }),
]);

const rule = z
  .strictObject({
    name,
    match: match.optional(),
    channels: z.array(slug).min(1).optional(),
    from: z.array(name).min(1).optional(),
    sinks: z.array(name).min(1).optional(),
    cooldown: duration('0s', '30d').optional(),
  })
  .refine((it) => 'match' in it || 'from' in it, {
    message: 'it would report everything; give it `match` or `from`',
    when: isWhole,
  });

const channel = z.union([
  slug.transform((it) => ({ slug: it, critical: false })),
  z.strictObject({
    slug,
    channelId: id.optional(),
    chatroomId: id.optional(),
    /** Degrades the whole when this one channel is not live. */
    critical: z.boolean().default(false),
  }),
]);

const kick = z.strictObject({
  channels: z.array(channel).min(1).max(10_000),
  transport: z.enum(['auto', 'centrifugo', 'pusher']).default('auto'),
  api: httpUrl.default('https://kick.com'),
  web: httpUrl.default('https://web.kick.com'),
  pusher: z
    .strictObject({
      key: name.default('32cbd69e4b950bf97679'),
      cluster: name.default('us2'),
      /** Replaces the address made from `cluster`; ws:// only here. */
      url: socketUrl.optional(),
    })
    .prefault({}),
  gapFill: z.boolean().default(true),
  silentAfter: duration('10s', '6h').prefault('10m'),
});

function breaker(failures: number, recovery: string) {
  return z
    .strictObject({
      failures: count(1, 1000).default(failures),
      recovery: duration('100ms', '10m').prefault(recovery),
    })
    .prefault({});
}

const perSink = {
  /** Older than this, a row expires. */
  maxAge: duration('1m').prefault('24h'),
  maxPending: count(100, 10_000_000).default(100_000),
};

const discord = z
  .strictObject({
    type: z.literal('discord'),
    url: secret.optional(),
    urlFile: z.string().min(1).optional(),
    ping: z
      .strictObject({
        // Together they must leave room for the line itself in Discord's 2,000 characters.
        users: z.array(snowflake).max(30).default([]),
        roles: z.array(snowflake).max(30).default([]),
      })
      .prefault({}),
    timeout: duration('100ms', '10m').prefault('12s'),
    breaker: breaker(5, '60s'),
    batch: count(1, 10).default(10),
    template: z.string().min(1).max(1000).optional(),
    ...perSink,
  })
  .refine((it) => 'url' in it !== 'urlFile' in it, {
    message: 'give the webhook as `url` or as `urlFile`, one of them',
    when: isWhole,
  });

const postgrest = z
  .strictObject({
    type: z.literal('postgrest'),
    url: httpUrl,
    key: secret.optional(),
    keyFile: z.string().min(1).optional(),
    table: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'not a table name; letters, digits and _')
      .default('kick_notifications'),
    dedupeColumn: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'not a column name; letters, digits and _')
      .optional(),
    timeout: duration('100ms', '10m').prefault('15s'),
    breaker: breaker(10, '120s'),
    batch: count(1, 500).default(50),
    ...perSink,
  })
  .refine((it) => !('key' in it && 'keyFile' in it), {
    message: 'give `key` or `keyFile`, not both',
    when: isWhole,
  });

const consoleSink = z.strictObject({ type: z.literal('console'), ...perSink });

const sink = z.discriminatedUnion('type', [discord, postgrest, consoleSink]);

export const configSchema = z.strictObject({
  watch: z
    .union([person, z.array(person).min(1).max(100)])
    .transform((it) => (Array.isArray(it) ? it : [it])),
  kick,
  rules: z.array(rule).max(200).optional(),
  sinks: z
    .record(
      z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/i, 'not a name for a sink; letters, digits, - and _'),
      sink,
    )
    .default({}),
  store: z
    .strictObject({
      path: z.string().min(1).default('./earshot.db'),
      retention: duration('1h', '3650d').prefault('30d'),
      maxBytes: size('1MiB').prefault('1GiB'),
      archive: z.enum(['matches', 'all']).default('matches'),
      durability: z.enum(['full', 'normal']).default('full'),
    })
    .prefault({}),
  limits: z
    .strictObject({
      messagesPerChannel: count(1, 1_000_000).default(500),
      httpConnections: count(5, 1000).default(HTTP_CONNECTIONS),
      frameSize: size('1KiB').prefault('1MiB'),
      eventSize: size('1KiB').prefault('64KiB'),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      parsing: duration('1ms').prefault('10s'),
      handler: duration('1ms').prefault('15s'),
      connect: duration('100ms').prefault('30s'),
      pingEvery: duration('100ms').prefault('30s'),
      pong: duration('100ms').prefault('10s'),
      close: duration('10ms').prefault('5s'),
      lookup: duration('100ms').prefault('10s'),
    })
    .prefault({}),
  reconnect: z
    .strictObject({
      initial: duration('10ms').prefault('1s'),
      max: duration('10ms').prefault('60s'),
      stableAfter: duration('10ms').prefault('30s'),
      attempts: z.union([z.literal('unlimited'), count(1, 1_000_000)]).default('unlimited'),
      breaker: breaker(5, '60s'),
    })
    .prefault({}),
  shutdown: z
    .strictObject({
      sources: duration('0s', '1h').prefault('3s'),
      drain: duration('0s', '1h').prefault('10s'),
      sinks: duration('0s', '1h').prefault('12s'),
      tasks: duration('0s', '1h').prefault('2s'),
      store: duration('0s', '1h').prefault('5s'),
      total: duration('1s', '1h').prefault('30s'),
    })
    .prefault({}),
  control: z
    .union([
      z.literal(false),
      z.strictObject({
        host: z.string().min(1).default('127.0.0.1'),
        port: count(0, 65_535).default(4747),
        token: secret.optional(),
        tokenFile: z.string().min(1).optional(),
        allowedHosts: z.array(z.string().min(1)).default([]),
      }),
    ])
    .prefault({}),
  trace: z
    .strictObject({
      dir: z.string().min(1).optional(),
      keep: count(1, 10_000).default(8),
      maxBytes: size('64KiB').prefault('16MiB'),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      format: z.enum(['auto', 'json', 'pretty']).default('auto'),
    })
    .prefault({}),
});

/** The configuration as the schema leaves it; `loadConfig` (config.ts) resolves files, rules and paths. */
export type ParsedConfig = z.infer<typeof configSchema>;
export type SinkConfig = ParsedConfig['sinks'][string];
export type DiscordConfig = Extract<SinkConfig, { type: 'discord' }>;
export type PostgrestConfig = Extract<SinkConfig, { type: 'postgrest' }>;
export type KickConfig = ParsedConfig['kick'];
