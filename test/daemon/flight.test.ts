import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { segmentsIn } from '../../src/trace/folder.js';
import type { TraceLine } from '../../src/trace/format.js';
import { replay } from '../../src/trace/replay.js';
import { configText, discordSink, discordStandin, kickStandin, temporaryFolder } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

/** What `earshot …` prints, run in this folder. */
async function earshot(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...args], { cwd: folder });
  return stdout;
}

const parsed = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TraceLine);

async function started(options: Parameters<typeof startProcess>[2] = {}, more = '') {
  const folder = temporaryFolder();
  const kick = await kickStandin();
  const discord = await discordStandin();
  const yaml = configText({
    kick,
    sinks: discordSink(discord.webhook(), 'breaker: { failures: 2, recovery: 1s }'),
    more,
  });
  const running = startProcess(yaml, folder, options);
  await running.until(isLive);
  return { folder, kick, discord, running };
}

describe('the flight recorder of a daemon', () => {
  it('writes when the daemon turns degraded; log and status name the file, and it replays', async () => {
    const { folder, kick, discord, running } = await started();
    expect((await running.status()).trace.blackbox).toBeNull();
    // For good: whoever asks for the status later still finds it degraded.
    discord.fail({ kind: 'status', status: 503 });
    kick.say('channel1', { username: 'alice', text: 'hey @bob' });
    await running.until(({ trace }) => trace.blackbox);
    const { blackbox } = (await running.status()).trace;
    expect(blackbox).toMatchObject({ reason: 'degraded' });
    const file = blackbox?.file ?? '';
    expect(running.lines.find(({ msg }) => msg.startsWith('flight recording'))?.msg).toContain(file);
    const text = readFileSync(file, 'utf8');
    expect(replay(text)).toMatchObject({ divergence: undefined, unreadable: 0 });
    expect(text).not.toContain('hey');
    const [breaker] = parsed(text).filter(
      (line) => line.kind === 'actor' && line.path === 'sinks/discord/breaker',
    );
    const opened = parsed(text).find(
      (line) =>
        line.kind === 'event' &&
        breaker?.kind === 'actor' &&
        line.life === breaker.life &&
        line.to === 'open',
    );
    expect(opened).toBeDefined();
    // A line of the log leads to its place in the trace.
    const said = running.lines.find(({ msg }) => msg.startsWith('circuit open')) as unknown as {
      seq: number;
    };
    expect(opened && 'seq' in opened && Math.abs(opened.seq - said.seq)).toBeLessThanOrEqual(2);
    expect(await earshot(folder, 'status').catch(({ stdout }: { stdout: string }) => stdout)).toContain(
      `earshot replay ${file} --open`,
    );
  }, 30_000);

  it('writes when it is asked to: earshot blackbox', async () => {
    const { folder } = await started();
    const [file = ''] = (await earshot(folder, 'blackbox')).split('\n');
    expect(file).toContain('-asked.ndjson');
    expect(replay(readFileSync(file, 'utf8'))).toMatchObject({ divergence: undefined, unreadable: 0 });
    expect(await earshot(folder, 'replay', file)).toMatch(/^\d+ events, \d+ actors, 0 divergences/);
  }, 30_000);

  it('writes when the daemon crashes, and so does the trace, to its last line', async () => {
    const boom = `data:text/javascript,process.on('SIGUSR2',()=>{throw new Error('boom')})`;
    const traced = temporaryFolder();
    const { folder, running } = await started({ nodeArgs: ['--import', boom], args: ['--trace', traced] });
    running.child.kill('SIGUSR2');
    expect(await running.exited).toBe(1);
    expect(running.output()).toContain('failed: boom');
    const [name = ''] = readdirSync(join(folder, 'earshot.db.blackbox'));
    expect(name).toContain('-crashed.ndjson');
    const recordings = [join(folder, 'earshot.db.blackbox', name), join(traced, segmentsIn(traced)[0] ?? '')];
    for (const file of recordings) {
      const result = replay(readFileSync(file, 'utf8'));
      expect(result).toMatchObject({ divergence: undefined, unreadable: 0 });
      expect(result.events).toBeGreaterThan(20);
    }
  }, 30_000);
});

describe('a trace in the configuration', () => {
  it('is written where it says, in as many segments as it says', async () => {
    const { folder, running } = await started({}, 'trace: { dir: traces, keep: 2, maxBytes: 64KiB }');
    running.child.kill('SIGTERM');
    expect(await running.exited).toBe(0);
    const [name = ''] = segmentsIn(join(folder, 'traces'));
    const text = readFileSync(join(folder, 'traces', name), 'utf8');
    expect(replay(text)).toMatchObject({ divergence: undefined, unreadable: 0 });
    const root = parsed(text).find((line) => line.kind === 'actor' && line.path === 'supervisor');
    const last = parsed(text).filter(
      (line) => line.kind === 'stopped' && root?.kind === 'actor' && line.life === root.life,
    );
    expect(last).toHaveLength(1);
  }, 30_000);

  it('that cannot be written is refused at the start, in one sentence', async () => {
    const folder = temporaryFolder();
    const kick = await kickStandin();
    const yaml = configText({
      kick,
      sinks: '  console: { type: console }',
      more: 'trace: { dir: earshot.yaml/traces }',
    });
    const running = startProcess(yaml, folder);
    expect(await running.exited).toBe(1);
    expect(running.output()).toMatch(
      /the trace's folder \S+\/earshot.yaml\/traces cannot be written \(ENOTDIR\)/,
    );
    expect(running.output()).not.toMatch(/ at .*\.js/);
  });
});
