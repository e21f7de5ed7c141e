import { describe, expect, it } from 'vitest';
import type { KickStandin } from '../../src/demo/kick-standin.js';
import {
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';

const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };
const NO_HISTORY = '  gapFill: false';

/** Says one that is for bob and one for nobody, under the same ids each time. */
function sayBoth(kick: KickStandin, at = Date.now()): void {
  kick.say('channel1', { id: 'for-bob', username: 'alice', text: '@bob once', createdAt: at });
  kick.say('channel1', { id: 'for-nobody', username: 'alice', text: 'nothing', createdAt: at });
}

const sayNew = (kick: KickStandin) => kick.say('channel1', { username: 'alice', text: '@bob new' });

async function started(moreKick = '', folder = temporaryFolder()) {
  const kick = await kickStandin();
  const discord = await discordStandin(NO_LIMITS);
  const yaml = configText({ kick, sinks: discordSink(discord.webhook()), moreKick });
  const running = await runDaemon(yaml, folder);
  await running.untilLive();
  const shown = () => discord.embeds.map(({ description }) => String(description).replace('\u2060', ''));
  return { kick, discord, running, yaml, folder, shown };
}

describe('the same message', () => {
  it('is told once across reconnects', async () => {
    const { kick, running, shown } = await started(NO_HISTORY);
    sayBoth(kick);
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    kick.cut();
    await kick.until(() => kick.dials > 1 && kick.subscribed('channel1') === 1);
    sayBoth(kick);
    sayNew(kick);
    await running.until(({ sinks }) => sinks[0]?.delivered === 2);
    expect(shown()).toEqual(['@bob once', '@bob new']);
    expect(running.status().account).toMatchObject({ heard: 5, duplicates: 2, unmatched: 1, accepted: 2 });
  });

  it('is told once across transports', async () => {
    const { kick, running, shown } = await started(NO_HISTORY);
    const transport = () => running.status().sources[0]?.connections[0]?.transport;
    expect(transport()).toBe('centrifugo');
    sayBoth(kick);
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    kick.offer('pusher');
    kick.cut();
    await running.until(() => transport() === 'pusher');
    await kick.until(() => kick.subscribed('channel1') === 1);
    sayBoth(kick);
    sayNew(kick);
    await running.until(({ sinks }) => sinks[0]?.delivered === 2);
    expect(shown()).toEqual(['@bob once', '@bob new']);
    expect(running.status().account).toMatchObject({ heard: 5, duplicates: 2, unmatched: 1, accepted: 2 });
  });

  it('is told once across gap fills', async () => {
    const { kick, running, shown } = await started();
    sayBoth(kick);
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    kick.refuseConnections(true);
    kick.cut();
    await running.until(({ sources }) => sources[0]?.channels[0]?.state !== 'live');
    kick.say('channel1', { username: 'alice', text: '@bob missed' });
    kick.refuseConnections(false);
    await running.until(({ sinks }) => sinks[0]?.delivered === 2);
    await running.untilLive();
    sayNew(kick);
    await running.until(({ sinks }) => sinks[0]?.delivered === 3);
    // The history tells what was heard before the gap once more.
    expect(shown()).toEqual(['@bob once', '@bob missed', '@bob new']);
    expect(running.status().account).toMatchObject({ duplicates: 2, unmatched: 1, accepted: 3 });
  });

  it('is told once across restarts', async () => {
    const { kick, discord, running, yaml, folder, shown } = await started();
    sayBoth(kick);
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    await running.stop();
    const second = await runDaemon(yaml, folder);
    await second.untilLive();
    // By now the history has told it again; and then somebody tells it live.
    await second.until(({ account }) => account.duplicates === 1);
    sayBoth(kick);
    sayNew(kick);
    await second.until(({ sinks }) => sinks[0]?.delivered === 1);
    expect(shown()).toEqual(['@bob once', '@bob new']);
    expect(second.status().account).toMatchObject({ duplicates: 3, accepted: 1 });
    expect(discord.requests).toHaveLength(2);
  });
});
