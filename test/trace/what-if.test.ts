import { describe, expect, it } from 'vitest';
import type { AnyStateMachine, EventObject } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import { connectionMachine } from '../../machines/connection.js';
import { deadlineMachine } from '../../machines/deadline.js';
import { EarshotError } from '../../src/errors.js';
import { type ReplayOptions, replay } from '../../src/trace/replay.js';
import { settingOf } from '../../src/trace/settings.js';
import { WhatIf } from '../../src/trace/what-if.js';
import { altered, BREAKER_PATH, breakerRun, named, recorded } from './recorded.js';

function whatIf(text: string, ...settings: string[]): WhatIf {
  const question = new WhatIf(settings.map(settingOf));
  const options: ReplayOptions = { observers: [question], isPast: () => question.departure !== undefined };
  expect(replay(text, options).divergence).toBeUndefined();
  return question;
}

describe('other settings', () => {
  it('tell the first step that would have gone differently', () => {
    const question = whatIf(breakerRun().text(), 'breaker.failures=10');
    expect(question).toMatchObject({ events: 2, actors: 1 });
    expect(question.departure).toMatchObject({
      path: BREAKER_PATH,
      machine: 'breaker',
      event: 'call.failed',
      seq: 3,
      recorded: 'closed → open',
      now: 'closed → closed',
    });
    expect(question.departure?.differences).toContainEqual({ what: 'trips', expected: 1, got: 0 });
    expect(question.was(settingOf('breaker.failures=10'))).toEqual(['2']);
  });

  it('differ also in what is scheduled', () => {
    expect(whatIf(breakerRun().text(), 'breaker.recovery=20s').departure).toMatchObject({
      seq: 3,
      recorded: 'closed → open',
      now: 'closed → open',
      differences: [{ what: 'dueAt' }, { what: 'timer xstate.after.due.breaker.open' }],
    });
    // What limits nothing changes nothing; the probe comes later than the opening.
    expect(whatIf(breakerRun().text(), 'breaker.probe=1s').departure).toMatchObject({
      event: 'probe.started',
      seq: 6,
    });
  });

  it('may change nothing', () => {
    for (const setting of ['breaker.failures=2', 'breaker.recoveryMax=9s']) {
      const question = whatIf(breakerRun().text(), setting);
      expect(question).toMatchObject({ departure: undefined, events: 6, actors: 1 });
    }
    expect(whatIf(breakerRun().text(), 'queue.limit=1')).toMatchObject({ departure: undefined, actors: 0 });
  });

  it('go together, and hold in every segment', () => {
    const text = breakerRun().text();
    expect(whatIf(text, 'breaker.failures=3', 'breaker.probe=1s').departure).toMatchObject({ seq: 3 });
    const { lines, recorder, report } = breakerRun();
    const introduction = recorder.introduction();
    const before = lines.length;
    report('call.failed');
    report('call.failed');
    const later = named([...introduction, ...lines.slice(before)]).join('\n');
    expect(whatIf(later, 'breaker.failures=3').departure).toMatchObject({ seq: 9, now: 'closed → closed' });
    expect(whatIf(`${text}\n${later}`, 'breaker.recoveryMax=1500ms').departure).toBeUndefined();
  });

  it('hold for the actors of one process, whatever the numbers of the next one are', () => {
    const killed = named(breakerRun().lines.slice(0, 2)).join('\n');
    const next = recorded(deadlineMachine, { name: 'it', limitMs: 500, at: 0 }, Date.UTC(2026, 0, 2));
    next.clock.advance(500);
    expect(whatIf(`${killed}\n${next.lines.join('\n')}`, 'breaker.failures=1')).toMatchObject({
      departure: undefined,
      events: 0,
      actors: 1,
    });
  });

  it('let a timer run out before what was recorded', () => {
    const run = recorded(deadlineMachine, { name: 'discord send', limitMs: 12_000, at: 0 });
    run.clock.advance(5_000);
    run.actor.send({ type: 'work.completed', at: 5_000 });
    const text = run.lines.join('\n');
    expect(whatIf(text, 'deadline.limit=2s').departure).toMatchObject({
      event: 'xstate.after.limit.deadline.running',
      recorded: 'running until work.completed',
      now: 'running → timedOut, before that',
    });
    for (const setting of ['deadline.limit=5s', 'deadline.limit=60s']) {
      expect(whatIf(text, setting)).toMatchObject({ departure: undefined, events: 1 });
    }
  });

  it('prove nothing by a timer that came late in the recorded run as well', () => {
    const run = recorded(deadlineMachine, { name: 'discord send', limitMs: 500, at: 0 });
    run.actor.send({ type: 'work.completed', at: 450 });
    // The process was busy: the answer was there in time, and was taken after the limit.
    const late = altered(
      run.lines.join('\n'),
      ({ kind }) => kind === 'event',
      (line) => ({ ...line, at: 900 }),
    );
    expect(whatIf(late, 'deadline.limit=400ms').departure).toBeUndefined();
    expect(whatIf(late, 'deadline.limit=600ms').departure).toBeUndefined();
  });

  it('know in the next segment which timers were set in the one before', () => {
    const { actor, clock, lines, recorder } = recorded(deadlineMachine, {
      name: 'it',
      limitMs: 12_000,
      at: 0,
    });
    lines.push(...recorder.introduction());
    clock.advance(5_000);
    actor.send({ type: 'work.completed', at: 5_000 });
    expect(whatIf(lines.join('\n'), 'deadline.limit=2s').departure).toMatchObject({
      now: 'running → timedOut, before that',
    });
  });

  it('keep a timer that ran out from running out', () => {
    const run = recorded(deadlineMachine, { name: 'discord send', limitMs: 2_000, at: 0 });
    run.clock.advance(2_000);
    expect(whatIf(run.lines.join('\n'), 'deadline.limit=10s').departure).toMatchObject({
      event: 'xstate.after.limit.deadline.running',
      recorded: 'running → timedOut',
      now: 'running for another 8 s',
    });
  });

  it('take no bound, and the keys of an object', () => {
    const input = {
      transports: ['pusher'],
      negotiateMs: 100,
      connectMs: 100,
      pongMs: 100,
      closeMs: 100,
      initialMs: 100,
      maxMs: 100,
      stableMs: 100,
      anewMs: 1_000,
      attemptsMax: 1,
      seed: 1,
    };
    const run = recorded(connectionMachine, input);
    run.send({ type: 'link.wanted', ...{ at: 0 } } as EventObject);
    run.clock.advance(150);
    expect(whatIf(run.lines.join('\n'), 'connection.attempts=unlimited').departure).toMatchObject({
      recorded: 'attached.negotiating → failed',
      now: 'attached.negotiating → backoff',
    });
    const limits = { start: 1_000, total: 9_000 };
    const { context } = (catalogue.supervisor as AnyStateMachine).resolveState({
      value: { starting: 'openingStore' },
      context: { limits },
    });
    const setting = settingOf('supervisor.total=7s');
    expect(setting.applied(context)).toEqual({ limits: { start: 1_000, total: 7_000 } });
    expect(setting.was(context)).toBe('9 s');
  });
});

describe('a setting', () => {
  it.each([
    ['breaker', '--set breaker is no setting', 'write MACHINE.SETTING=VALUE, such as breaker.failures=10'],
    ['braker.failures=1', 'there is no machine braker, did you mean `breaker`?', /^one of branch, breaker, /],
    [
      'breaker.failuresMax=1',
      'a breaker has no setting failuresMax',
      'of a breaker can be set: failures, recovery, recoveryMax and probe',
    ],
    ['breaker.toString=1', 'a breaker has no setting toString', /recovery/],
    ['toString.failures=1', 'there is no machine toString; known here: branch', /^one of branch/],
    ['tasks.active=1', 'a tasks has no setting active: nothing of it can be set', undefined],
    ['breaker.failures=0', '--set breaker.failures=0: 0 is not a whole number of at least 1', undefined],
    ['breaker.failures=', '--set breaker.failures=: nothing is not a whole number of at least 1', undefined],
    [
      'breaker.recovery=soon',
      '--set breaker.recovery=soon: soon is not a duration such as 30s, 5m or 24h',
      undefined,
    ],
    [
      'connection.attempts=none',
      '--set connection.attempts=none: none is not a whole number of at least 1, or unlimited',
      undefined,
    ],
  ])('is refused with what would be right: %s', (text, message, remedy) => {
    try {
      settingOf(text);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof EarshotError)) throw error;
      expect([error.code, error.message]).toEqual(['usage', expect.stringContaining(message)]);
      if (remedy === undefined) expect(error.remedy).toBeUndefined();
      else expect(error.remedy).toMatch(remedy);
    }
  });

  it('is a key that the machine has, for every machine that has any', () => {
    for (const [name, words] of Object.entries({
      host: 'perSecond',
      pool: 'limit',
      channel: 'silentAfter',
      store: 'max',
    })) {
      const value = words === 'silentAfter' || words === 'max' ? '5s' : '5';
      expect(settingOf(`${name}.${words}=${value}`)).toMatchObject({ machine: name });
    }
  });
});
