import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { inspected } from './daemon.js';

/** What a WebSocket handshake with these headers is answered: 101, or the status of the refusal. */
async function handshake(url: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers });
  onTestFinished(() => socket.terminate());
  const refused = once(socket, 'unexpected-response').then(([, { statusCode }]) => Number(statusCode));
  socket.on('error', () => {});
  return Promise.race([once(socket, 'open').then(() => 101), refused]);
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function ask(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, { ...options, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    })
      .on('error', reject)
      .end();
  });
}

describe('the inspector’s port', () => {
  it('is loopback’s alone', async () => {
    const { inspector, lines } = await inspected();
    const { hostname, port } = new URL(inspector.url);
    expect(hostname).toBe('127.0.0.1');
    expect(lines[0]?.msg).toBe(
      `inspector: ws://127.0.0.1:${port}; open http://127.0.0.1:${port} to see the machines in Stately's inspector`,
    );
  });

  it.each([
    ['a program, which has no Origin', {}, 101],
    ['its own page', { origin: 'http://127.0.0.1:8080' }, 101],
    ['a page that a program here serves', { origin: 'http://localhost:5173' }, 101],
    ['the same by IPv6', { origin: 'http://[::1]:5173' }, 101],
    ['any other page', { origin: 'https://evil.example' }, 403],
    ['a name that begins like it', { origin: 'http://127.0.0.1.evil.example' }, 403],
    ['Stately’s page, which never connects by itself', { origin: 'https://stately.ai' }, 403],
    ['a sandboxed frame', { origin: 'null' }, 403],
    ['what is no address', { origin: 'rubbish' }, 403],
    ['localhost by name', { host: 'localhost:8080' }, 101],
    ['a name that was bound to this address', { host: 'evil.example:8080' }, 421],
    [
      'such a name with the Origin that goes with it',
      { host: 'evil.example', origin: 'http://evil.example' },
      421,
    ],
  ])('lets in, or not: %s', async (_, headers, status) => {
    const { inspector } = await inspected();
    expect(await handshake(inspector.url, headers)).toBe(status);
  });

  it('has eight viewers at most, and room again when one has left', async () => {
    const { inspector, lines } = await inspected();
    const first = new WebSocket(inspector.url.replace('http', 'ws'));
    await once(first, 'open');
    for (let more = 0; more < 7; more += 1) expect(await handshake(inspector.url)).toBe(101);
    expect(await handshake(inspector.url)).toBe(503);
    first.terminate();
    await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContain('inspector: a viewer left'));
    expect(await handshake(inspector.url)).toBe(101);
  });

  it('shows a page that frames Stately’s inspector, and lets it run nothing else', async () => {
    const { inspector } = await inspected();
    const { host } = new URL(inspector.url);
    const page = await ask(inspector.url, '/');
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(page.headers['content-security-policy']).toBe(
      `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ws://${host}; frame-src https://stately.ai https://*.stately.ai; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    const parts = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(parts).toEqual(['/inspector.css', '/relay.js']);
    for (const path of parts) expect(await ask(inspector.url, path)).toMatchObject({ status: 200 });
    expect(page.text).not.toMatch(/style=|onload=|<script>/);
  });

  it.each([
    ['GET', '/../package.json', {}, 404],
    ['GET', '/nothing', {}, 404],
    ['POST', '/', {}, 405],
    ['GET', '/', { host: 'evil.example' }, 421],
    ['GET', '/', { origin: 'https://evil.example' }, 403],
    ['HEAD', '/', {}, 200],
  ])('answers %s %s %j with %i', async (method, path, headers, status) => {
    const { inspector } = await inspected();
    const answer = await ask(inspector.url, path, { method, headers });
    expect(answer.status).toBe(status);
    expect(answer.text === '').toBe(method === 'HEAD');
  });

  it('says which port is taken, and what to do', async () => {
    const { inspector } = await inspected();
    const port = Number(new URL(inspector.url).port);
    await expect(inspected({ port })).rejects.toMatchObject({
      message: `inspector: the address 127.0.0.1:${port} is taken by another program`,
      remedy: 'give another one: --inspect PORT (0 picks one)',
    });
  });

  it('closes within a moment, whoever is connected and whatever they do', async () => {
    const { inspector } = await inspected();
    const { hostname, port } = new URL(inspector.url);
    const polite = new WebSocket(inspector.url.replace('http', 'ws'));
    await once(polite, 'open');
    const farewell = once(polite, 'close');
    // One that neither reads nor answers.
    const deaf = new WebSocket(inspector.url.replace('http', 'ws'));
    await once(deaf, 'open');
    deaf.pause();
    // In the middle of a handshake, refused, and not understood; none ever ends its side.
    const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\n';
    const stubborn = [
      'GET / HTTP/1.1\r\nHost: lo',
      `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://evil.example\r\n${upgrade}\r\n`,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${upgrade}\r\n`,
      'rubbish\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    ].map((text) => {
      const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true }, () =>
        socket.write(text),
      );
      socket.on('error', () => {});
      onTestFinished(() => void socket.destroy());
      return socket;
    });
    await Promise.all(stubborn.slice(1).map((socket) => once(socket, 'data')));
    const before = performance.now();
    await inspector.close();
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(await farewell).toMatchObject([1001, Buffer.from('Earshot has stopped')]);
  });
});
