// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files under test hold such placeholders.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigErrors, loadConfig, loadControlOnly, secretsOf } from '../src/config.js';

const WEBHOOK = 'https://discord.com/api/webhooks/123456789012345678/caNary-tOken_0123456789';

const MINIMAL = `
watch:
  username: bob
kick:
  channels: [somechannel]
sinks:
  discord:
    type: discord
    url: \${DISCORD_WEBHOOK_URL}
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'earshot-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const load = (text: string, env: Record<string, string> = { DISCORD_WEBHOOK_URL: WEBHOOK }) =>
  loadConfig({ file: write('earshot.yaml', text), cwd: folder, env });
/** The lines of the mistakes, in order. */
const mistakes = async (text: string, env?: Record<string, string>): Promise<readonly string[]> => {
  try {
    await load(text, env);
  } catch (error) {
    if (error instanceof ConfigErrors) return error.lines;
    throw error;
  }
  return [];
};

describe('a configuration that is right', () => {
  it('needs a name, a channel and a sink; every other bound and limit has its default', async () => {
    const config = await load(MINIMAL);
    expect(config).toMatchObject({
      watch: [{ username: 'bob', aliases: [], ignore: [] }],
      kick: { channels: [{ slug: 'somechannel' }], transport: 'auto', silentAfter: 600_000 },
      sinks: [
        {
          name: 'discord',
          type: 'discord',
          timeout: 12_000,
          breaker: { failures: 5, recovery: 60_000 },
          maxAge: 86_400_000,
          maxPending: 100_000,
        },
      ],
      store: {
        path: join(folder, 'earshot.db'),
        retention: 30 * 86_400_000,
        maxBytes: 1024 ** 3,
        archive: 'matches',
        durability: 'full',
      },
      limits: { messagesPerChannel: 500, httpConnections: 50, frameSize: 1024 ** 2, eventSize: 64 * 1024 },
      timeouts: {
        connect: 30_000,
        pingEvery: 30_000,
        pong: 10_000,
        close: 5_000,
        parsing: 10_000,
        handler: 15_000,
      },
      shutdown: { sources: 3_000, drain: 10_000, sinks: 12_000, tasks: 2_000, store: 5_000, total: 30_000 },
      control: { host: '127.0.0.1', port: 4747, allowedHosts: [] },
      file: join(folder, 'earshot.yaml'),
    });
    expect(config.rules).toBeUndefined();
    expect(config.sinks[0]).toHaveProperty('url');
  });

  it('delivers to the console when no sink is named', async () => {
    const { sinks } = await load('watch: { username: bob }\nkick: { channels: [a] }\n');
    expect(sinks).toMatchObject([{ name: 'console', type: 'console' }]);
  });

  it('reads the full example: durations, sizes, several people, channels with ids', async () => {
    const config = await load(`
watch: [{ username: bob, aliases: [bobby] }, { username: eve }]
kick:
  channels:
    - One
    - { slug: two, channelId: 123, chatroomId: 456, critical: true }
  silentAfter: 90
rules:
  - { name: me, match: [mention, reply] }
  - { name: words, match: { keywords: [giveaway], pattern: "gg+ wp" }, channels: [one], from: [x], sinks: [db], cooldown: 30s }
sinks:
  db: { type: postgrest, url: https://x.supabase.co, key: sb_secret_x, table: t, dedupeColumn: k }
store: { path: data/e.db, maxBytes: 2GiB }
limits: { eventSize: 32KiB }
control: false
`);
    expect(config.kick.channels).toEqual([
      { slug: 'one', critical: false },
      { slug: 'two', channelId: 123, chatroomId: 456, critical: true },
    ]);
    expect(config.kick.silentAfter).toBe(90_000);
    expect(config.rules?.[1]).toMatchObject({ cooldown: 30_000, sinks: ['db'] });
    expect(config.store.path).toBe(join(folder, 'data/e.db'));
    expect(config.limits.eventSize).toBe(32 * 1024);
    expect(config.control).toBe(false);
    expect(config.watch).toHaveLength(2);
  });
});

describe('the environment', () => {
  it('is filled in after parsing: no value changes the structure', async () => {
    const { watch } = await load(MINIMAL.replace('username: bob', 'username: ${WHO}'), {
      DISCORD_WEBHOOK_URL: WEBHOOK,
      WHO: 'bob\nignore: [eve] # "',
    });
    expect(watch).toEqual([{ username: 'bob\nignore: [eve] # "', aliases: [], ignore: [] }]);
  });

  it('knows defaults, numbers, and how to stay literal', async () => {
    const config = await load(
      `
watch: { username: "\${WHO:-bob}", aliases: ["$\${literal}", "a\${X}b"] }
kick: { channels: [a] }
control:
  port: \${PORT:-5000}
`,
      { X: '1' },
    );
    expect(config.watch).toEqual([{ username: 'bob', aliases: ['${literal}', 'a1b'], ignore: [] }]);
    expect(config.control).toMatchObject({ port: 5000 });
  });

  it('keeps long numbers as text: they are ids', async () => {
    const config = await load(
      `
watch: { username: bob }
kick: { channels: [a] }
sinks: { discord: { type: discord, url: "${WEBHOOK}", ping: { users: ["\${ME}", "\${ME}"] } } }
`,
      { ME: '123456789012345678' },
    );
    expect(config.sinks[0]).toMatchObject({ ping: { users: ['123456789012345678', '123456789012345678'] } });
  });

  it('says once what it lacks, and where', async () => {
    expect(await mistakes(MINIMAL, {})).toEqual([
      'earshot.yaml:9:10: the environment has no DISCORD_WEBHOOK_URL; set it, or write ${DISCORD_WEBHOOK_URL:-a default}',
    ]);
  });
});

describe('mistakes', () => {
  it('are told all at once, each with its place and what would be right', async () => {
    expect(
      await mistakes(`
watch: { usrname: bob }
kick:
  chanels: [a]
  transport: pushr
rules:
  - { name: me, match: [mention], sinks: [discrd], channels: [b] }
  - { name: me }
sinks:
  discord: { type: discord, timeout: soon, batch: 11, ping: { users: [123456789012345678] } }
  database: { type: postgrest, url: supabase, key: abc, keyFile: abc }
  other: { type: disc }
control: { host: 0.0.0.0, port: http }
log: { level: loud }
limits: { frameSize: 1 }
`),
    ).toEqual([
      'earshot.yaml:2:8: watch.username: missing; give text',
      'earshot.yaml:2:10: unknown key `usrname`, did you mean `username`?',
      'earshot.yaml:4:3: kick.channels: missing; give a list',
      'earshot.yaml:4:3: unknown key `chanels`, did you mean `channels`?',
      'earshot.yaml:5:14: kick.transport: not known, did you mean `pusher`?',
      'earshot.yaml:7:43: rules[1].sinks[1]: unknown sink `discrd`, did you mean `discord`?',
      'earshot.yaml:8:5: rules[2]: it would report everything; give it `match` or `from`',
      'earshot.yaml:8:13: rules[2].name: another rule has this name; give each its own',
      'earshot.yaml:10:12: sinks.discord: give the webhook as `url` or as `urlFile`, one of them',
      'earshot.yaml:10:38: sinks.discord.timeout: not a duration; write one such as 30s, 5m or 24h',
      'earshot.yaml:10:51: sinks.discord.batch: too many; give 10 at most',
      'earshot.yaml:10:71: sinks.discord.ping.users[1]: not a Discord id; give its 17 to 20 digits, in quotes',
      'earshot.yaml:11:13: sinks.database: give `key` or `keyFile`, not both',
      'earshot.yaml:11:37: sinks.database.url: not an address; give one that begins with https:// or http://',
      'earshot.yaml:12:18: sinks.other.type: give discord, postgrest or console',
      'earshot.yaml:13:18: control.host: other machines can reach this address; give control.tokenFile as well, or 127.0.0.1',
      'earshot.yaml:13:33: control.port: give a number',
      'earshot.yaml:14:15: log.level: give debug, info, warn or error',
      'earshot.yaml:15:22: limits.frameSize: too small; give at least 1KiB',
    ]);
  });

  it.each([
    ['watch: bob\nkick: { channels: [a] }', '1:8: watch: give a block of keys or a list'],
    ['watch: { username: 5 }\nkick: { channels: [a] }', '1:20: watch.username: give text: put it in quotes'],
    [
      'watch: { username: a }\nkick: { channels: [a, A] }',
      '2:23: kick.channels[2]: this channel is listed already',
    ],
    [
      'watch: { username: a }\nkick: { channels: ["a b"] }',
      '2:20: kick.channels[1]: not a channel; give its slug, as in kick.com/SLUG: letters, digits, _ and -',
    ],
    ['watch: { username: a }\nkick: { channels: [] }', '2:19: kick.channels: too few; give at least 1'],
    [
      'watch: { username: a }\nkick: { channels: [{ slug: a, chatroom: 5 }] }',
      '2:31: unknown key `chatroom`, did you mean `chatroomId`?',
    ],
    [
      'watch: { username: a }\nkick: { channels: [a] }\nrules: [{ name: x, match: { pattern: "(?=x)" } }]',
      /3:38: rules\[1\]\.match\.pattern: not a pattern/,
    ],
    [
      'watch: { username: a }\nkick: { channels: [a] }\nrules: [{ name: x, match: { keyword: [b] } }]',
      '3:29: unknown key `keyword`, did you mean `keywords`?',
    ],
    [
      'watch: { username: a }\nkick: { channels: [a] }\ncontrol: { port: 70000 }',
      '3:18: control.port: too many; give 65535 at most',
    ],
    [
      'watch: { username: a }\nkick: { channels: [a] }\nsinks: { "a b": { type: console } }',
      '3:10: sinks.(this key): not a name for a sink; letters, digits, - and _',
    ],
    [
      'watch: { username: a }\nkick: { channels: [a] }\nsinks: { a: { type: postgrest, url: "https://a.co", key: k }, b: { type: postgrest, url: "https://b.co", key: k }, c: { type: console } }\nlimits: { httpConnections: 5 }',
      '4:28: limits.httpConnections: too few for 2 sinks; give at least 6',
    ],
    ['', '1:1: watch: missing; give a block of keys or a list'],
    ['watch: { username: ${NAME} }', '1:21: inside [ ] and { } put quotes around a ${NAME}'],
    [
      'watch: { username: a }\nkick: { channels: [abc] }\nrules: [{ name: x, match: [reply], channels: [abd] }]',
      '3:47: rules[1].channels[1]: unknown channel `abd`, did you mean `abc`?',
    ],
    [
      'watch: { username: a, username: b }\nkick: { channels: [a] }',
      '1:23: this key stands twice in its block; keep one',
    ],
    ['watch: "a\n', /not YAML|missing here/],
    ['watch: { username: *nobody }', /no anchor/],
  ])('%j', async (text, expected) => {
    const lines = await mistakes(text);
    if (typeof expected === 'string') expect(lines).toContain(`earshot.yaml:${expected}`);
    else expect(lines.join('\n')).toMatch(expected);
  });

  it('are sinks that the default of limits.httpConnections leaves no connection for', async () => {
    const withSinks = (count: number) => {
      const sinks = Array.from(
        { length: count },
        (_, n) => `  s${n}: { type: postgrest, url: "https://a.co" }\n`,
      );
      return `watch: { username: a }\nkick: { channels: [a] }\nsinks:\n${sinks.join('')}`;
    };
    expect(await mistakes(withSinks(47))).toEqual([
      'earshot.yaml:3:1: limits.httpConnections: its default of 50 is too few for 47 sinks; give at least 51',
    ]);
    expect(await mistakes(withSinks(46))).toEqual([]);
    expect(await mistakes(`${withSinks(60)}limits: { httpConnections: 64 }`)).toEqual([]);
  });
});

describe('secrets', () => {
  const withSink = (sink: string) =>
    `watch: { username: a }\nkick: { channels: [a] }\nsinks: { it: { ${sink} } }\n`;

  it('come from a file beside the configuration, without its line feed', async () => {
    write('webhook', `${WEBHOOK}\n`);
    const config = await load(withSink('type: discord, urlFile: ./webhook'));
    expect(secretsOf(config).map((it) => it.reveal())).toEqual([WEBHOOK]);
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain('caNary');
  });

  it.each([
    [
      'type: discord, urlFile: nowhere',
      '3:40: sinks.it.urlFile: there is no such file; relative names count from the configuration file',
    ],
    ['type: discord, urlFile: .', '3:40: sinks.it.urlFile: that is a folder; give the name of a file'],
    [
      'type: postgrest, url: "https://x", keyFile: empty',
      '3:60: sinks.it.keyFile: that file is empty; write the secret into it',
    ],
    [
      'type: discord, url: "https://example.com"',
      '3:36: sinks.it.url: not a webhook’s address; give https://discord.com/api/webhooks/ID/TOKEN',
    ],
  ])('%s', async (sink, expected) => {
    write('empty', '\n');
    expect(await mistakes(withSink(sink))).toEqual([`earshot.yaml:${expected}`]);
  });

  it('that may not be read are said', async () => {
    chmodSync(write('webhook', WEBHOOK), 0o000);
    const lines = await mistakes(withSink('type: discord, urlFile: webhook'));
    // The superuser reads everything.
    if (process.getuid?.() !== 0) expect(lines.join()).toContain('may not be read');
  });

  it('stand in no mistake, whichever line they were pasted into', async () => {
    const places = [
      `watch: { username: a, ${WEBHOOK.replaceAll(/[:/]/g, '_')}: x }`,
      `watch: { username: "", aliases: "${WEBHOOK}" }`,
      `watch: { username: a }\nkick: { channels: ["${WEBHOOK}"], transport: "${WEBHOOK}", api: "caNary:${WEBHOOK}", silentAfter: "${WEBHOOK}" }`,
      `rules: [{ name: "${WEBHOOK}", match: { pattern: "(${WEBHOOK}" }, sinks: ["${WEBHOOK}"] }]`,
      `sinks: { discord: { type: discord, urlFile: "${WEBHOOK}", timeout: \${HOOK}, ping: { users: [\${HOOK}] } } }`,
      `sinks: { discord: { type: "\${HOOK}" }, "${WEBHOOK}": { type: discord } }`,
      `rules: [{ name: a, sinks: [b] }]\nsinks: { caNary-tOken_01234567890123456789abcdefghijk: { type: console } }`,
      `sinks: { db: { type: postgrest, url: "\${HOOK} x", keyFile: "\${HOOK}", table: "\${HOOK}" } }`,
      `limits: { frameSize: "\${HOOK}" }\ncontrol: { port: "\${HOOK}", host: "\${HOOK}", tokenFile: "\${HOOK}" }`,
      `log: "${WEBHOOK}" ${WEBHOOK}`,
      `log: { level: "${WEBHOOK}`,
      `log: *caNary`,
    ];
    for (const place of places) {
      const lines = await mistakes(place, { HOOK: WEBHOOK });
      expect(lines.length, place).toBeGreaterThan(0);
      expect(lines.join('\n'), place).not.toContain('caNary');
    }
  });
});

describe('the place of the file', () => {
  const named = (name: string) => `watch: { username: ${name} }\nkick: { channels: [a] }\n`;
  const who = async (env: Record<string, string>, file?: string) =>
    (await loadConfig({ file, env, cwd: join(folder, 'here') })).watch[0]?.username;

  it('is -c, then EARSHOT_CONFIG, then ./earshot.yaml, then the user’s folder', async () => {
    mkdirSync(join(folder, 'here'));
    mkdirSync(join(folder, '.config/earshot'), { recursive: true });
    mkdirSync(join(folder, 'xdg/earshot'), { recursive: true });
    write('.config/earshot/earshot.yaml', named('home'));
    write('xdg/earshot/earshot.yaml', named('xdg'));
    write('flag.yaml', named('flag'));
    write('env.yaml', named('env'));
    const home = { HOME: folder };
    const xdg = { HOME: folder, XDG_CONFIG_HOME: join(folder, 'xdg') };
    expect(await who(home)).toBe('home');
    expect(await who(xdg)).toBe('xdg');
    write('here/earshot.yaml', named('here'));
    expect(await who(xdg)).toBe('here');
    expect(await who({ ...xdg, EARSHOT_CONFIG: '../env.yaml' })).toBe('env');
    expect(await who({ ...xdg, EARSHOT_CONFIG: '../env.yaml' }, '../flag.yaml')).toBe('flag');
  });

  it('is said when there is nothing, or nothing readable', async () => {
    const env = { HOME: folder };
    await expect(loadConfig({ env, cwd: folder })).rejects.toThrow(
      `no configuration found; write one to ${folder}/earshot.yaml, or name it with --config`,
    );
    await expect(loadConfig({ env, cwd: folder, file: 'none.yaml' })).rejects.toThrow(
      'none.yaml: there is no such file',
    );
  });

  it('is enough to find the store, without any secret', async () => {
    const file = write('earshot.yaml', `${MINIMAL}store: { path: "\${DATA:-./data}/e.db" }\n`);
    expect((await loadControlOnly({ file, env: {}, cwd: folder })).storePath).toBe(join(folder, 'data/e.db'));
    const lacking = write('other.yaml', 'store: { path: "${DATA}/e.db" }\n');
    await expect(loadControlOnly({ file: lacking, env: {}, cwd: folder })).rejects.toThrow(
      'other.yaml:1:16: the environment',
    );
  });
});
