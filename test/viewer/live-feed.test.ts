/** The live trace as the page reads it, from a real server that is not always well. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LiveFeed } from '../../visualizations/viewer/live-feed.js';

const HEADER = { kind: 'header', format: 3, version: '1.0.0', at: 0, wall: 0, machines: {} };
const line = (seq: number) =>
  `${JSON.stringify({ kind: 'stopped', seq, at: seq, wall: seq, life: seq, path: 'a', machine: 'm' })}\n`;

/** A feed on a server that answers as it is told, and what both saw. */
async function watched(answer: (response: ServerResponse, attempt: number) => void, silentMs?: number) {
  let attempts = 0;
  const server = createServer((_, response) => {
    attempts += 1;
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    answer(response, attempts);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const links: string[] = [];
  const batches: { at: number; kinds: string[] }[] = [];
  const feed = new LiveFeed({
    open: async (signal) => {
      const { body } = await fetch(`http://127.0.0.1:${port}/trace`, { signal });
      if (body === null) throw new Error('no body');
      return body;
    },
    told: (batch) => batches.push({ at: performance.now(), kinds: batch.map(({ line: { kind } }) => kind) }),
    link: (link) => links.push(link.kind === 'down' ? `down: ${String(link.error)}` : link.kind),
    ...(silentMs !== undefined && { silentMs }),
  });
  onTestFinished(() => {
    feed.stop();
    server.closeAllConnections();
    server.close();
  });
  feed.start();
  return {
    feed,
    links,
    batches,
    attempts: () => attempts,
    told: () => batches.flatMap(({ kinds }) => kinds),
  };
}

describe('the live feed', () => {
  it('tells what comes at most ten times a second, whole lines only', async () => {
    const seen = await watched((response) => {
      response.write(`${JSON.stringify(HEADER)}\n`);
      let seq = 0;
      const timer = setInterval(() => {
        seq += 1;
        const text = line(seq);
        response.write(text.slice(0, 20));
        response.write(text.slice(20));
        if (seq === 100) clearInterval(timer);
      }, 5);
    });
    await expect.poll(() => seen.told().length, { timeout: 10_000 }).toBe(101);
    expect(seen.told().filter((kind) => kind === 'stopped')).toHaveLength(100);
    const gaps = seen.batches.slice(1).map(({ at }, index) => at - (seen.batches[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(90);
  });

  it('comes back when the daemon closes, and says that it was away', async () => {
    const seen = await watched((response, attempt) => {
      response.write(`${JSON.stringify(HEADER)}\n`);
      if (attempt === 1) response.end();
    });
    await expect.poll(() => seen.told().length, { timeout: 10_000 }).toBe(2);
    expect(seen.links).toEqual([
      'connecting',
      'up',
      'down: Error: The daemon closed the connection',
      'connecting',
      'up',
    ]);
  });

  it('takes silence for an end, but not a daemon that has nothing to tell', async () => {
    const alive = await watched((response) => {
      const timer = setInterval(() => response.write('\n'), 40);
      response.on('close', () => clearInterval(timer));
    }, 300);
    const dead = await watched((response) => response.write(`${JSON.stringify(HEADER)}\n`), 300);
    await expect.poll(() => dead.links, { timeout: 10_000 }).toContain('down: Error: The daemon fell silent');
    expect(alive.links).toEqual(['connecting', 'up']);
    // A sign of life says that an introduction is over.
    expect(alive.batches.length).toBeGreaterThan(0);
    expect(alive.told()).toEqual([]);
  });

  it('waits longer each time, and not at all when it is told to hurry', async () => {
    const seen = await watched((response) => response.destroy());
    await expect.poll(() => seen.attempts(), { timeout: 10_000 }).toBe(2);
    const before = seen.attempts();
    seen.feed.hurry();
    await expect.poll(() => seen.attempts()).toBe(before + 1);
    await expect.poll(() => seen.links.at(-1)).toMatch(/^down/);
    seen.feed.stop();
    const stopped = seen.attempts();
    seen.feed.hurry();
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen.attempts()).toBe(stopped);
  });
});
