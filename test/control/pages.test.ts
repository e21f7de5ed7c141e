import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../../src/control/client.js';
import { listen } from '../../src/control/listening.js';
import { Pages } from '../../src/control/pages.js';
import { createControl } from '../../src/control/server.js';
import { socketPathOf } from '../../src/control/socket-path.js';
import { realClock } from '../../src/real-world.js';
import type { TraceRecorder } from '../../src/trace/recorder.js';
import { daemonLike, silent } from './daemon-like.js';

let folder: string;
let ends: (() => void | Promise<void>)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'earshot-pages-'));
  ends = [() => rmSync(folder, { recursive: true, force: true })];
  mkdirSync(join(folder, 'pages', 'viewer', 'deep'), { recursive: true });
  place('secret.txt', 'caNary');
  place('pages/viewer/index.html', '<!doctype html><title>Earshot</title>');
  place('pages/viewer/viewer.js', 'export {};');
  place('pages/viewer/viewer.css', 'body {}');
  place('pages/viewer/notes.md', 'caNary');
  place('pages/viewer/deep/more.js', 'caNary');
  place('pages/breaker.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
  place('pages/breaker.json', '{}');
  place('pages/breaker.source.ts', 'caNary');
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'pages', 'linked.svg'));
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
});

const place = (name: string, text: string) => writeFileSync(join(folder, name), text);

async function served(
  pages = new Pages(join(folder, 'pages')),
  recorder?: Pick<TraceRecorder, 'introduction' | 'listen'>,
) {
  const control = createControl({
    control: { host: '127.0.0.1', port: 0, token: undefined, allowedHosts: [] },
    socketPath: socketPathOf(join(folder, 'earshot.db')),
    commands: daemonLike().commands,
    log: silent,
    clock: realClock,
    listen,
    pages,
    recorder,
  });
  const { url = '', socket } = await control.bind();
  ends.push(() => control.close());
  return { url, socket, port: Number(new URL(url).port) };
}

function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }>(
    (resolve, reject) => {
      const asking = request(url, { method, headers, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
        );
      });
      asking.on('error', reject);
      asking.end();
    },
  );
}

/** Asks for a path just as it stands, which no client library would send. */
function asked(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    );
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

describe('the pages', () => {
  it('are told apart by their types', async () => {
    const { url } = await served();
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/viewer/index.html', 'text/html; charset=utf-8'],
      ['/viewer/viewer.js', 'text/javascript; charset=utf-8'],
      ['/viewer/viewer.css', 'text/css; charset=utf-8'],
      ['/machines/breaker.svg', 'image/svg+xml; charset=utf-8'],
      ['/machines/breaker.json', 'application/json'],
    ]) {
      const { status, headers } = await get(url + path);
      expect([path, status, headers['content-type']]).toEqual([path, 200, type]);
    }
    expect((await get(`${url}/?x=1`)).text).toContain('<title>Earshot</title>');
  });

  it('run nothing inline, load nothing from elsewhere, send no referrer and sit in no frame', async () => {
    const { url } = await served();
    for (const path of ['/', '/viewer/viewer.js', '/machines/breaker.svg', '/viewer/missing.js']) {
      const { headers } = await get(url + path);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    }
    // Data stays data, wherever it is opened.
    const { headers } = await get(`${url}/status`);
    expect(headers['content-security-policy']).toBe("default-src 'none'");
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['referrer-policy']).toBe('no-referrer');
  });

  it('are kept by a browser until they change', async () => {
    const { url } = await served();
    const { headers } = await get(`${url}/`);
    expect(headers['cache-control']).toBe('no-cache');
    const etag = String(headers.etag);
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    const again = await get(`${url}/`, { 'if-none-match': `"other", ${etag}` });
    expect(again).toMatchObject({ status: 304, text: '', headers: { etag } });
    expect((await get(`${url}/`, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('have a head without a body', async () => {
    const { url } = await served();
    const { status, text, headers } = await get(`${url}/viewer/viewer.css`, {}, 'HEAD');
    expect([status, text, headers['content-length']]).toEqual([200, '', '7']);
  });

  it('are these files alone, whatever path is asked', async () => {
    const { url, port } = await served();
    for (const path of [
      '/viewer/',
      '/viewer/notes.md',
      '/viewer/deep/more.js',
      '/viewer/constructor',
      '/machines/breaker.source.ts',
      '/machines/linked.svg',
      '/machines/viewer',
    ]) {
      const { status, text } = await get(url + path);
      expect([path, status]).toEqual([path, 404]);
      expect(text).toBe(`there is no page ${path}\n`);
    }
    for (const path of [
      '/viewer/../../secret.txt',
      '/viewer/%2e%2e/%2e%2e/secret.txt',
      '/viewer/..%2f..%2fsecret.txt',
      '/machines/..\\secret.txt',
      '/viewer//index.html',
      `/viewer/${folder}/secret.txt`,
    ]) {
      const reply = await asked(port, path);
      expect([path, reply.split('\r\n')[0]]).toEqual([path, 'HTTP/1.1 404 Not Found']);
      expect(reply).not.toContain('caNary');
    }
  });

  it('are of one version, whatever happens to the files meanwhile', async () => {
    const { url } = await served();
    await get(`${url}/`);
    place('pages/viewer/viewer.js', 'newer');
    rmSync(join(folder, 'pages', 'viewer', 'viewer.css'));
    expect((await get(`${url}/viewer/viewer.js`)).text).toBe('export {};');
    expect((await get(`${url}/viewer/viewer.css`)).status).toBe(200);
  });

  it('that are not installed are said to be missing, until they are there', async () => {
    const { url } = await served(new Pages(join(folder, 'nowhere')));
    const { status, text } = await get(`${url}/`);
    expect(status).toBe(404);
    expect(text).toBe(`the pages are not installed: ${join(folder, 'nowhere')} cannot be read (ENOENT)\n`);
    expect((await get(`${url}/status`)).status).toBe(200);
    mkdirSync(join(folder, 'nowhere', 'viewer'), { recursive: true });
    place('nowhere/viewer/index.html', 'here');
    expect((await get(`${url}/`)).text).toBe('here');
  });

  it('of the package are there, with everything that they name', async () => {
    const { url } = await served(new Pages());
    const { text } = await get(`${url}/`);
    const named = [...text.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(1);
    for (const path of [...named, '/machines/breaker.svg', '/machines/breaker.json', '/machines/tree.svg']) {
      expect([path, (await get(url + path)).status]).toEqual([path, 200]);
    }
  });

  it('are no business of the socket', async () => {
    const { socket } = await served();
    await expect(ask(socket, 'GET', '/viewer/viewer.js')).rejects.toThrow('there is nothing here');
  });
});

describe('the trace as it happens', () => {
  it('is told to eight at a time; the next is told why not', async () => {
    const { url } = await served(undefined, { introduction: () => ['{}'], listen: () => () => {} });
    const readers = await Promise.all(Array.from({ length: 8 }, () => fetch(`${url}/trace`)));
    expect(readers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    const { status, text } = await get(`${url}/trace`);
    expect(status).toBe(503);
    expect(text).toContain('close another page');
    await Promise.all(readers.map(({ body }) => body?.cancel()));
  });
});

describe('another site', () => {
  it('may lead to a page, and embed or fetch nothing', async () => {
    const { url } = await served();
    for (const site of ['cross-site', 'same-site']) {
      const headers = { 'sec-fetch-site': site };
      expect((await get(`${url}/`, headers)).status).toBe(200);
      expect((await get(`${url}/status`, headers)).status).toBe(403);
      expect((await get(`${url}/trace`, headers)).status).toBe(403);
    }
    for (const site of ['same-origin', 'none']) {
      expect((await get(`${url}/status`, { 'sec-fetch-site': site })).status).toBe(200);
    }
  });
});
