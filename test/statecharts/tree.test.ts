import { describe, expect, it } from 'vitest';
import type { AnyActor, InspectionEvent } from 'xstate';
import { pathOf } from '../../src/actors/wired.js';
import { ACTOR_KINDS } from '../../src/statecharts/tree.js';
import type { TraceLine } from '../../src/trace/format.js';
import { TraceRecorder } from '../../src/trace/recorder.js';
import { configText, discordSink, discordStandin, kickStandin, runDaemon } from '../support/daemon.js';

/** The kind whose pattern fits the path; of several the one that says most. */
function kindOf(path: string): string {
  const fitting = ACTOR_KINDS.filter((kind) =>
    new RegExp(`^${kind.path.replace(/[A-Z]+/g, '[^/]+')}$`).test(path),
  );
  const literal = (pattern: string) => pattern.replace(/[A-Z]+/g, '').length;
  return fitting.sort((a, b) => literal(b.path) - literal(a.path))[0]?.path ?? `unknown: ${path}`;
}

describe('the supervision tree', () => {
  it('has every kind of actor that the trace of a running daemon has, each with its machine', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin();
    const recorder = new TraceRecorder({
      clock: { now: () => 0, wall: () => 0 },
      version: '0.0.0',
      process: 'one',
      scrub: (it) => it,
    });
    const machines = new Map<string, string>();
    recorder.listen((text) => {
      const line = JSON.parse(text) as TraceLine;
      if (line.kind === 'actor') machines.set(kindOf(line.path), line.machine);
    });
    const paths = new Set<string>();
    const inspect = (event: InspectionEvent) => {
      recorder.inspect(event);
      if (event.type === '@xstate.actor') paths.add(pathOf(event.actorRef as AnyActor));
    };
    const running = await runDaemon(
      configText({ kick, sinks: discordSink(discord.webhook()) }),
      undefined,
      'info',
      inspect,
    );
    await running.untilLive();
    kick.say('channel1', { username: 'alice', text: '@bob hello' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    await running.stop();

    const withMachine = ACTOR_KINDS.filter(({ machine }) => machine !== null);
    expect(Object.fromEntries(machines)).toEqual(
      Object.fromEntries(withMachine.map(({ path, machine }) => [path, machine])),
    );
    const others = ACTOR_KINDS.filter(({ machine }) => machine === null);
    expect([...paths]).toEqual(expect.arrayContaining(others.map(({ path }) => path)));
  }, 30_000);
});
