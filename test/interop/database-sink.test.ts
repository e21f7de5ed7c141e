/** The daemon delivers to a real PostgREST on a real PostgreSQL: what arrives, and what becomes of trouble. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { askDaemon } from '../support/ask-daemon.js';
import { configText, kickStandin, type Running, runDaemon } from '../support/daemon.js';
import { earshot } from './peers/earshot.js';
import { token } from './peers/postgrest.js';
import { type Supabase, startSupabase, TABLE } from './peers/supabase.js';

let supabase: Supabase;

beforeAll(async () => {
  supabase = await startSupabase();
});
afterAll(() => supabase?.end());
beforeEach(() => supabase.empty());

interface SinkParts {
  readonly key?: string;
  readonly table?: string;
  readonly dedupeColumn?: string;
  readonly breaker?: string;
  readonly timeout?: string;
}

/** YAML of the one sink. */
function sink({
  key = token('service_role'),
  table = TABLE,
  dedupeColumn,
  breaker,
  timeout,
}: SinkParts): string {
  const lines = [
    'type: postgrest',
    `url: ${supabase.url}`,
    `table: ${table}`,
    ...(key === '' ? [] : [`key: ${key}`]),
    ...(dedupeColumn === undefined ? [] : [`dedupeColumn: ${dedupeColumn}`]),
    ...(breaker === undefined ? [] : [`breaker: ${breaker}`]),
    ...(timeout === undefined ? [] : [`timeout: ${timeout}`]),
  ];
  return `  database:\n${lines.map((line) => `    ${line}`).join('\n')}\n`;
}

async function listening(parts: SinkParts = { dedupeColumn: 'dedupe_key' }) {
  const kick = await kickStandin();
  const running = await runDaemon(configText({ kick, sinks: sink(parts) }));
  await running.untilLive();
  const say = (text: string, username = 'alice') => kick.say('channel1', { username, text });
  return { kick, say, running };
}

/** Changes the schema for one test. */
function altered(change: string, back: string): void {
  supabase.postgresql.sql(change);
  onTestFinished(() => {
    supabase.empty();
    supabase.postgresql.sql(back);
  });
}

/** Statements of PostgREST that are under way. */
const RUNNING = `SELECT count(*) FROM pg_stat_activity WHERE usename = 'authenticator' AND state = 'active';`;

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `@bob ${index}`);
const messages = () => supabase.rows().map(({ message }) => message);
const own = ({ running }: { running: Running }) => running.status().sinks[0];

describe('what arrives', () => {
  it('a row with everything that was said, the time as PostgreSQL has it', async () => {
    const { kick, running } = await listening();
    const before = Date.now();
    const id = kick.say('channel1', {
      username: 'alice',
      text: 'same here',
      replyTo: { username: 'bob', text: 'nice' },
    });
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    const [row] = supabase.rows();
    expect(row).toMatchObject({
      platform: 'kick',
      type: 'reply',
      channel: 'channel1',
      username: 'alice',
      message: 'same here',
      url: 'https://kick.com/channel1',
      original_message: 'nice',
      dedupe_key: `kick:${id}`,
    });
    // Kick writes whole seconds.
    expect(Math.abs(Date.parse(String(row?.timestamp)) - before)).toBeLessThan(2_000);
  });

  it('1,000 messages, each once, in order, in batches', async () => {
    const { say, running } = await listening();
    const texts = numbered(1_000);
    for (const text of texts) say(text);
    await running.until(({ sinks }) => sinks[0]?.delivered === 1_000, 15_000);
    expect(messages()).toEqual(texts);
    expect(running.status().sinks[0]?.requests).toBeLessThan(200);
  });

  it('whatever chat says: zero bytes, lone surrogates, every plane of Unicode, very long', async () => {
    const { say, running } = await listening();
    const texts = [
      '@bob \0zero\0',
      '@bob \ud83d lone \udc00',
      '@bob 😀 𝕏 👩‍👩‍👧 ‮ \u2028 \ufeff',
      `@bob ${'\u{1f600}'.repeat(10_000)}`,
      "@bob '); DROP TABLE kick_notifications; --",
      '@bob \\u0000 \\ud83d "quoted" \\',
    ];
    for (const text of texts) say(text);
    await running.until(({ sinks }) => sinks[0]?.delivered === texts.length);
    expect(running.status().sinks[0]).toMatchObject({ dead: 0, pending: 0 });
    expect(messages()).toHaveLength(texts.length);
    expect(messages()[2]).toContain('😀 𝕏 👩‍👩‍👧');
    expect(messages()[5]).toBe(texts[5]);
  });

  it('once, also when two daemons heard it', async () => {
    const first = await listening();
    const config = configText({ kick: first.kick, sinks: sink({ dedupeColumn: 'dedupe_key' }) });
    const second = await runDaemon(config);
    await second.untilLive();
    for (const text of numbered(100)) first.say(text);
    await first.running.until(({ sinks }) => sinks[0]?.delivered === 100);
    await second.until(({ sinks }) => sinks[0]?.delivered === 100);
    expect(messages().sort()).toEqual(numbered(100).sort());
  });

  it('through `earshot check --online` and `earshot test`', async () => {
    const kick = await kickStandin();
    const config = configText({ kick, sinks: sink({ dedupeColumn: 'dedupe_key' }) });
    const checked = await earshot(['check', '--online', '--json'], config);
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain('"what": "sink database"');
    expect(supabase.rows()).toEqual([]);
    expect(await earshot(['test', 'database'], config)).toMatchObject({ code: 0 });
    expect(messages()).toEqual([expect.stringContaining('This is a test of Earshot')]);
  });

  it('by a role that may insert and do nothing else, with the right to read the column of ON CONFLICT', async () => {
    altered(
      `GRANT SELECT (dedupe_key) ON ${TABLE} TO writer;`,
      `REVOKE ALL ON ${TABLE} FROM writer; GRANT INSERT ON ${TABLE} TO writer;`,
    );
    const { say, running } = await listening({ key: token('writer'), dedupeColumn: 'dedupe_key' });
    for (const text of numbered(3)) say(text);
    await running.until(({ sinks }) => sinks[0]?.delivered === 3);
    expect(messages()).toEqual(numbered(3));
  });

  it.each<[string, SinkParts, RegExp]>([
    ['no such table', { table: 'elsewhere' }, /create the table `elsewhere`/],
    ['no such column', { dedupeColumn: 'nowhere' }, /add the missing column/],
    ['a dedupeColumn that nothing keeps unique', { dedupeColumn: 'type' }, /UNIQUE/],
    ['a role that may read alone', { key: token('reader') }, /rights on `kick_notifications` \(INSERT\)/],
    [
      'a role that may not read the dedupeColumn',
      { key: token('writer'), dedupeColumn: 'dedupe_key' },
      /SELECT on `dedupe_key`/,
    ],
    ['a role that may insert alone', { key: token('writer') }, /^ {2}sink database/m],
  ])('`earshot check --online` finds out before anything is said: %s', async (_, parts, said) => {
    const kick = await kickStandin();
    const { stdout } = await earshot(['check', '--online'], configText({ kick, sinks: sink(parts) }));
    expect(stdout).toMatch(said);
    expect(supabase.rows()).toEqual([]);
  });
});

describe('rows that are not taken', () => {
  it('one poisoned row does not hold the rest; retried when the cause is gone, it arrives', async () => {
    const it = await listening({ dedupeColumn: 'dedupe_key' });
    const texts = numbered(120);
    for (const [index, text] of texts.entries()) it.say(text, index === 60 ? 'x'.repeat(26) : 'alice');
    await it.running.until(({ sinks }) => sinks[0]?.delivered === 119);
    await it.running.until(({ sinks }) => sinks[0]?.dead === 1);
    expect(own(it)?.lastError).toMatchObject({ code: '400/23514' });
    expect(messages()).toHaveLength(119);
    const constraint = 'kick_notifications_username_check';
    altered(
      `ALTER TABLE ${TABLE} DROP CONSTRAINT ${constraint};`,
      `ALTER TABLE ${TABLE} ADD CONSTRAINT ${constraint} CHECK (char_length(username) <= 25);`,
    );
    const { socket = '' } = it.running.daemon.address ?? {};
    expect(await askDaemon(socket, 'POST', '/dead/retry', { ids: 'all' })).toMatchObject({ status: 200 });
    await it.running.until(({ sinks }) => sinks[0]?.delivered === 120);
    expect(messages().sort()).toEqual([...texts].sort());
  });

  it('a row that is there already counts as delivered, and does not hold the others up', async () => {
    altered(`CREATE UNIQUE INDEX once ON ${TABLE} (message);`, 'DROP INDEX once;');
    supabase.postgresql.sql(
      `INSERT INTO ${TABLE} (platform, username, message) VALUES ('kick', 'alice', '@bob 7');`,
    );
    const it = await listening({});
    for (const text of numbered(30)) it.say(text);
    await it.running.until(({ sinks }) => sinks[0]?.delivered === 30);
    expect(own(it)).toMatchObject({ dead: 0 });
    expect(messages()).toHaveLength(30);
  });
});

describe('refused for good: asked no more, and told what to do', () => {
  it.each<[string, () => SinkParts, string, RegExp]>([
    ['an expired token', () => ({ key: token('service_role', -60) }), '401/PGRST301', /check `key`/],
    [
      'a token of somebody else',
      () => ({ key: token('service_role', 60, 'x'.repeat(32)) }),
      '401/PGRST301',
      /check `key`/,
    ],
    [
      'a role without the right',
      () => ({ key: token('reader') }),
      '403/42501',
      /rights on `kick_notifications`/,
    ],
    ['row security', () => ({ key: token('reader'), table: 'guarded' }), '403/42501', /rights on `guarded`/],
    ['no key', () => ({ key: '' }), '401/42501', /check `key`/],
    [
      'a key that is no token, for a server that knows none',
      () => ({ key: 'sb_secret_x' }),
      '401/42501',
      /check `key`/,
    ],
    ['no such table', () => ({ table: 'elsewhere' }), '404', /create the table `elsewhere`/],
    ['no such column', () => ({ dedupeColumn: 'nowhere' }), '400/PGRST204', /add the missing column/],
    ['a dedupeColumn that nothing keeps unique', () => ({ dedupeColumn: 'type' }), '400/42P10', /UNIQUE/],
  ])('%s', async (_, parts, code, remedy) => {
    const it = await listening(parts());
    it.say('@bob one');
    await it.running.until(({ sinks }) => sinks[0]?.state === 'refused');
    for (const text of numbered(10)) it.say(text);
    await it.running.until(({ sinks }) => sinks[0]?.pending === 11);
    expect(own(it)).toMatchObject({ requests: 1, dead: 0, lastError: { code } });
    const reason = it.running.status().reasons.find((its) => its.code === 'sinkRefused');
    expect(reason?.do).toMatch(remedy);
    expect(JSON.stringify(it.running.status())).not.toMatch(/eyJ|sb_secret/);
    expect([...supabase.rows(), ...supabase.rows('guarded')]).toEqual([]);
  });

  it('goes on where it stood once it is put right and resumed', async () => {
    const it = await listening({ dedupeColumn: 'url' });
    for (const text of numbered(3)) it.say(text);
    await it.running.until(({ sinks }) => sinks[0]?.state === 'refused');
    altered(
      `ALTER TABLE ${TABLE} ADD UNIQUE (url);`,
      `ALTER TABLE ${TABLE} DROP CONSTRAINT ${TABLE}_url_key;`,
    );
    const { socket = '' } = it.running.daemon.address ?? {};
    await askDaemon(socket, 'POST', '/sinks/database/resume');
    await it.running.until(({ sinks }) => sinks[0]?.delivered === 3);
    // The key of each stands where the configuration says.
    expect(supabase.rows().map(({ url }) => url)).toEqual(
      numbered(3).map(() => expect.stringMatching(/^kick:/)),
    );
  });
});

it('a column that goes while PostgREST remembers it refuses the sink; no message is blamed', async () => {
  const it = await listening({});
  altered(
    `ALTER TABLE ${TABLE} RENAME COLUMN original_message TO elsewhere;`,
    `ALTER TABLE ${TABLE} RENAME COLUMN elsewhere TO original_message;`,
  );
  it.say('@bob one');
  await it.running.until(({ sinks }) => sinks[0]?.state === 'refused');
  expect(own(it)).toMatchObject({ dead: 0, pending: 1, lastError: { code: '400/42703' } });
});

describe('PostgreSQL goes away', () => {
  it('waits, says so, and delivers all of it once it is back', async () => {
    const it = await listening({ dedupeColumn: 'dedupe_key', breaker: '{ failures: 3, recovery: 500ms }' });
    it.say('@bob before');
    await it.running.until(({ sinks }) => sinks[0]?.delivered === 1);
    await supabase.postgresql.goDown();
    for (const text of numbered(40)) it.say(text);
    await it.running.until(({ sinks }) => sinks[0]?.breaker.state === 'open', 15_000);
    expect(own(it)).toMatchObject({ dead: 0, pending: 40 });
    expect(own(it)?.lastError?.code).toBe('503/PGRST000');
    await it.running.until(({ health }) => health === 'degraded');
    await supabase.postgresql.comeBack();
    await it.running.until(({ sinks }) => sinks[0]?.delivered === 41, 15_000);
    expect(messages()).toEqual(['@bob before', ...numbered(40)]);
    expect(own(it)).toMatchObject({ dead: 0, pending: 0 });
  });

  it('tears the connections that PostgREST keeps: whatever that makes it answer, no message is blamed', async () => {
    const it = await listening({ dedupeColumn: 'dedupe_key', breaker: '{ failures: 50, recovery: 500ms }' });
    it.say('@bob one');
    await it.running.until(({ sinks }) => sinks[0]?.delivered === 1);
    supabase.tearConnections();
    it.say('@bob two');
    await it.running.until(({ sinks }) => sinks[0]?.delivered === 2, 15_000);
    expect(own(it)).toMatchObject({ dead: 0 });
    expect(messages()).toEqual(['@bob one', '@bob two']);
  });

  it('under load, three times: nothing becomes a dead letter', async () => {
    const it = await listening({ dedupeColumn: 'dedupe_key', breaker: '{ failures: 20, recovery: 500ms }' });
    const texts: string[] = [];
    for (let outage = 0; outage < 3; outage += 1) {
      const talking = setInterval(() => {
        const text = `@bob ${texts.length}`;
        texts.push(text);
        it.say(text);
      }, 2);
      await it.running.until(
        ({ sinks }) => (sinks[0]?.delivered ?? 0) >= texts.length - 50 && texts.length > 50 * (outage + 1),
      );
      await supabase.postgresql.goDown();
      await supabase.postgresql.comeBack();
      clearInterval(talking);
    }
    await it.running.until(({ sinks }) => sinks[0]?.delivered === texts.length, 20_000);
    expect(own(it)).toMatchObject({ dead: 0 });
    expect(messages()).toEqual(texts);
  }, 60_000);
});

describe('in doubt', () => {
  it('a statement slower than the timeout: sent again, and there once', async () => {
    // The first statement alone is slow.
    altered(
      `CREATE SEQUENCE naps;
       CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
         $$ BEGIN IF nextval('naps') = 1 THEN PERFORM pg_sleep(1); END IF; RETURN NULL; END $$;
       CREATE TRIGGER nap AFTER INSERT ON ${TABLE} FOR EACH STATEMENT EXECUTE FUNCTION nap();`,
      `DROP TRIGGER nap ON ${TABLE}; DROP FUNCTION nap(); DROP SEQUENCE naps;`,
    );
    const it = await listening({ dedupeColumn: 'dedupe_key', timeout: '300ms' });
    for (const text of numbered(5)) it.say(text);
    await it.running.until(({ sinks }) => sinks[0]?.delivered === 5);
    expect(it.running.status().timeouts['database send']?.timedOut).toBeGreaterThanOrEqual(1);
    // What timed out may still be under way: once it is through, nothing has become two.
    await it.running.until(() => supabase.postgresql.sql(RUNNING) === '0');
    expect(messages().sort()).toEqual(numbered(5));
  });

  it('PostgREST killed and restarted under load: all of it, once', async () => {
    const it = await listening({ dedupeColumn: 'dedupe_key', breaker: '{ failures: 20, recovery: 500ms }' });
    const texts = numbered(300);
    for (const [index, text] of texts.entries()) {
      it.say(text);
      if (index % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (index === 100) await supabase.postgrest.end();
      if (index === 200) await supabase.postgrest.start();
    }
    await it.running.until(({ sinks }) => sinks[0]?.delivered === 300, 15_000);
    expect(messages()).toEqual(texts);
    expect(own(it)).toMatchObject({ dead: 0 });
  });
});
