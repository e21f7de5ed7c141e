// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files under test hold such placeholders.
/** The command line from outside: the built program, its output and its exit codes. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../../src/control/listening.js';
import { type ControlCommands, createControl } from '../../src/control/server.js';
import { socketPathOf } from '../../src/control/socket-path.js';
import { realClock } from '../../src/real-world.js';
import type { StatusDocument } from '../../src/status.js';
import { openSqliteStore } from '../../src/store/sqlite.js';
import type { DeadLetter } from '../../src/store.js';
import { sampleStatus } from '../control/sample-status.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));
const TOKEN = 'caNary-tOken_0123456789';

let folder: string;
let ends: (() => void | Promise<void>)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'earshot-cli-'));
  ends = [() => rmSync(folder, { recursive: true, force: true })];
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
});

function earshot(args: readonly string[], { env = {}, input = '' }: { env?: object; input?: string } = {}) {
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: folder,
      env: { HOME: folder, PATH: process.env.PATH, ...env },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      err += data;
    });
    child.stdin.end(input);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const configure = (text: string) => writeFileSync(join(folder, 'earshot.yaml'), text);
const MINIMAL = 'watch: { username: bob }\nkick: { channels: [one, two] }\n';

const letter = (id: number): DeadLetter => ({
  id,
  sink: 'discord',
  end: 'dead',
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  code: '50035',
  text: 'invalid',
  notification: {
    message: {
      platform: 'kick',
      id: `m${id}`,
      channel: 'one',
      sender: { id: '1', username: 'eve' },
      text: 'hi @bob \u001b[2J\u0007',
      createdAt: 0,
    },
    rules: ['me'],
    reasons: ['mention'],
    watched: 'bob',
    matches: ['bob'],
    sinks: ['discord'],
  },
});

/** A daemon's control beside the folder's store, without a daemon. */
async function daemonLike(over: Partial<ControlCommands> = {}) {
  const asked: unknown[] = [];
  const control = createControl({
    control: false,
    socketPath: socketPathOf(join(folder, 'earshot.db')),
    commands: {
      status: () => sampleStatus(),
      isReady: () => true,
      deadLetters: () => [letter(3)],
      retry: (ids) => asked.push(['retry', ids]),
      discard: (ids) => asked.push(['discard', ids]),
      resume: (sink) => (sink === 'discord' ? 'resumed' : sink === 'database' ? 'notRefused' : 'unknown'),
      breaker(...order) {
        asked.push(order);
        return 'done';
      },
      addChannel: (...given) => void asked.push(given),
      blackbox: () => ({ file: '/var/lib/earshot.db.blackbox/one.ndjson', wall: 1, reason: 'asked' }),
      stop: (reason) => void asked.push(reason),
      ...over,
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    clock: realClock,
    listen,
  });
  await control.bind();
  ends.push(() => control.close());
  return asked;
}

describe('earshot', () => {
  it('says its version and its help', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await earshot(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
    const { code, out } = await earshot(['--help']);
    expect(code).toBe(0);
    for (const command of [
      'run',
      'demo',
      'check',
      'test',
      'status',
      'dead',
      'resume',
      'breaker',
      'channel',
    ]) {
      expect(out).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
  });

  it.each([
    [[]],
    [['fly']],
    [['status', '--nonsense']],
    [['resume']],
    [['breaker', 'discord', 'explode']],
    [['channel', 'add', 'one', '--chatroom', 'x']],
    [['dead', '--retry', '1', '--discard', '2']],
  ])('%j is wrong usage: 2', async (args) => {
    const { code, out, err } = await earshot(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).not.toBe('');
  });

  it.each([['run'], ['demo']])(
    '%s --trace-content without a folder for it is wrong usage: 2',
    async (command) => {
      configure(MINIMAL);
      expect(await earshot([command, '--trace-content'])).toEqual({
        code: 2,
        out: '',
        err: '--trace-content writes what was said into the folder of the trace, and there is none\n→ name one with --trace DIR, or with trace.dir in the configuration\n',
      });
      expect(readdirSync(folder)).not.toContain('earshot.db');
    },
  );

  it('exits 69 when no daemon runs, and says what to do', async () => {
    configure(MINIMAL);
    for (const args of [
      ['status'],
      ['dead'],
      ['resume', 'x'],
      ['breaker', 'x', 'reset'],
      ['channel', 'add', 'x', '--chatroom', '1'],
    ]) {
      expect(await earshot(args)).toEqual({
        code: 69,
        out: '',
        err: `no daemon is running on ${folder}/earshot.db\n→ start it with \`earshot run\`, or name its configuration with --config\n`,
      });
    }
  });

  it('exits 78 for a configuration with mistakes, each on its line, for every command that reads it', async () => {
    configure(
      'watch: { usrname: bob }\nkick: { channels: [a, a] }\nsinks: { d: { type: discord, url: "${HOOK}" } }\n',
    );
    for (const command of ['run', 'check', 'test']) {
      const { code, out, err } = await earshot([command]);
      expect(code).toBe(78);
      expect(out).toBe('');
      expect(err.trimEnd().split('\n')).toEqual([
        'earshot.yaml:1:8: watch.username: missing; give text',
        'earshot.yaml:1:10: unknown key `usrname`, did you mean `username`?',
        'earshot.yaml:2:23: kick.channels[2]: this channel is listed already',
        'earshot.yaml:3:35: the environment has no HOOK; set it, or write ${HOOK:-a default}',
      ]);
    }
    expect((await earshot(['status', '-c', 'nowhere.yaml'])).code).toBe(78);
  });
});

describe('check', () => {
  it('says what would run, without a secret in it', async () => {
    configure(
      `${MINIMAL}sinks:\n  phone: { type: discord, url: "https://discord.com/api/webhooks/123456789012345678/${TOKEN}" }\n`,
    );
    const people = await earshot(['check']);
    expect(people).toMatchObject({ code: 0, err: '' });
    expect(people.out).toContain('watch       bob\n');
    expect(people.out).toContain('rule me     mention, reply → phone\n');
    expect(people.out).toContain('2 channels over auto, gaps filled: one, two');
    const json = await earshot(['check', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ file: join(folder, 'earshot.yaml'), online: [] });
    expect(people.out + json.out).not.toContain(TOKEN);
  });

  it('asks Kick and the sinks with --online, and says what to do about each trouble', async () => {
    const asked: string[] = [];
    const url = await serving((method, path) => {
      asked.push(`${method} ${path}`);
      if (path === '/api/v2/channels/one') return [200, { id: 11, chatroom: { id: 22 } }];
      if (path.includes('/webhooks/')) return [404, { code: 10015, message: 'Unknown Webhook' }];
      // A role that may read, and not write.
      if (path.startsWith('/kick_notifications')) {
        return method === 'GET' ? [200, []] : [403, { code: '42501', message: 'permission denied' }];
      }
      return [403, 'blocked'];
    });
    configure(
      `watch: { username: bob }\nkick: { channels: [one, two], api: "${url}" }\nsinks:
  phone: { type: discord, url: "${url}/api/webhooks/123456789012345678/${TOKEN}" }
  db: { type: postgrest, url: "${url}", dedupeColumn: url }\n`,
    );
    const { code, out, err } = await earshot(['check', '--online']);
    expect(code).toBe(1);
    expect(asked.map((it) => it.replace(TOKEN, 'TOKEN'))).toEqual([
      'GET /api/v2/channels/one',
      'GET /api/v2/channels/two',
      'GET /api/v10/webhooks/123456789012345678/TOKEN',
      'POST /kick_notifications',
    ]);
    expect(out).toContain('  channel one  chatroom 22\n');
    expect(out).toMatch(/^! channel two {2}.*403/m);
    expect(out).toContain('earshot channel add two two.json');
    expect(out).toMatch(/^! sink phone {2}refused/m);
    expect(out).toMatch(/^! sink db {2}refused/m);
    expect(out).toContain('the rights on `kick_notifications` (INSERT, and SELECT on `url`)');
    expect(out + err).not.toContain(TOKEN);
  });
});

describe('test', () => {
  it('sends a marked sample to each sink, and exits 1 when one did not take it', async () => {
    const bodies: string[] = [];
    const url = await serving((_method, path, body) => {
      bodies.push(body);
      return path.includes('/webhooks/') ? [200, {}] : [503, 'away'];
    });
    configure(
      `${MINIMAL}sinks:
  phone: { type: discord, url: "${url}/api/webhooks/123456789012345678/${TOKEN}" }
  db: { type: postgrest, url: "${url}/rest/v1", key: ${TOKEN} }
`,
    );
    const one = await earshot(['test', 'phone']);
    expect(one).toEqual({ code: 0, out: '  phone  the sample was delivered\n', err: '' });
    expect(bodies.join()).toContain('This is a test of Earshot');
    const all = await earshot(['test', '--json']);
    expect(all.code).toBe(1);
    expect(JSON.parse(all.out).results).toMatchObject([
      { sink: 'phone', ok: true },
      { sink: 'db', ok: false },
    ]);
    expect(all.out + all.err).not.toContain(TOKEN);
    const typo = await earshot(['test', 'fone']);
    expect(typo).toMatchObject({ code: 2, err: 'unknown sink `fone`, did you mean `phone`?\n' });
  });
});

describe('with a daemon', () => {
  it('status shows it, and its exit code the health', async () => {
    let document: StatusDocument = sampleStatus();
    await daemonLike({ status: () => document });
    configure(`${MINIMAL}sinks: { d: { type: discord, url: "\${NOT_SET}" } }\n`);
    const healthy = await earshot(['status']);
    expect(healthy).toMatchObject({ code: 0, err: '' });
    expect(healthy.out).toContain('earshot 1.0.0  healthy');
    expect(healthy.out).not.toContain('\u001b');
    document = sampleStatus({ health: 'degraded' });
    const degraded = await earshot(['status', '--json', '--socket', 'earshot.db.sock']);
    expect(degraded.code).toBe(1);
    expect(JSON.parse(degraded.out)).toEqual(document);
  });

  it('resume, breaker and channel add reach it', async () => {
    const asked = await daemonLike();
    configure(MINIMAL);
    expect((await earshot(['resume', 'discord'])).out).toBe('discord tries again\n');
    expect((await earshot(['resume', 'database'])).out).toBe('database is not refused; nothing to do\n');
    expect(await earshot(['resume', 'nobody'])).toMatchObject({
      code: 1,
      err: 'there is no sink nobody\n→ type: earshot status --channels\n',
    });
    expect((await earshot(['breaker', 'discord', 'isolate', '--for', '30m'])).out).toBe(
      'circuit isolated (discord) for 30m\n',
    );
    writeFileSync(join(folder, 'one.json'), '{"id":11,"chatroom":{"id":22}}');
    expect((await earshot(['channel', 'add', 'one', 'one.json'])).out).toBe(
      'one is chatroom 22, channel 11\n',
    );
    await earshot(['channel', 'add', 'two', '-'], { input: '{"id":33,"chatroom":{"id":44}}' });
    expect((await earshot(['channel', 'add', 'two', '--chatroom', '44', '--json'])).out).toContain(
      '"chatroomId": 44',
    );
    expect(await earshot(['channel', 'add', 'two', '-'], { input: '<html>' })).toMatchObject({ code: 2 });
    expect(asked).toEqual([
      ['discord', 'isolate', 1_800_000],
      ['one', { chatroomId: 22, channelId: 11 }],
      ['two', { chatroomId: 44, channelId: 33 }],
      ['two', { chatroomId: 44 }],
    ]);
  });

  it('dead lists what it gave up, harmless for a terminal, and hands orders on', async () => {
    const asked = await daemonLike();
    configure(MINIMAL);
    const list = await earshot(['dead']);
    expect(list.code).toBe(0);
    expect(list.out).toContain(
      '3   2026-01-02T03:04:05Z  discord  dead (50035)  one      eve   hi @bob \ufffd[2J\ufffd\n',
    );
    expect(JSON.parse((await earshot(['dead', '--json'])).out).letters).toEqual([letter(3)]);
    await earshot(['dead', '--retry', '3', '4']);
    await earshot(['dead', '--discard', 'all']);
    expect(await earshot(['dead', '--retry', 'x'])).toMatchObject({ code: 2 });
    expect(asked).toEqual([
      ['retry', [3, 4]],
      ['discard', 'all'],
    ]);
  });
});

describe('dead without a daemon', () => {
  it('works on the file', async () => {
    configure(MINIMAL);
    const path = join(folder, 'earshot.db');
    const store = openSqliteStore({ path, durability: 'full', maxBytes: 1e9 });
    const { notification } = letter(1);
    store.commit({
      arrivals: [{ message: notification.message, notification, rows: [{ seq: 1, sink: 'discord' }] }],
      at: 1,
    });
    const error = { code: '50035', text: 'invalid', at: 1 };
    store.commit({ arrivals: [], settlements: [{ seq: 1, end: 'dead', error }], at: 1 });
    // Held by somebody who cannot be asked: it is not touched.
    expect((await earshot(['dead'])).err).toContain('another Earshot');
    store.close();
    expect((await earshot(['dead'])).out).toContain('dead (50035)');
    expect((await earshot(['dead', '--retry', 'all'])).out).toBe('1 back in the outbox\n');
    expect((await earshot(['dead'])).out).toBe('nothing was given up\n');
    const again = openSqliteStore({ path, durability: 'full', maxBytes: 1e9 });
    expect(again.pendingRows('discord', 0, 9)).toMatchObject([{ seq: 2 }]);
    again.close();
  });
});

/** An HTTP server on loopback that answers as told. */
async function serving(
  answer: (method: string, path: string, body: string) => [number, unknown],
): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => {
      body += data;
    });
    request.on('end', () => {
      const [status, value] = answer(request.method ?? '', (request.url ?? '').split('?')[0] ?? '', body);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof value === 'string' ? value : JSON.stringify(value));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}
