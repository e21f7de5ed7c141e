/** What a trace says of the chat: nothing, unless somebody asked for it; and then only in the folder they named. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { segmentsIn } from '../../src/trace/folder.js';
import type { TraceLine, TraceMessage } from '../../src/trace/format.js';
import { replay, replayFiles } from '../../src/trace/replay.js';
import { askDaemon } from '../support/ask-daemon.js';
import { configText, discordSink, discordStandin, kickStandin, temporaryFolder } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';

const SECRET = 'CanaryWebhookToken-31415926535897932384626433';
/** In every text: one word finds all that was said, wherever it went. */
const CANARY = 'xyzzy';
const MORE = `rules:
  - { name: me, match: [mention] }
  - { name: seldom, match: { keywords: [plover] }, cooldown: 1h }
trace: { maxBytes: 64KiB, keep: 100 }`;

async function traced(...args: string[]) {
  const folder = temporaryFolder();
  const traces = join(folder, 'traces');
  const kick = await kickStandin();
  const discord = await discordStandin();
  const sinks = discordSink(discord.webhook('1234567890123456789', SECRET));
  const yaml = configText({ kick, sinks, more: MORE });
  const running = startProcess(yaml, folder, { args: ['--trace', traces, ...args] });
  await running.until(isLive);
  return {
    running,
    traces,
    socketPath: join(folder, 'earshot.db.sock'),
    say: (text: string, username = 'alice') => kick.say('channel1', { username, text: `${CANARY} ${text}` }),
    /** Its segments, once it has stopped. */
    async ended() {
      running.child.kill('SIGTERM');
      expect(await running.exited).toBe(0);
      return segmentsIn(traces).map((name) => readFileSync(join(traces, name), 'utf8'));
    },
  };
}

/** Reads the live trace; gives what it has told so far. */
function following(socketPath: string): Promise<() => string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const asked = request({ socketPath, path: '/trace', agent: false }, (response) => {
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('error', () => {});
      resolve(() => text);
    });
    asked.on('error', reject);
    asked.end();
    onTestFinished(() => void asked.destroy());
  });
}

const messagesIn = (segments: readonly string[]) =>
  segments
    .flatMap((text) => text.split('\n').filter(Boolean))
    .map((text) => JSON.parse(text) as TraceLine)
    .filter((line): line is TraceMessage => line.kind === 'message');

describe('earshot run --trace DIR --trace-content', () => {
  it('writes what matched into that folder, nothing else that was said, and says so at the start', async () => {
    const { running, traces, say, ended } = await traced('--trace-content');
    expect(running.lines[0]).toMatchObject({
      level: 'warn',
      msg: `chat text is written: every message that matches, into ${traces}`,
    });
    const from = Date.now();
    say('nothing of note');
    say('hey @bob');
    say('plover!', 'carol');
    say('plover again', 'carol');
    say(`@bob the hook is ${SECRET}`);
    await running.until(({ account, sinks }) => account.heard === 5 && sinks[0]?.delivered === 3);
    const segments = await ended();
    const messages = messagesIn(segments);
    expect(messages.map(({ username, text }) => `${username}: ${text}`)).toEqual([
      `alice: ${CANARY} hey @bob`,
      `carol: ${CANARY} plover!`,
      `alice: ${CANARY} @bob the hook is [secret]`,
    ]);
    const [first] = messages;
    expect(first).toEqual({
      kind: 'message',
      seq: expect.any(Number),
      at: expect.any(Number),
      wall: expect.any(Number),
      channel: 'channel1',
      username: 'alice',
      text: `${CANARY} hey @bob`,
      rules: ['me'],
      reasons: ['mention'],
      sinks: ['discord'],
    });
    expect(messages[1]).toMatchObject({ rules: ['seldom'], reasons: ['keyword'] });
    expect(first?.wall).toBeGreaterThanOrEqual(from);
    expect(segments.join('')).not.toContain(SECRET);
    expect(segments.join('').split(CANARY)).toHaveLength(4);
  }, 30_000);

  it('leaves every segment a trace that replays, as if nothing had been said', async () => {
    const { running, traces, say, ended } = await traced('--trace-content');
    const count = 20;
    for (let number = 0; number < count; number += 1) say(`@bob ${number} ${'🦜'.repeat(2_000)}`);
    await running.until(({ sinks }) => sinks[0]?.delivered === count);
    const segments = await ended();
    expect(segments.length).toBeGreaterThan(1);
    expect(messagesIn(segments)).toHaveLength(count);
    for (const text of segments) {
      expect(replay(text)).toMatchObject({ divergence: undefined, unreadable: 0, missing: 0 });
    }
    const without = (text: string) => text.replace(/^\{"kind":"message".*\n/gm, '');
    const whole = replayFiles(segmentsIn(traces).map((name) => join(traces, name)));
    expect(whole.events).toBeGreaterThan(100);
    expect(whole).toEqual(replay(segments.map(without).join('')));
  }, 30_000);

  it('keeps it out of the live trace, the flight recording and the log', async () => {
    const { running, socketPath, say, ended } = await traced('--trace-content');
    const told = await following(socketPath);
    say('hey @bob');
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    // By then it has told of what came after the message.
    await expect.poll(told).toContain('"type":"xstate.done.actor.attempt"');
    const { file } = JSON.parse((await askDaemon(socketPath, 'POST', '/blackbox')).text);
    expect(messagesIn(await ended())).toHaveLength(1);
    for (const text of [readFileSync(file, 'utf8'), told(), running.output()]) {
      expect(text).toContain('discord');
      expect(text).not.toContain(CANARY);
    }
  }, 30_000);
});

describe('earshot run --trace DIR', () => {
  it('writes nothing of what was said', async () => {
    const { running, say, ended } = await traced();
    say('hey @bob');
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    const text = (await ended()).join('');
    expect(replay(text)).toMatchObject({ divergence: undefined, missing: 0 });
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain('alice');
    expect(running.output()).not.toContain('chat text');
  }, 30_000);
});
