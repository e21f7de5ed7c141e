import { describe, expect, it, vi } from 'vitest';
import {
  channels,
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';
import { statelyViewer } from '../support/stately-viewer.js';
import { inspected, introduced } from './daemon.js';

describe('receivers of @statelyai/inspect', () => {
  it('know every actor and its state, whether they came before the start or after, until the end', async () => {
    const kick = await kickStandin({ channels: channels(3) });
    const discord = await discordStandin();
    const all = await inspected();
    const early = statelyViewer(all.inspector.url);
    await vi.waitFor(() => expect(all.lines.map(({ msg }) => msg)).toContain('inspector: a viewer came'));
    expect(introduced(all).size).toBe(0);

    const yaml = configText({ kick, channels: channels(3), sinks: discordSink(discord.webhook()) });
    const running = await runDaemon(yaml, temporaryFolder(), 'info', all.recorder.inspect);
    await running.untilLive();
    discord.fail({ kind: 'status', status: 503 }, 5);
    kick.say('channel2', { username: 'alice', text: 'hey @bob' });
    await running.until(({ sinks }) => sinks[0]?.breaker?.state === 'open');
    const late = statelyViewer(all.inspector.url);
    const shown = (viewer: typeof early) =>
      new Map([...viewer.standing].map(([id, { value, context }]) => [id, { value, context }]));
    /** Both viewers with the trace, as soon as what is on its way has come. */
    const agree = () =>
      vi.waitFor(
        () => {
          expect(shown(early)).toEqual(introduced(all));
          expect(late.standing).toEqual(early.standing);
        },
        { timeout: 10_000, interval: 20 },
      );
    await agree();
    const states = [...late.standing].filter(([id]) => id.startsWith('sinks/discord/breaker:'));
    expect(states).toMatchObject([[expect.any(String), { value: 'open', context: { failures: 5 } }]]);

    // Everything status knows of is there, in the same state.
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    await agree();
    const { sinks, sources, pool } = running.status();
    const stateOf = (path: string) =>
      [...late.standing].filter(([id]) => id.replace(/:\d+$/, '') === path).map(([, { value }]) => value);
    expect(stateOf('sinks/discord/breaker')).toEqual([sinks[0]?.breaker?.state]);
    expect(
      sources[0]?.channels.map(({ slug }) => stateOf(`sources/kick/connection-1/channel-${slug}`)),
    ).toEqual(Array(3).fill(['live']));
    expect(stateOf('pool')).toEqual([{ open: pool.state }]);
    expect(stateOf('supervisor')).toHaveLength(1);

    // Another connection is another life of the same paths; deadlines are roots of their own.
    const parents = [...late.standing].filter(([, { parentId }]) => parentId === undefined);
    expect(parents.map(([id]) => id.replace(/:\d+$/, ''))).toEqual(['supervisor']);
    const deadlines = early.frames.filter(({ sessionId }) => sessionId.startsWith('deadline/discord send'));
    expect(deadlines.length).toBeGreaterThan(0);
    for (const { rootId, sessionId } of deadlines) expect(rootId).toBe(sessionId);

    const { exitCode } = await running.stop();
    expect(exitCode).toBe(0);
    await all.inspector.close();
    await vi.waitFor(() => expect([early.standing.size, late.standing.size]).toEqual([0, 0]));
    expect([...early.strays, ...late.strays]).toEqual([]);
    const last = late.frames.findLast(({ sessionId }) => sessionId.startsWith('supervisor:'));
    expect(last).toMatchObject({ snapshot: { status: 'done', output: { exitCode: 0 } } });
  });
});
