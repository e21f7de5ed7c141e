import { once } from 'node:events';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Pages } from '../../src/control/pages.js';
import { serveRecording } from '../../src/control/recording-server.js';
import { traceFiles } from '../../src/trace/files.js';
import { temporaryFolder } from '../support/daemon.js';

const HEADER = JSON.stringify({ kind: 'header', format: 3, version: '1.0.0', at: 0, wall: 0, machines: {} });

function segment(folder: string, number: number, text: string): string {
  const file = join(folder, `trace-00000${number}.ndjson`);
  writeFileSync(file, text);
  return file;
}

async function shown(path: string) {
  const pages = temporaryFolder();
  mkdirSync(join(pages, 'viewer'));
  writeFileSync(join(pages, 'viewer', 'index.html'), 'the page');
  const server = await serveRecording(() => traceFiles(path), new Pages(pages));
  onTestFinished(() => server.close());
  return server;
}

describe('a recording that is shown', () => {
  it('is its segments, one after the other, as they are at that moment', async () => {
    const folder = temporaryFolder();
    segment(folder, 2, `${HEADER}\n{"kind":"two"}\n`);
    // Killed in the middle of a line.
    segment(folder, 1, `${HEADER}\n{"kind":"on`);
    const { url } = await shown(folder);
    const first = await fetch(`${url}/recording`);
    expect(first.headers.get('content-type')).toBe('application/x-ndjson');
    expect(first.headers.get('cache-control')).toBe('no-store');
    const told = `${HEADER}\n{"kind":"on\n${HEADER}\n{"kind":"two"}\n`;
    expect(await first.text()).toBe(told);
    appendFileSync(join(folder, 'trace-000002.ndjson'), '{"kind":"more"}\n');
    segment(folder, 3, `${HEADER}\n`);
    const second = await fetch(`${url}/recording`);
    expect(await second.text()).toBe(`${told}{"kind":"more"}\n${HEADER}\n`);
  });

  it('comes with the pages, and with nothing that a running daemon answers', async () => {
    const { url } = await shown(segment(temporaryFolder(), 1, HEADER));
    expect(await (await fetch(`${url}/`)).text()).toBe('the page');
    const status = await fetch(`${url}/status`);
    expect([status.status, await status.json()]).toEqual([
      404,
      {
        error: {
          code: 'recording',
          text: 'this shows a recording, no running daemon',
          do: 'open the address with #recorded',
        },
      },
    ]);
    expect((await fetch(`${url}/stop`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${url}/viewer/session`, { method: 'POST', body: '{}' })).status).toBe(405);
    expect(await (await fetch(`${url}/recording`, { method: 'HEAD' })).text()).toBe('');
  });

  it('is for this machine and this origin alone', async () => {
    const { url } = await shown(segment(temporaryFolder(), 1, HEADER));
    const { port } = new URL(url);
    const asked = async (headers: Record<string, string>) => {
      const [response] = await once(request(`${url}/recording`, { headers }).end(), 'response');
      response.resume();
      return response.statusCode;
    };
    expect(await asked({ host: 'evil.example' })).toBe(421);
    expect(await asked({ host: `127.0.0.1.evil.example:${port}` })).toBe(421);
    expect(await asked({ origin: 'https://evil.example' })).toBe(403);
    expect(await asked({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await asked({ origin: url, 'sec-fetch-site': 'same-origin' })).toBe(200);
  });

  it('says so when its files have gone', async () => {
    const folder = temporaryFolder();
    segment(folder, 1, HEADER);
    const { url } = await shown(folder);
    rmSync(folder, { recursive: true });
    const gone = await fetch(`${url}/recording`);
    expect(gone.status).toBe(404);
    expect(await gone.text()).toContain(`there is no trace at ${folder}`);
  });

  it('costs little memory, however long it is and however slowly it is read', async () => {
    const line = `${JSON.stringify({ kind: 'event', filler: 'x'.repeat(1_000) })}\n`;
    const text = `${HEADER}\n${line.repeat(64 * 1024)}`;
    const { url } = await shown(segment(temporaryFolder(), 1, text));
    const before = process.memoryUsage().arrayBuffers;
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.write('GET /recording HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    );
    await once(socket, 'readable');
    // This reader does not read on yet; the server has all the time it needs to read ahead.
    for (let turn = 0; turn < 2_000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(text.length / 4);
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await once(socket, 'close');
    expect(bytes).toBeGreaterThan(text.length);
  });

  it('ends with its server, whoever is still reading', async () => {
    const line = `${JSON.stringify({ kind: 'event', filler: 'x'.repeat(1_000) })}\n`;
    const server = await shown(segment(temporaryFolder(), 1, `${HEADER}\n${line.repeat(16 * 1024)}`));
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () =>
      socket.write('GET /recording HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    );
    await once(socket, 'readable');
    socket.on('error', () => {});
    const gone = once(socket, 'close');
    await server.close();
    socket.resume();
    await gone;
  });
});

describe('what is no trace', () => {
  const refused = (path: string) => {
    try {
      return traceFiles(path);
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };

  it('is refused by what its first line lacks', () => {
    const folder = temporaryFolder();
    expect(refused(join(folder, 'nothing'))).toBe(`there is no trace at ${join(folder, 'nothing')}`);
    expect(refused(folder)).toBe(`there is no trace at ${folder}`);
    for (const text of ['hello\n', '[]\n', 'null\n', '{"kind":"event"}\n', '{"kind":"header"}\n']) {
      const file = segment(folder, 1, text);
      expect(refused(file)).toBe(`${file} is no trace: its first line is not the header of one`);
      expect(refused(folder)).toContain('is no trace');
    }
    const none = segment(folder, 1, '');
    expect(refused(none)).toBe(`${none} is empty: there is nothing to replay`);
    expect(refused(folder)).toBe(`there is no trace at ${folder}`);
    const older = segment(folder, 1, HEADER.replace('"format":3', '"format":2'));
    expect(refused(older)).toBe(
      `${older} is a trace of format 2, written by Earshot 1.0.0; this version reads format 3`,
    );
    const well = segment(folder, 1, `${HEADER}\n`);
    expect(refused(well)).toEqual([well]);
  });
});
