import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AnyStateMachine, setup } from 'xstate';
import { breakerMachine } from '../../machines/breaker.js';
import { catalogue } from '../../machines/catalogue.js';
import { deadlineMachine } from '../../machines/deadline.js';
import { realClock } from '../../src/real-world.js';
import { Secret } from '../../src/secret.js';
import { segmentsIn } from '../../src/trace/folder.js';
import type { TraceLine } from '../../src/trace/format.js';
import { startRecording } from '../../src/trace/recording.js';
import { type ReplayOptions, replay } from '../../src/trace/replay.js';
import { configText, discordSink, discordStandin, kickStandin, runDaemon } from '../support/daemon.js';
import { settled } from '../support/fake-clock.js';
import { altered, BREAKER, BREAKER_PATH, breakerRun, named, recorded } from './recorded.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'earshot-trace-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The line of this event. */
const took = (type: string) => (line: TraceLine) => line.kind === 'event' && line.event.type === type;
const opening = (line: TraceLine) => line.kind === 'event' && line.to === 'open';
const isActor = ({ kind }: TraceLine) => kind === 'actor';

/** The catalogue with another breaker. */
const withBreaker = (breaker: AnyStateMachine): ReplayOptions => ({ machines: { ...catalogue, breaker } });
const neverLastStraw = breakerMachine.provide({ guards: { isLastStraw: () => false } });

describe('a trace of the daemon', () => {
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
      process: 'one',
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
});

describe('replay', () => {
  it('compares every event of every actor', () => {
    expect(replay(breakerRun().text())).toEqual({
      events: 6,
      actors: 1,
      divergence: undefined,
      changed: [],
      changes: [],
      unreadable: 0,
      missing: 0,
      failed: 0,
    });
  });

  it('names the actor, the event and both states when one guard does something else', () => {
    const { divergence, events, changed } = replay(breakerRun().text(), withBreaker(neverLastStraw));
    expect({ events, changed }).toEqual({ events: 2, changed: [] });
    expect(divergence).toMatchObject({
      path: BREAKER_PATH,
      machine: 'breaker',
      event: 'call.failed',
      seq: 3,
      line: 4,
      states: { expected: 'closed → open', got: 'closed → closed' },
    });
    expect(divergence?.differences.map(({ what }) => what).sort()).toEqual([
      'dueAt',
      'generation',
      'openedAt',
      'seed',
      'timer xstate.after.due.breaker.open',
      'trips',
    ]);
    expect(divergence?.expected).toMatch(/^closed → open, .*trips 1/);
    expect(divergence?.got).toMatch(/^closed → closed, .*trips 0/);
  });

  it('says which machines have changed since, and still where they first differ', () => {
    const text = breakerRun().text();
    const old = text.replace(/"breaker":"[0-9a-f]+"/, '"breaker":"000000000000"');
    expect(replay(old)).toMatchObject({
      divergence: undefined,
      changed: ['breaker'],
      changes: [
        { machine: 'breaker', was: '000000000000', now: expect.stringMatching(/^[0-9a-f]{12}$/), events: 6 },
      ],
    });
    expect(replay(old, withBreaker(neverLastStraw))).toMatchObject({
      changed: ['breaker'],
      changes: [{ events: 2 }],
      divergence: { states: { expected: 'closed → open', got: 'closed → closed' } },
    });
  });

  it('passes over a machine that there is no more, and says so', () => {
    const { breaker: _, ...machines } = catalogue;
    expect(replay(breakerRun().text(), { machines })).toMatchObject({
      events: 0,
      actors: 0,
      divergence: undefined,
      changes: [{ machine: 'breaker', now: null, events: 6 }],
    });
  });

  it('names what a machine throws, and a state that it has no more', () => {
    const throwing = breakerMachine.provide({
      guards: {
        hasFailures: () => {
          throw new Error('boom');
        },
        isCurrent: () => {
          throw new Error('boom');
        },
      },
    });
    expect(replay(breakerRun().text(), withBreaker(throwing)).divergence).toMatchObject({
      event: 'call.failed',
      got: expect.stringMatching(/^closed → throws .*boom/s),
    });
    expect(replay(breakerRun().text(), withBreaker(deadlineMachine)).divergence).toMatchObject({
      event: 'started',
      expected: 'closed',
      got: 'the machine has no state closed',
    });
  });

  it.each<
    [string, (line: TraceLine) => boolean, (line: Record<string, unknown>) => object | undefined, object]
  >([
    [
      'the state before',
      opening,
      (line) => ({ ...line, from: 'halfOpen' }),
      { states: { expected: 'halfOpen → open', got: 'closed → open' }, event: 'call.failed', seq: 3 },
    ],
    [
      'the state after',
      took('probe.started'),
      (line) => ({ ...line, to: 'probing' }),
      { states: { expected: 'open → probing', got: 'open → open' }, seq: 4 },
    ],
    [
      'a key of the context',
      opening,
      (line) => ({ ...line, changed: { ...(line.changed as object), trips: 2 } }),
      { differences: [{ what: 'trips', expected: 2, got: 1 }], expected: 'closed → open, trips 2' },
    ],
    [
      'a key that did not change',
      opening,
      (line) => ({ ...line, changed: { ...(line.changed as object), recoveryMs: 5 } }),
      { differences: [{ what: 'recoveryMs', expected: 5, got: 1_000 }] },
    ],
    [
      'a change left out',
      opening,
      (line) => {
        const { trips: _, ...changed } = line.changed as Record<string, unknown>;
        return { ...line, changed };
      },
      { differences: [{ what: 'trips', expected: 0, got: 1 }] },
    ],
    [
      'a timer',
      opening,
      (line) => ({ ...line, delays: { 'xstate.after.due.breaker.open': 5 } }),
      { differences: [{ what: 'timer xstate.after.due.breaker.open', expected: 5 }] },
    ],
    [
      'a timer left out',
      opening,
      ({ delays: _, ...line }) => line,
      { differences: [{ what: 'timer xstate.after.due.breaker.open', expected: undefined }] },
    ],
    [
      'an event called dropped that was not',
      opening,
      (line) => ({ ...line, dropped: true }),
      { differences: [{ what: 'dropped', expected: true, got: false }] },
    ],
    [
      'a dropped event that is not called so',
      took('probe.started'),
      ({ dropped: _, ...line }) => line,
      { differences: [{ what: 'dropped', expected: false, got: true }] },
    ],
    [
      'an event left out',
      opening,
      () => undefined,
      { seq: 4, states: { expected: 'open → open', got: 'closed → closed' } },
    ],
    ['an actor left out', isActor, () => undefined, { seq: 2, got: 'no such actor is alive' }],
  ])('finds %s', (_, is, change, found) => {
    expect(replay(altered(breakerRun().text(), is, change)).divergence).toMatchObject(found);
  });

  it('checks the timers that an actor starts with', () => {
    const { lines, clock } = recorded(deadlineMachine, { name: 'it', limitMs: 500, at: 0 });
    clock.advance(600);
    const text = lines.join('\n');
    expect(replay(text)).toMatchObject({ events: 1, divergence: undefined });
    const found = { event: 'started', differences: [{ what: 'timer xstate.after.limit.deadline.running' }] };
    const delays = { 'xstate.after.limit.deadline.running': 400 };
    expect(replay(altered(text, isActor, (line) => ({ ...line, delays }))).divergence).toMatchObject(found);
  });

  it('goes on when an actor threw, of which a trace has nothing but that it ended', async () => {
    const throwing = breakerMachine.provide({
      actions: {
        announce: (_, to) => {
          if (to === 'probing') throw new Error('boom');
        },
      },
    });
    const parent = setup({ actors: { throwing } }).createMachine({
      invoke: { id: 'breaker', src: 'throwing', input: BREAKER, onError: {} },
    });
    const { actor, clock, lines } = recorded(parent, {});
    const breaker = actor.getSnapshot().children.breaker;
    breaker?.send({ type: 'breaker.isolated', at: clock.now(), forMs: 10 });
    clock.advance(20);
    breaker?.send({ type: 'probe.started', at: clock.now() });
    await settled();
    expect(replay(lines.join('\n'))).toMatchObject({
      events: 2,
      actors: 1,
      failed: 1,
      divergence: undefined,
    });
  });

  it('replays a trace that was killed at any byte', () => {
    const text = breakerRun().text();
    const [header = ''] = text.split('\n');
    for (let length = header.length; length < text.length; length += 1) {
      const part = text.slice(0, length);
      const isCut = !part.endsWith('}') && !part.endsWith('\n');
      const whole = part.split('\n').filter((line) => line.endsWith('}}') || line.endsWith('true}'));
      const { divergence, events } = replay(part);
      expect(divergence).toBeUndefined();
      expect(events).toBe(Math.max(0, whole.length - 2));
      if (isCut) expect(replay(part).unreadable).toBe(1);
    }
  });

  it('takes for broken off only what is no JSON', () => {
    const { text } = breakerRun();
    expect(replay(`${text()}\n{"kind":"event","se`)).toMatchObject({ events: 6, unreadable: 1 });
    expect(() => replay(`${text()}\n{"kind":"other"}`)).toThrow(
      'the trace, line 9 is no line of a trace: {"kind":"other"}',
    );
  });

  it('takes part of the actors, and part of the time', () => {
    const text = [...breakerRun().lines, ...named(breakerRun().lines, 'other').slice(1)].join('\n');
    expect(replay(breakerRun().text(), { isChosen: (path) => path === 'other' })).toMatchObject({
      events: 0,
      actors: 0,
    });
    expect(replay(text, { isPast: ({ seq }) => seq > 3 })).toMatchObject({ events: 2, actors: 1 });
    const moment = Date.UTC(2026, 0, 1) + 1_000;
    expect(replay(text, { isPast: ({ wall }) => wall > moment })).toMatchObject({ events: 3 });
  });
});

describe('several segments', () => {
  const DAY_MS = 86_400_000;
  const PROCESS = /"process":"[^"]*",/g;

  /** A breaker's whole life in two segments. */
  function segments() {
    const { lines, recorder, report } = breakerRun();
    const first = named(lines);
    const introduction = recorder.introduction();
    lines.splice(0);
    report('call.failed');
    report('call.failed');
    return { first, second: named([...introduction, ...lines]) };
  }
  const joined = (...parts: readonly (readonly string[])[]) => parts.flat().join('\n');

  it('count an actor that goes on once', () => {
    const { first, second } = segments();
    expect(replay(joined(first, second))).toMatchObject({
      events: 8,
      actors: 1,
      divergence: undefined,
      missing: 0,
    });
    expect(replay(joined(second))).toMatchObject({ events: 2, actors: 1, divergence: undefined });
  });

  it('count it again when another process wrote them', () => {
    const { first, second } = segments();
    const later = breakerRun(Date.UTC(2026, 0, 1) + DAY_MS).text();
    expect(replay(joined(first, second, [later]))).toMatchObject({
      events: 14,
      actors: 2,
      divergence: undefined,
    });
    // A flight recording of it, from the middle: its numbers are higher than the last ones of the process before.
    const flight = joined(segments().second).replace(
      /"wall":(\d+)/g,
      (_, wall) => `"wall":${Number(wall) + DAY_MS}`,
    );
    const named = flight.replace(PROCESS, '"process":"the next one",');
    expect(replay(joined(first, [named]))).toMatchObject({ events: 8, actors: 2, divergence: undefined });
    // Older traces name no process: when they began tells them apart.
    const unnamed = joined(first, [flight]).replace(PROCESS, '');
    expect(replay(unnamed)).toMatchObject({ events: 8, actors: 2, divergence: undefined });
  });

  it('count it again when another process wrote them in the very same moment', () => {
    const { first, second } = segments();
    const next = joined(second).replace(PROCESS, '"process":"the next one",');
    expect(replay(joined(first, [next]))).toMatchObject({ events: 8, actors: 2, divergence: undefined });
  });

  it('that overlap are counted once: flight recordings of one process', () => {
    const { first, second } = segments();
    const flight = joined(first, second.slice(2));
    expect(replay(`${joined(first)}\n${flight}`)).toMatchObject({
      events: 8,
      actors: 1,
      divergence: undefined,
    });
  });

  it('must begin where the one before ended', () => {
    const { first, second } = segments();
    const context = { ...BREAKER, failures: 1 };
    const changed = altered(joined(second), isActor, (line) => ({ ...line, value: 'halfOpen', context }));
    expect(replay(changed).divergence).toBeDefined();
    expect(replay(`${joined(first)}\n${changed}`).divergence).toMatchObject({
      event: 'started',
      path: BREAKER_PATH,
      states: { expected: 'halfOpen', got: 'closed' },
    });
    // Unless lines are missing between them.
    for (const lost of [1, 3]) {
      const shorter = joined(first.slice(0, -lost), second);
      expect(replay(shorter)).toMatchObject({ missing: lost, divergence: undefined });
    }
  });

  it('may break off in a line, whether or not the next one begins in it', () => {
    const { first, second } = segments();
    const killed = joined(first).slice(0, -30);
    for (const between of ['', '\n']) {
      expect(replay(killed + between + joined(second))).toMatchObject({
        unreadable: 1,
        divergence: undefined,
        actors: 1,
        events: 7,
      });
    }
  });
});
