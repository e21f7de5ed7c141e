import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createActor } from 'xstate';
import { breakerMachine } from '../../machines/breaker.js';
import { realClock } from '../../src/real-world.js';
import { Secret } from '../../src/secret.js';
import { segmentsIn } from '../../src/trace/folder.js';
import type { TraceLine } from '../../src/trace/format.js';
import { TraceRecorder } from '../../src/trace/recorder.js';
import { startRecording } from '../../src/trace/recording.js';
import { replay } from '../../src/trace/replay.js';
import { configText, discordSink, discordStandin, kickStandin, runDaemon } from '../support/daemon.js';
import { FakeClock } from '../support/fake-clock.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'earshot-trace-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A breaker that trips, recovers and closes, as a trace. */
function breakerTrace(write: (line: string) => void) {
  const clock = new FakeClock();
  const recorder = new TraceRecorder({ clock, version: '1.0.0', scrub: (line) => line });
  for (const line of recorder.introduction()) write(line);
  recorder.listen(write);
  const input = { failuresMax: 2, recoveryMs: 1_000, recoveryMaxMs: 8_000, probeMs: 500, seed: 7, at: 0 };
  const actor = createActor(breakerMachine, {
    id: 'breaker',
    clock,
    input,
    inspect: recorder.inspect,
  }).start();
  const { generation } = actor.getSnapshot().context;
  for (let count = 0; count < 2; count += 1) actor.send({ type: 'call.failed', at: clock.now(), generation });
  clock.advance(1_200);
  actor.send({ type: 'probe.started', at: clock.now() });
  actor.send({ type: 'call.succeeded', at: clock.now(), generation: actor.getSnapshot().context.generation });
  return recorder;
}

describe('a trace', () => {
  it('of a whole outage replays without divergence, over all actors, and holds no chat and no secret', async () => {
    const path = folder();
    const kick = await kickStandin();
    const discord = await discordStandin({ bucket: { limit: 3, windowMs: 300 }, channelPerMinute: null });
    const token = 'canary-webhook-token-271828';
    const secrets = [new Secret(discord.webhook('1234567890123456789', token))];
    const recording = startRecording({
      trace: { dir: path, keep: 8, maxBytes: 16 * 1024 * 1024 },
      blackboxFolder: join(path, 'blackbox'),
      clock: realClock,
      version: '1.0.0',
      secrets,
      failed: (error) => expect.unreachable(String(error)),
    });
    const sinks = discordSink(discord.webhook('1234567890123456789', token));
    const running = await runDaemon(configText({ kick, sinks }), undefined, 'info', recording.inspect);
    await running.untilLive();
    discord.fail({ kind: 'error', status: 503, code: 0, message: `broken ${token}` }, 6);
    for (let count = 0; count < 40; count += 1)
      kick.say('channel1', { username: 'alice', text: `@bob canary chat ${count}` });
    await running.until(({ sinks: [it] }) => it?.breaker.state === 'open', 15_000);
    kick.cut();
    await running.until(({ sinks: [it] }) => it?.delivered === 40, 15_000);
    await running.untilLive();
    await running.stop();
    recording.close();

    const [name = ''] = segmentsIn(path);
    const text = readFileSync(join(path, name), 'utf8');
    const result = replay(text);
    expect(result).toMatchObject({ divergence: undefined, changed: [], unreadable: 0 });
    expect(result.events).toBeGreaterThan(80);
    expect(result.actors).toBeGreaterThan(15);
    expect(text).not.toMatch(/canary/);
    expect(text).toContain('"path":"sinks/discord/breaker"');
    expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
    // Killed at any byte: what was written replays.
    for (const part of [0.3, 0.5, 0.9]) {
      const killed = replay(text.slice(0, Math.floor(text.length * part)));
      expect(killed.divergence).toBeUndefined();
      expect(killed.unreadable).toBeLessThanOrEqual(1);
    }
  }, 60_000);

  it('says which actor, event and states differ first', () => {
    const lines: string[] = [];
    breakerTrace((line) => lines.push(line));
    expect(replay(lines.join('\n'))).toMatchObject({ events: 5, actors: 1, divergence: undefined });
    const altered = lines.map((line) => {
      const it = JSON.parse(line) as TraceLine;
      return it.kind === 'event' && it.event.type === 'probe.started'
        ? line.replace('"probing"', '"halfOpen"')
        : line;
    });
    expect(replay(altered.join('\n')).divergence).toMatchObject({
      path: 'supervisor',
      event: 'probe.started',
      expected: expect.stringContaining('"halfOpen"'),
      got: expect.stringContaining('"probing"'),
    });
  });

  it('says which machines have changed since', () => {
    const lines: string[] = [];
    breakerTrace((line) => lines.push(line));
    const [header = '', ...rest] = lines;
    const old = header.replace(/"breaker":"[0-9a-f]+"/, '"breaker":"000000000000"');
    expect(replay([old, ...rest].join('\n')).changed).toEqual(['breaker']);
  });
});
