import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configText, discordSink, discordStandin, kickStandin, temporaryFolder } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';

const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };
const PHASES = [
  'cleanup: closing sources',
  'cleanup: draining queues',
  'cleanup: closing sinks',
  'cleanup: cancelling tasks',
  'cleanup: closing the store',
  'cleanup: closing sessions and control',
];

describe('stopping', () => {
  it('ends within 0.3 s of SIGTERM when idle, with 0, and with "Cleanup complete" as the last line', {
    retry: 3,
  }, async () => {
    const kick = await kickStandin();
    const discord = await discordStandin();
    const earshot = startProcess(
      configText({ kick, sinks: discordSink(discord.webhook()) }),
      temporaryFolder(),
    );
    await earshot.until(isLive);
    const asked = performance.now();
    earshot.child.kill('SIGTERM');
    expect(await earshot.exited).toBe(0);
    expect(performance.now() - asked).toBeLessThan(300);
    const said = earshot.lines.map(({ msg }) => msg);
    expect(said.at(-1)).toBe('Cleanup complete');
    expect(said.at(-2)).toMatch(/^account: heard 0, accepted 0/);
  });

  it('goes in order, each phase within its limit, under load while Discord hangs; what is left is delivered after the next start', async () => {
    const folder = temporaryFolder();
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const more = 'shutdown: { sources: 1s, drain: 500ms, sinks: 700ms, tasks: 500ms, store: 1s, total: 8s }';
    const yaml = configText({ kick, sinks: discordSink(discord.webhook()), more });
    const first = startProcess(yaml, folder);
    await first.until(isLive);
    discord.fail({ kind: 'hang' });
    for (let count = 0; count < 300; count += 1)
      kick.say('channel1', { username: 'alice', text: `@bob ${count}` });
    await first.until(({ sinks }) => (sinks[0]?.pending ?? 0) === 300);
    const asked = performance.now();
    first.child.kill('SIGTERM');
    const exitCode = await first.exited;
    expect(performance.now() - asked).toBeLessThan(4_000);
    const said = first.lines.map(({ msg }) => msg);
    const phases = said.filter((msg) => msg.startsWith('cleanup: '));
    expect(phases.map((msg, index) => msg.startsWith(PHASES[index] ?? '?'))).toEqual(PHASES.map(() => true));
    expect(said.at(-1)).toBe('Cleanup complete');
    expect(said.at(-2)).toContain('300 kept for the next start');
    expect(exitCode).toBe(0);

    discord.recover();
    const second = startProcess(yaml, folder);
    await second.until(({ sinks }) => sinks[0]?.delivered === 300);
    const texts = discord.embeds.map(({ description }) => String(description).replace('\u2060', ''));
    expect(texts).toEqual(Array.from({ length: 300 }, (_, count) => `@bob ${count}`));
    second.child.kill('SIGTERM');
    expect(await second.exited).toBe(0);
  });

  it('exits 1 when something could not be written, and closes everything all the same', async () => {
    const folder = temporaryFolder();
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const earshot = startProcess(configText({ kick, sinks: discordSink(discord.webhook()) }), folder);
    await earshot.until(isLive);
    const other = new Database(join(folder, 'earshot.db'));
    onTestFinished(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    kick.say('channel1', { username: 'alice', text: '@bob' });
    await earshot.until(({ account }) => account.waiting === 1);
    earshot.child.kill('SIGTERM');
    expect(await earshot.exited).toBe(1);
    const said = earshot.lines.map(({ msg }) => msg);
    expect(
      said
        .filter((msg) => msg.startsWith('cleanup: '))
        .map((msg, index) => msg.startsWith(PHASES[index] ?? '?')),
    ).toEqual(PHASES.map(() => true));
    expect(said).toContainEqual(expect.stringMatching(/closing the store.*1 messages could not be written/));
    expect(said.at(-2)).toContain('heard 1, accepted 0, dropped 0, waiting 1');
    expect(said.at(-1)).toBe('Cleanup complete');
  });

  it('exits 1 when acknowledgements could not be written: what they tell of will be delivered again', async () => {
    const folder = temporaryFolder();
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const earshot = startProcess(configText({ kick, sinks: discordSink(discord.webhook()) }), folder);
    await earshot.until(isLive);
    await discord.goOffline();
    kick.say('channel1', { username: 'alice', text: '@bob' });
    await earshot.until(({ account }) => account.accepted === 1);
    const other = new Database(join(folder, 'earshot.db'));
    onTestFinished(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    await discord.comeBack();
    await earshot.until(({ sinks }) => sinks[0]?.delivered === 1);
    earshot.child.kill('SIGTERM');
    expect(await earshot.exited).toBe(1);
    const said = earshot.lines.map(({ msg }) => msg);
    expect(said).toContainEqual(
      expect.stringMatching(/closing the store.*1 acknowledgements could not be written/),
    );
    expect(said.at(-1)).toBe('Cleanup complete');
  });

  it('is forced by a second signal: 128 + its number, at once', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const earshot = startProcess(
      configText({ kick, sinks: discordSink(discord.webhook()) }),
      temporaryFolder(),
    );
    await earshot.until(isLive);
    discord.fail({ kind: 'hang' });
    kick.say('channel1', { username: 'alice', text: '@bob' });
    await discord.until(() => discord.requests.length === 1);
    earshot.child.kill('SIGTERM');
    await earshot.until(({ state }) => state === 'stopping');
    const asked = performance.now();
    earshot.child.kill('SIGINT');
    expect(await earshot.exited).toBe(130);
    expect(performance.now() - asked).toBeLessThan(1_500);
  });
});
