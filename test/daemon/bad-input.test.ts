import { describe, expect, it } from 'vitest';
import { draw } from '../../machines/backoff.js';
import { imbalance } from '../../src/account.js';
import { configText, discordSink, discordStandin, kickStandin, runDaemon } from '../support/daemon.js';

const FRAMES = 100_000;
const PER_TURN = 250;

/** Bad frames out of one seed: no JSON, huge, deep, of wrong types, half right. */
function* badFrames(seed: number): Generator<string> {
  let state = seed;
  const random = () => {
    const { value, seed: next } = draw(state);
    state = next;
    return value;
  };
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const junk = () =>
    pick<() => unknown>([
      () => null,
      () => true,
      () => random() * 1e18,
      () => '',
      () => 'x'.repeat(Math.floor(random() * 300)),
      () => [],
      () => ({}),
      () => ['[', { a: [1] }],
      () => '\ud800\0\u202e',
      () => -1,
    ])();
  const payload = () => ({
    id: junk(),
    chatroom_id: junk(),
    content: junk(),
    type: junk(),
    created_at: junk(),
    sender: random() < 0.5 ? junk() : { id: junk(), username: junk(), slug: junk(), identity: junk() },
    metadata: random() < 0.5 ? junk() : { original_sender: junk(), original_message: junk() },
  });
  for (;;) {
    const data = random() < 0.5 ? JSON.stringify(payload()) : payload();
    yield pick<() => string>([
      () => 'no json at all {',
      () => '['.repeat(1 + Math.floor(random() * 2_000)),
      () => JSON.stringify(junk()),
      () => JSON.stringify({ event: junk(), channel: junk(), data: junk() }),
      () => JSON.stringify({ event: 'App\\Events\\ChatMessageEvent', channel: 'chatrooms.5001.v2', data }),
      () =>
        JSON.stringify({
          event: 'App\\Events\\ChatMessageEvent',
          channel: 'chatrooms.5001.v2',
          data: junk(),
        }),
      () => JSON.stringify({ event: 'pusher:error', data: junk() }),
    ])();
  }
}

describe('bad input', () => {
  it(`survives ${FRAMES} bad frames, counts them, and goes on hearing`, async () => {
    const kick = await kickStandin();
    const discord = await discordStandin({
      bucket: { limit: 10_000, windowMs: 1_000 },
      channelPerMinute: null,
    });
    const running = await runDaemon(
      configText({ kick, sinks: discordSink(discord.webhook()), transport: 'pusher' }),
    );
    await running.untilLive();
    const before = process.memoryUsage.rss();
    const frames = badFrames(20_261_123);
    for (let sent = 0; sent < FRAMES; sent += PER_TURN) {
      await running.untilLive();
      for (let count = 0; count < PER_TURN; count += 1) kick.sendRaw(String(frames.next().value));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await running.untilLive();
    kick.say('channel1', { username: 'alice', text: '@bob, still there?' });
    await running.until(({ sinks }) => (sinks[0]?.delivered ?? 0) >= 1, 20_000);
    const { account } = running.status();
    expect(account.malformed).toBeGreaterThan(FRAMES / 4);
    expect(imbalance(account)).toBeUndefined();
    expect(process.memoryUsage.rss() - before).toBeLessThan(150 * 1024 * 1024);
    expect(
      discord.embeds.filter(({ description }) => String(description).includes('still there')),
    ).toHaveLength(1);
  }, 120_000);

  it('drops a frame above the limit with its socket, and comes back', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin();
    const running = await runDaemon(
      configText({ kick, sinks: discordSink(discord.webhook()), transport: 'pusher' }),
    );
    await running.untilLive();
    const dials = kick.dials;
    kick.sendRaw('x'.repeat(1024 * 1024 + 1));
    await kick.until(() => kick.dials > dials);
    await running.untilLive();
    kick.say('channel1', { username: 'alice', text: '@bob' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
  });
});
