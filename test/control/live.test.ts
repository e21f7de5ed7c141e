import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createActor } from 'xstate';
import { breakerMachine } from '../../machines/breaker.js';
import { LiveTrace } from '../../src/control/live.js';
import { realClock } from '../../src/real-world.js';
import type { TraceLine } from '../../src/trace/format.js';
import { TraceRecorder } from '../../src/trace/recorder.js';
import { replay } from '../../src/trace/replay.js';

function breaker(recorder: TraceRecorder) {
  const actor = createActor(breakerMachine, {
    inspect: recorder.inspect,
    input: { failuresMax: 1_000_000, recoveryMs: 1_000, recoveryMaxMs: 1_000, probeMs: 500, seed: 1, at: 0 },
  }).start();
  const { generation } = actor.getSnapshot().context;
  return (times: number) => {
    for (let count = 0; count < times; count += 1) actor.send({ type: 'call.failed', at: 0, generation });
  };
}

async function served(bufferMaxBytes?: number) {
  const recorder = new TraceRecorder({
    clock: realClock,
    version: '1.0.0',
    process: 'one',
    scrub: (line) => line,
  });
  const live = new LiveTrace({ recorder, clock: realClock, ...(bufferMaxBytes && { bufferMaxBytes }) });
  const refused: RequestListener = (_, response) => response.writeHead(503).end();
  const server = createServer((request, response) => {
    if (!live.attach(response, {})) refused(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    live.close();
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const connect = () =>
    new Promise<IncomingMessage>((resolve) => get({ port, host: '127.0.0.1', agent: false }, resolve));
  return { recorder, connect };
}

/** Keeps what comes; `until` waits for lines that suffice. */
function reading(response: IncomingMessage) {
  let text = '';
  const lines: TraceLine[] = [];
  const rest = { text: '' };
  const take = (chunk: unknown) => {
    const whole = `${rest.text}${chunk}`.split('\n');
    rest.text = whole.pop() ?? '';
    for (const line of whole.filter(Boolean)) {
      text += `${line}\n`;
      lines.push(JSON.parse(line) as TraceLine);
    }
  };
  const start = () => response.on('data', take);
  const until = async (isEnough: (lines: readonly TraceLine[]) => boolean) => {
    start();
    await expect.poll(() => isEnough(lines), { timeout: 15_000, interval: 5 }).toBe(true);
    response.off('data', take);
    return { lines, text };
  };
  return { until };
}

const seqOf = (line: TraceLine | undefined) => (line && 'seq' in line ? line.seq : 0);

describe('the live trace', () => {
  it('begins with everyone alive and goes on, so that any part of it replays', async () => {
    const { recorder, connect } = await served();
    const fail = breaker(recorder);
    fail(3);
    const response = await connect();
    expect(response.headers['content-type']).toBe('application/x-ndjson');
    fail(2);
    const { lines, text } = await reading(response).until((all) => all.length >= 4);
    expect(lines.map(({ kind }) => kind)).toEqual(['header', 'actor', 'event', 'event']);
    expect(lines[1]).toMatchObject({ context: { failures: 3 } });
    expect(replay(text)).toMatchObject({ events: 2, divergence: undefined });
  });

  it('drops lines for a reader that does not read, says how many, and begins afresh for it', async () => {
    const { recorder, connect } = await served(1_000_000);
    const fail = breaker(recorder);
    const slow = await connect();
    const quick = reading(await connect());
    // Far more than the sockets' own buffers take; each turn waits for the one who reads.
    for (let turn = 1; turn <= 30; turn += 1) {
      fail(2_000);
      await quick.until((lines) => seqOf(lines.at(-1)) === 1 + turn * 2_000);
    }
    const read = await quick.until(() => true);
    expect(read.lines.filter(({ kind }) => kind === 'gap')).toEqual([]);
    expect(read.lines).toHaveLength(60_002);
    const { lines } = await reading(slow).until(
      (all) => all.some(({ kind }) => kind === 'gap') && all.at(-1)?.kind === 'actor',
    );
    const at = lines.findIndex(({ kind }) => kind === 'gap');
    expect(lines[at]).toMatchObject({ lines: expect.any(Number) });
    expect(lines.slice(at + 1)).toMatchObject([
      { kind: 'header' },
      { kind: 'actor', context: { failures: 60_000 } },
    ]);
  }, 30_000);

  it('has eight readers at most, and forgets one that left', async () => {
    const { connect } = await served();
    const readers = await Promise.all(Array.from({ length: 8 }, connect));
    expect((await connect()).statusCode).toBe(503);
    const gone = new Promise((resolve) => readers[0]?.once('close', resolve));
    readers[0]?.destroy();
    await gone;
    await expect.poll(async () => (await connect()).statusCode, { timeout: 5_000 }).toBe(200);
  });
});
