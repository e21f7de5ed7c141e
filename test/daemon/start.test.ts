import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { realWorld } from '../../src/real-world.js';
import { channels, configText, discordSink, kickStandin, temporaryFolder } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';

const AT_FIRST_DIAL = fileURLToPath(new URL('../support/at-first-dial.cjs', import.meta.url));

describe('the start', () => {
  it('loads nothing before the first dial that the dial has no need of', async () => {
    const kick = await kickStandin({ channels: channels(1) });
    const folder = temporaryFolder();
    const file = join(folder, 'loaded.json');
    const sinks = discordSink('https://discord.com/api/webhooks/123456789012345678/token');
    const earshot = startProcess(configText({ kick, sinks, transport: 'pusher' }), folder, {
      nodeArgs: ['--require', AT_FIRST_DIAL],
      env: { AT_FIRST_DIAL: file },
    });
    await earshot.until(isLive);
    const loaded = JSON.parse(readFileSync(file, 'utf8'));
    expect(loaded).toEqual(expect.arrayContaining(['ws', 'xstate', 'better-sqlite3', 'pino', 'yaml']));
    for (const later of ['undici', 'prom-client', 'pino-pretty', 're2js'])
      expect(loaded).not.toContain(later);
  });

  it('has loaded HTTP a little later all the same: its files may be replaced before something is delivered', async () => {
    const { cache } = createRequire(import.meta.url);
    const isLoaded = () => Object.keys(cache).some((file) => file.includes('/node_modules/undici/'));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const world = realWorld({ connectionsPerHost: 1 });
    vi.advanceTimersByTime(4_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isLoaded()).toBe(false);
    vi.advanceTimersByTime(1);
    await expect.poll(isLoaded).toBe(true);
    await world.close();
  });
});
