/** The addresses that a person opens in a browser: what the commands print, and what may be done with it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configText, kickStandin, temporaryFolder } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

function earshot(folder: string, ...args: string[]) {
  return new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [CLI, ...args], { cwd: folder }, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, out, err }),
    );
  });
}

/** A running daemon, with whatever its process was told to trace and to log. */
async function running(control = 'control: { port: 0 }') {
  const folder = temporaryFolder();
  const kick = await kickStandin();
  const more = `${control}\ntrace: { dir: traces }`;
  const daemon = startProcess(configText({ kick, sinks: '  console: { type: console }', more }), folder, {
    args: ['--log-level', 'debug'],
  });
  await daemon.until(isLive);
  return { folder, daemon };
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

function post(url: string, body: object, headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method: 'POST', headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asking.on('error', reject);
    asking.end(JSON.stringify(body));
  });
}

const ADDRESS = /^(http:\/\/\S+)\/#code=([\w-]{32})$/m;

describe('earshot open', () => {
  it('prints an address that is good for one session, and what to type on another machine', async () => {
    const { folder, daemon } = await running();
    const { code: exitCode, out } = await earshot(folder, 'open');
    expect(exitCode).toBe(0);
    const [, url = '', code = ''] = ADDRESS.exec(out) ?? [];
    const { port } = new URL(url);
    expect(out.split('\n')[1]).toMatch(
      new RegExp(
        `^Good once, within 5 minutes\\. From another machine, first: ssh -L ${port}:127\\.0\\.0\\.1:${port} \\S+@\\S+$`,
      ),
    );

    const session = (over: Record<string, string> = {}) => post(`${url}/viewer/session`, { code }, over);
    // By a name that was bent to lead here, and from another page: neither, and the code is still good.
    expect((await session({ host: 'evil.example' })).status).toBe(421);
    expect((await session({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await session({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await session({ 'sec-fetch-site': 'same-origin', origin: url })).status).toBe(200);
    const replayed = await session();
    expect(replayed.status).toBe(401);
    expect(replayed.text).toContain('earshot open');

    const second = ADDRESS.exec((await earshot(folder, 'open')).out)?.[2] ?? '';
    expect(second).not.toBe(code);
    const opened = await post(`${url}/viewer/session`, { code: second }, { origin: url });
    const { token, expiresInMs } = JSON.parse(opened.text) as { token: string; expiresInMs: number };
    expect(expiresInMs).toBe(12 * 3_600_000);

    // Looking needs nothing; acting needs the session, not its code.
    expect((await fetch(`${url}/status`)).status).toBe(200);
    const isolate = (headers: Record<string, string>) =>
      post(`${url}/breakers/connection-1`, { action: 'isolate' }, headers);
    expect((await isolate({})).status).toBe(401);
    expect((await isolate({ authorization: `Bearer ${second}` })).status).toBe(401);
    const held = { authorization: `Bearer ${token}` };
    expect((await isolate({ ...held, origin: 'https://evil.example' })).status).toBe(403);
    expect((await isolate({ ...held, host: 'evil.example' })).status).toBe(421);
    expect((await isolate({ ...held, origin: url })).status).toBe(200);

    // What was secret in all this is told nowhere.
    const said = [
      await (await fetch(`${url}/status`)).text(),
      await (await fetch(`${url}/metrics`)).text(),
      daemon.output(),
      ...readdirSync(join(folder, 'traces')).map((name) =>
        readFileSync(join(folder, 'traces', name), 'utf8'),
      ),
    ].join('\n');
    expect(said).toContain('sources/kick/connection-1/breaker');
    const stored = readFileSync(join(folder, 'earshot.db.token'), 'utf8').trim();
    for (const secret of [token, code, second, stored]) expect(said).not.toContain(secret);
  }, 30_000);

  it('prints JSON for programs', async () => {
    const { folder } = await running();
    const { url, tunnel } = JSON.parse((await earshot(folder, 'open', '--json')).out) as {
      url: string;
      tunnel: string;
    };
    expect(url).toMatch(ADDRESS);
    expect(tunnel).toContain(`:127.0.0.1:${new URL(url).port} `);
  }, 30_000);

  it('leads through the tunnel to the address that is listened on', async () => {
    const { folder } = await running("control: { port: 0, host: '::1' }");
    const { out } = await earshot(folder, 'open');
    expect(out).toMatch(/^http:\/\/\[::1\]:\d+\/#code=/);
    expect(out).toMatch(/ssh -L (\d+):\[::1\]:\1 /);
    const [, url = '', code = ''] = ADDRESS.exec(out) ?? [];
    expect((await post(`${url}/viewer/session`, { code }, { origin: url })).status).toBe(200);
  }, 30_000);

  it('gives an address that a browser can open where every one is listened on', async () => {
    const { folder } = await running(
      "control: { port: 0, host: 0.0.0.0, token: 'caNary-0123456789-0123456789' }",
    );
    const { out } = await earshot(folder, 'open');
    const [, url = '', code = ''] = ADDRESS.exec(out) ?? [];
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(out).toMatch(/ssh -L (\d+):127\.0\.0\.1:\1 /);
    expect(out).not.toContain('caNary');
    // Not on the loopback alone: looking needs the session too, but for the page itself.
    expect((await fetch(`${url}/status`)).status).toBe(401);
    const { token } = JSON.parse((await post(`${url}/viewer/session`, { code })).text) as { token: string };
    const status = await fetch(`${url}/status`, { headers: { authorization: `Bearer ${token}` } });
    expect(status.status).toBe(200);
  }, 30_000);

  it('says what to change when there is no HTTP, and when there is no daemon', async () => {
    const { folder, daemon } = await running('control: false');
    const without = await earshot(folder, 'open');
    expect([without.code, without.out]).toEqual([1, '']);
    expect(without.err).toBe(
      'this daemon has no HTTP to look at\n→ take `control: false` out of its configuration\n',
    );
    daemon.child.kill('SIGTERM');
    await daemon.exited;
    const gone = await earshot(folder, 'open');
    expect(gone.code).toBe(69);
    expect(gone.err).toContain('no daemon is running');
  }, 30_000);
});

describe('earshot replay --open', () => {
  const HEADER = JSON.stringify({ kind: 'header', format: 3, version: '1', at: 0, wall: 0, machines: {} });

  /** Started, and what it has printed by then. */
  async function shown(folder: string, ...args: string[]): Promise<{ child: ChildProcess; out: string }> {
    const child = spawn(process.execPath, [CLI, 'replay', ...args], { cwd: folder });
    onTestFinished(() => void child.kill('SIGKILL'));
    let out = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      out += chunk;
      if (/ssh -L .*\n/.test(out)) break;
    }
    return { child, out };
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('shows a recording until %s', async (signal) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'trace-000001.ndjson'), `${HEADER}\n`);
    const { child, out } = await shown(folder, '.', '--open');
    const [, url = '', port = ''] = /^(http:\/\/127\.0\.0\.1:(\d+))\/#recorded$/m.exec(out) ?? [];
    expect(out).toContain(`From another machine, first: ssh -L ${port}:127.0.0.1:${port} `);
    expect(await (await fetch(`${url}/recording`)).text()).toBe(`${HEADER}\n`);
    const exited = once(child, 'exit');
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
    await expect(fetch(`${url}/recording`)).rejects.toThrow();
  });

  it('prints JSON for programs', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'one.ndjson'), `${HEADER}\n`);
    const { out } = await shown(folder, 'one.ndjson', '--open', '--json');
    expect(JSON.parse(out)).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#recorded$/),
      tunnel: expect.stringMatching(/^ssh -L /),
    });
  });

  it('shows all of it, and is not to be combined with what replays a part', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'one.ndjson'), `${HEADER}\n`);
    for (const other of [['--actor', 'pool'], ['--until', '90s'], ['--format', 'mermaid'], ['--as-test']]) {
      const { code, err } = await earshot(folder, 'replay', 'one.ndjson', '--open', ...other);
      expect([code, err]).toEqual([2, expect.stringContaining('cannot be used with option')]);
    }
  });

  it('refuses what is no trace, and listens to nobody', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'letter.txt'), 'Dear Bob\n');
    for (const [path, why] of [
      ['letter.txt', 'letter.txt is no trace: its first line is not the header of one'],
      ['nothing', 'there is no trace at nothing'],
      ['.', 'there is no trace at .'],
    ] as const) {
      const { code, out, err } = await earshot(folder, 'replay', path, '--open');
      expect([code, out]).toEqual([1, '']);
      expect(err).toBe(`${why}\n→ record one: earshot run --trace DIR, or earshot demo --trace DIR\n`);
      expect(await earshot(folder, 'replay', path)).toEqual({ code, out, err });
    }
  });
});
