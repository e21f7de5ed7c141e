/** The Pusher transport against a Pusher server that nobody here wrote: the whole daemon listens to soketi. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { InspectionEvent } from 'xstate';
import { CHAT_EVENT, liveMessage, type Say } from '../../src/demo/kick-message.js';
import { type KickChannel, type KickStandin, startKick } from '../../src/demo/kick-standin.js';
import { askDaemon } from '../support/ask-daemon.js';
import {
  channels,
  configText,
  discordSink,
  discordStandin,
  type Running,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';
import { type Soketi, type SoketiOptions, startSoketi } from './peers/soketi.js';

const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };

const RECONNECT = `
reconnect: { initial: 50ms, max: 500ms, stableAfter: 100ms, breaker: { failures: 5, recovery: 500ms } }`;

let soketi: Soketi;

beforeAll(async () => {
  soketi = await startSoketi();
});
afterAll(() => soketi?.end());

/** One of its own, for a test that ends or fills it. */
async function anotherSoketi(options: SoketiOptions = {}): Promise<Soketi> {
  const started = await startSoketi(options);
  onTestFinished(() => started.end());
  return started;
}

const chatOf = ({ chatroomId }: KickChannel) => `chatrooms.${chatroomId}.v2`;

interface Parts {
  readonly server?: Soketi;
  readonly key?: string;
  readonly watched?: readonly KickChannel[];
  /** More YAML at the top level. */
  readonly more?: string;
}

/** The daemon on soketi; Kick's stand-in answers its HTTP alone (the history), Discord's takes what is delivered. */
async function listening({
  server = soketi,
  key = server.key,
  watched = channels(1),
  more = '',
}: Parts = {}) {
  const kick = await startKick({ channels: watched });
  onTestFinished(() => kick.close());
  const discord = await discordStandin(NO_LIMITS);
  const told: string[] = [];
  const running = await runDaemon(
    configText({
      kick,
      channels: watched,
      sinks: discordSink(discord.webhook()),
      transport: 'pusher',
      pusher: { url: server.wsUrl, key },
      more: `${RECONNECT}\n${more}`,
    }),
    temporaryFolder(),
    'info',
    (seen: InspectionEvent) => {
      if (seen.type === '@xstate.event' && seen.event.type.startsWith('link.')) told.push(seen.event.type);
    },
  );
  const say = (channel: KickChannel, says: Say) =>
    server.publish(
      chatOf(channel),
      CHAT_EVENT,
      liveMessage({ ...channel, userId: channel.channelId }, says, Date.now()),
    );
  const shown = () => discord.embeds.map(({ description }) => String(description).replaceAll('\u2060', ''));
  return { kick, discord, running, say, shown, told };
}

const connection = (running: Running) => running.status().sources[0]?.connections[0];
const [ROOM] = channels(1) as [KickChannel];

/** Resolves once the claim about its channels holds; at most 5 s. */
async function untilOccupied(server: Soketi, claim: (channels: Record<string, number>) => boolean) {
  const end = performance.now() + 5_000;
  for (;;) {
    const occupied = await server.occupied();
    if (claim(occupied)) return;
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(occupied)}`);
  }
}

describe('what is said', () => {
  it('is heard, and delivered once, in order', async () => {
    const { running, say, shown } = await listening();
    await running.untilLive();
    await say(ROOM, { username: 'alice', text: '@bob one' });
    await say(ROOM, { username: 'alice', text: 'nobody is named' });
    await say(ROOM, { username: 'alice', text: 'same here', replyTo: { username: 'bob', text: 'nice' } });
    await say(ROOM, { username: 'alice', text: '@bob 😀 “ü” \u2028 two' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 3);
    expect(shown()).toEqual(['@bob one', 'same here', '@bob 😀 “ü” \u2028 two']);
    expect(running.status().account).toMatchObject({ heard: 4, accepted: 3, unmatched: 1, malformed: 0 });
  });

  it('in batches over many channels: every message, each once', async () => {
    const watched = channels(100);
    const { running, shown } = await listening({ watched });
    await running.untilLive();
    expect(running.status().sources[0]?.connections).toHaveLength(2);
    const said: string[] = [];
    for (let from = 0; from < 100; from += 10) {
      const batch = watched.slice(from, from + 10).map((channel) => {
        const text = `@bob in ${channel.slug}`;
        said.push(text);
        const data = liveMessage({ ...channel, userId: 1 }, { username: 'alice', text }, Date.now());
        return { channel: chatOf(channel), name: CHAT_EVENT, data };
      });
      await soketi.publishBatch(batch);
    }
    await running.until(({ sinks }) => sinks[0]?.delivered === 100, 15_000);
    expect(shown().sort()).toEqual(said.sort());
  });

  it('and what is no chat, or too large, or no JSON, is passed over; the connection stays', async () => {
    const { running, say, shown, told } = await listening({ more: 'limits: { eventSize: 16KiB }' });
    await running.untilLive();
    await soketi.publish(chatOf(ROOM), 'App\\Events\\ChatroomClearEvent', { id: 'x' });
    await soketi.publish(`channel.${ROOM.channelId}`, 'App\\Events\\StreamerIsLive', {
      livestream: { id: 1 },
    });
    await soketi.publish(chatOf(ROOM), CHAT_EVENT, 'no JSON');
    await soketi.publish(chatOf(ROOM), CHAT_EVENT, { content: 'x'.repeat(9_000) });
    // Twice as long on the wire, for each of them is escaped.
    await say(ROOM, { username: 'alice', text: `@bob ${'"'.repeat(8_000)}` });
    await say(ROOM, { username: 'alice', text: '@bob after' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    expect(shown()).toEqual(['@bob after']);
    expect(running.status().account.malformed).toBe(3);
    expect(told).not.toContain('link.closed');
  });
});

describe('the link', () => {
  it('asks a quiet server, and takes its pong for life', async () => {
    const more = 'timeouts: { pingEvery: 200ms, pong: 2s }';
    const { running, told } = await listening({ more });
    await running.untilLive();
    await running.until(() => told.filter((type) => type === 'link.heard').length >= 2, 10_000);
    expect(told.filter((type) => type === 'link.quiet').length).toBeGreaterThanOrEqual(2);
    expect(connection(running)).toMatchObject({ state: 'connected', attempt: 0 });
    expect(told).not.toContain('link.closed');
  });

  it('is given up when the server answers no ping any more, and made anew when it does', async () => {
    const server = await anotherSoketi();
    const more = 'timeouts: { pingEvery: 200ms, pong: 500ms, connect: 1s, close: 200ms }';
    const { running, say } = await listening({ server, more });
    await running.untilLive();
    await server.signal('SIGSTOP');
    await running.until(() => connection(running)?.state === 'backoff', 10_000);
    expect(connection(running)?.lastError?.text).toContain('answered no ping');
    await server.signal('SIGCONT');
    await running.untilLive();
    await say(ROOM, { username: 'alice', text: '@bob back' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
  });

  it('leaves a channel whose room has changed, and hears the new one', async () => {
    const { running, say, shown } = await listening();
    await running.untilLive();
    await untilOccupied(soketi, (occupied) => occupied[chatOf(ROOM)] === 1);
    const { socket = '' } = running.daemon.address ?? {};
    const moved = { ...ROOM, chatroomId: 7_777 };
    await askDaemon(socket, 'POST', `/channels/${ROOM.slug}`, { chatroomId: moved.chatroomId });
    await untilOccupied(soketi, (occupied) => occupied[chatOf(moved)] === 1 && !occupied[chatOf(ROOM)]);
    await running.untilLive();
    await say(ROOM, { username: 'alice', text: '@bob not this' });
    await say(moved, { username: 'alice', text: '@bob but this' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    expect(shown()).toEqual(['@bob but this']);
  });

  it('leaves everything when the daemon stops', async () => {
    const { running } = await listening();
    await running.untilLive();
    expect(await running.stop()).toMatchObject({ exitCode: 0 });
    await untilOccupied(soketi, (occupied) => !occupied[chatOf(ROOM)]);
  });
});

describe('refused', () => {
  it('a wrong key, by 4001: not tried again, and said what to look into', async () => {
    const { running, told } = await listening({ key: 'another-key' });
    await running.until(() => connection(running)?.state === 'failed');
    expect(connection(running)?.lastError).toMatchObject({ code: '4001' });
    const reason = running.status().reasons.find(({ code }) => code === 'connectionRefused');
    expect(reason?.do).toContain('kick.pusher.key');
    expect(told.filter((type) => type === 'link.dialled')).toHaveLength(1);
  });

  it('one connection too many, by 4100: it waits a second at least, and is let in when there is room', async () => {
    const server = await anotherSoketi({ connectionsMax: 1 });
    const other = new WebSocket(`${server.wsUrl}/app/${server.key}?protocol=7`);
    onTestFinished(() => other.terminate());
    await once(other, 'message');
    const { running, told } = await listening({ server });
    await running.until(() => connection(running)?.state === 'backoff');
    expect(connection(running)?.lastError).toMatchObject({ code: '4100' });
    const began = performance.now();
    await running.until(() => told.filter((type) => type === 'link.dialled').length === 2);
    expect(performance.now() - began).toBeGreaterThan(900);
    other.close();
    await running.until(() => connection(running)?.state === 'connected', 15_000);
    await running.untilLive();
  });

  it('Centrifugo refuses for good: soketi carries the chat', async () => {
    const watched = channels(1);
    const kick: KickStandin = await startKick({ channels: watched });
    onTestFinished(() => kick.close());
    kick.closeNewWith(3500, 'invalid token', 'centrifugo');
    const discord = await discordStandin(NO_LIMITS);
    const pusher = { url: soketi.wsUrl, key: soketi.key };
    const running = await runDaemon(
      configText({
        kick,
        channels: watched,
        sinks: discordSink(discord.webhook()),
        pusher,
        transport: 'auto',
      }),
    );
    await running.until(() => connection(running)?.transport === 'pusher');
    await running.untilLive();
    expect(kick.dials).toBe(1);
  });
});

describe('the server restarts', () => {
  it.each([
    ['in order: it closes with 4200', 'SIGTERM'],
    ['killed', 'SIGKILL'],
  ] as const)(
    '%s; every channel is subscribed again, and what was said meanwhile is filled in',
    async (_, signal) => {
      const server = await anotherSoketi();
      const watched = channels(100);
      const { kick, running, say, shown } = await listening({ server, watched });
      await running.untilLive();
      const [first] = watched as [KickChannel];
      await say(first, { username: 'alice', text: '@bob before' });
      await running.until(({ sinks }) => sinks[0]?.delivered === 1);
      await server.signal(signal);
      await running.until(() => connection(running)?.state === 'backoff');
      // Nobody hears it on the socket; the history has it.
      kick.say(first.slug, { username: 'alice', text: '@bob meanwhile' });
      await server.start();
      await untilOccupied(server, (occupied) => watched.every((channel) => occupied[chatOf(channel)] === 1));
      await running.untilLive();
      await say(first, { username: 'alice', text: '@bob after' });
      await running.until(({ sinks }) => sinks[0]?.delivered === 3, 15_000);
      expect(shown()).toEqual(['@bob before', '@bob meanwhile', '@bob after']);
      expect(running.status().account.dropped).toBe(0);
    },
    40_000,
  );
});
