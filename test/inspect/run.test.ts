import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { configText, discordSink, discordStandin, kickStandin, temporaryFolder } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';
import { statelyViewer } from '../support/stately-viewer.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));
const CANARY = 'CanaryWebhookToken-31415926535897932384626433';

async function started(args: readonly string[]) {
  const kick = await kickStandin();
  const discord = await discordStandin();
  const yaml = configText({ kick, sinks: discordSink(discord.webhook('1234567890123456789', CANARY)) });
  return { kick, discord, running: startProcess(yaml, temporaryFolder(), { args }) };
}

const isSaid = (msg: string) => msg.startsWith('inspector:');

describe('earshot run --inspect', () => {
  it('says where it is, shows the machines there, and is gone with the daemon, whoever looks on', async () => {
    const { kick, running } = await started(['--inspect', '0']);
    await running.until(isLive);
    const said = running.lines.find(({ msg }) => isSaid(msg))?.msg ?? '';
    const url = /open (http:\/\/127\.0\.0\.1:\d+) /.exec(said)?.[1] ?? '';
    // Before anything else of the daemon: a viewer may be there from its first moment.
    expect(isSaid(running.lines[0]?.msg ?? '')).toBe(true);
    const viewer = statelyViewer(url);
    const deaf = new WebSocket(url.replace('http', 'ws'));
    onTestFinished(() => deaf.terminate());
    await once(deaf, 'open');
    deaf.pause();
    await vi.waitFor(() => expect(viewer.standing.size).toBeGreaterThan(10));
    kick.say('channel1', { username: 'alice', text: 'hey @bob' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    const before = performance.now();
    running.child.kill('SIGTERM');
    expect(await running.exited).toBe(0);
    expect(performance.now() - before).toBeLessThan(3_000);
    await vi.waitFor(() => expect([...viewer.standing.keys()]).toEqual([]));
    expect(JSON.stringify(viewer.frames)).not.toContain('hey');
  }, 30_000);

  it('tells no secret, and no chat, with --inspect-content either', async () => {
    const { kick, discord, running } = await started(['--inspect', '0', '--inspect-content']);
    await running.until(isLive);
    const said = running.lines.find(({ msg }) => isSaid(msg))?.msg ?? '';
    const viewer = statelyViewer(/open (\S+) /.exec(said)?.[1] ?? '');
    await vi.waitFor(() => expect(viewer.standing.size).toBeGreaterThan(10));
    discord.fail({ kind: 'error', status: 400, code: 50035, message: `Invalid ${CANARY}` });
    discord.fail({ kind: 'takenThenCut' });
    for (const text of ['@bob one', '@bob two']) kick.say('channel1', { username: 'alice', text });
    await running.until(({ sinks }) => sinks[0]?.lastError);
    running.child.kill('SIGTERM');
    expect(await running.exited).toBe(0);
    await vi.waitFor(() => expect([...viewer.standing.keys()]).toEqual([]));
    const told = JSON.stringify(viewer.frames);
    for (const text of [CANARY, 'alice', '@bob']) expect(told).not.toContain(text);
    expect(viewer.frames.length).toBeGreaterThan(50);
  }, 30_000);

  it('refuses a port that is taken: exit 1, which port, and what to do', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void holder.close());
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const { running } = await started(['--inspect', port]);
    expect(await running.exited).toBe(1);
    expect(running.output()).toBe(
      `inspector: the address 127.0.0.1:${port} is taken by another program\n→ give another one: --inspect PORT (0 picks one)\n`,
    );
  });

  it('looks for no port but the one that Stately’s tools look for, unless told', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'run', '--help']);
    expect(stdout).toMatch(/--inspect \[PORT\] [^-]*\(preset: "8080"\)/);
    expect(stdout).toContain('--inspect-content');
  });

  it.each(['70000', '-1', '80a'])('refuses %s as a port: exit 2', async (port) => {
    const { running } = await started([`--inspect=${port}`]);
    expect(await running.exited).toBe(2);
    expect(running.output()).toContain('Give a port: a whole number up to 65535.');
  });
});
