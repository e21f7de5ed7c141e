import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createActor } from 'xstate';
import { breakerMachine } from '../../machines/breaker.js';
import { Blackbox } from '../../src/trace/blackbox.js';
import { segmentsIn, TraceFolder } from '../../src/trace/folder.js';
import type { TraceLine } from '../../src/trace/format.js';
import { TraceRecorder } from '../../src/trace/recorder.js';
import { replay } from '../../src/trace/replay.js';
import { FakeClock } from '../support/fake-clock.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'earshot-trace-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function recorded() {
  const clock = new FakeClock();
  const recorder = new TraceRecorder({ clock, version: '1.0.0', process: 'one', scrub: (line) => line });
  const start = () => {
    const actor = createActor(breakerMachine, {
      id: 'breaker',
      clock,
      inspect: recorder.inspect,
      input: {
        failuresMax: 1,
        recoveryMs: 1_000,
        recoveryMaxMs: 1_000,
        probeMs: 500,
        seed: 1,
        at: clock.now(),
      },
    }).start();
    const fail = () => {
      const { generation } = actor.getSnapshot().context;
      actor.send({ type: 'call.failed', at: clock.now(), generation });
    };
    /** Trips and closes again: three events. */
    const trip = () => {
      fail();
      clock.advance(10);
      actor.send({ type: 'breaker.reset', at: clock.now() });
    };
    return { actor, fail, trip };
  };
  return { clock, recorder, start };
}

const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as TraceLine);

describe('the recorder', () => {
  it('tells the delays that a step scheduled, and what no machine wanted', () => {
    const { recorder, start } = recorded();
    const lines: string[] = [];
    recorder.listen((line) => lines.push(line));
    const { actor, fail } = start();
    fail();
    actor.send({ type: 'probe.started', at: 0 });
    const [born, failed, dropped] = parsed(lines);
    expect(born).toMatchObject({ kind: 'actor', seq: 1, life: 1, machine: 'breaker', value: 'closed' });
    expect(failed).toMatchObject({
      kind: 'event',
      seq: 2,
      from: 'closed',
      to: 'open',
      changed: { failures: 1 },
    });
    expect(failed).not.toHaveProperty('dropped');
    const delays = failed?.kind === 'event' ? Object.entries(failed.delays ?? {}) : [];
    expect(delays).toEqual([['xstate.after.due.breaker.open', expect.any(Number)]]);
    expect(delays[0]?.[1]).toBeGreaterThanOrEqual(1_000);
    expect(dropped).toMatchObject({ event: { type: 'probe.started' }, dropped: true, changed: {} });
    expect(dropped).not.toHaveProperty('delays');
    expect(recorder.seq).toBe(3);
  });

  it('introduces whoever lives to one who comes late', () => {
    const { recorder, start } = recorded();
    const { fail } = start();
    const other = start();
    fail();
    other.actor.stop();
    expect(parsed(recorder.introduction())).toMatchObject([
      { kind: 'header', format: 3, version: '1.0.0' },
      { kind: 'actor', seq: 5, life: 1, value: 'open' },
    ]);
  });
});

describe('a folder of segments', () => {
  it('has segments that each replay alone, the oldest of which go', () => {
    const path = folder();
    const { clock, recorder, start } = recorded();
    const into = new TraceFolder({
      folder: path,
      segmentMaxBytes: 1_500,
      segmentsMax: 3,
      clock,
      introduction: () => recorder.introduction(),
      failed: (error) => expect.unreachable(String(error)),
    });
    recorder.listen((line) => into.write(line));
    const { trip } = start();
    for (let count = 0; count < 60; count += 1) trip();
    into.close();
    const names = segmentsIn(path);
    expect(names).toHaveLength(3);
    expect(names).not.toContain('trace-000001.ndjson');
    for (const name of names) {
      const result = replay(readFileSync(join(path, name), 'utf8'));
      expect(result).toMatchObject({ divergence: undefined, actors: 1, unreadable: 0 });
      expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
    }
  });

  it('that cannot be written says so once, disturbs nobody, and goes on with a whole segment later', () => {
    const path = folder();
    const { clock, recorder, start } = recorded();
    const failures: unknown[] = [];
    const into = new TraceFolder({
      folder: join(path, 'gone'),
      segmentMaxBytes: 600,
      segmentsMax: 3,
      clock,
      introduction: () => recorder.introduction(),
      failed: (error) => failures.push(error),
    });
    recorder.listen((line) => into.write(line));
    const { trip } = start();
    rmSync(join(path, 'gone'), { recursive: true });
    for (let count = 0; count < 20; count += 1) trip();
    expect(failures).toHaveLength(1);
    clock.advance(61_000);
    trip();
    expect(failures).toHaveLength(1);
    // Made anew by the operator.
    clock.advance(61_000);
    mkdirSync(join(path, 'gone'));
    for (let count = 0; count < 3; count += 1) trip();
    into.close();
    const [name = ''] = segmentsIn(join(path, 'gone'));
    const result = replay(readFileSync(join(path, 'gone', name), 'utf8'));
    expect(result).toMatchObject({ divergence: undefined, actors: 1, unreadable: 0 });
    expect(result.events).toBeGreaterThan(0);
  });
});

describe('the flight recorder', () => {
  it('holds the last ten minutes, and what it writes replays alone', () => {
    const path = folder();
    const { clock, recorder, start } = recorded();
    const blackbox = new Blackbox({ recorder, clock, folder: path });
    const { trip } = start();
    for (let minute = 0; minute < 30; minute += 1) {
      clock.advance(60_000);
      trip();
    }
    const { file, reason } = blackbox.write('asked');
    expect(reason).toBe('asked');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    const result = replay(text);
    expect(result).toMatchObject({ divergence: undefined, actors: 1, unreadable: 0 });
    const [header, ...rest] = parsed(text.trim().split('\n'));
    expect(header?.kind).toBe('header');
    expect(rest.filter(({ kind }) => kind === 'header')).toEqual([]);
    const ages = rest.map(({ kind, ...line }) => clock.now() - ('at' in line ? line.at : 0));
    expect(Math.max(...ages)).toBeGreaterThan(600_000);
    expect(Math.max(...ages)).toBeLessThan(12 * 60_000);
  });

  it('is bounded by bytes, however much happens', () => {
    const path = folder();
    const { clock, recorder, start } = recorded();
    const blackbox = new Blackbox({ recorder, clock, folder: path, maxBytes: 50_000 });
    const { trip } = start();
    for (let count = 0; count < 2_000; count += 1) trip();
    const { file } = blackbox.write('asked');
    expect(statSync(file).size).toBeLessThan(50_000);
    expect(statSync(file).size).toBeGreaterThan(30_000);
    expect(replay(readFileSync(file, 'utf8')).divergence).toBeUndefined();
  });

  it('keeps eight files, and writes unasked once a minute at most', () => {
    const path = folder();
    const { clock, recorder } = recorded();
    const blackbox = new Blackbox({ recorder, clock, folder: path });
    for (let count = 0; count < 12; count += 1) {
      expect(blackbox.degraded()).toMatchObject({ reason: 'degraded' });
      clock.advance(30_000);
      expect(blackbox.degraded()).toBeUndefined();
      clock.advance(30_001);
    }
    const names = readdirSync(path);
    expect(names).toHaveLength(8);
    expect(names.sort().at(-1)).toBe(blackbox.last?.file.split('/').at(-1));
  });
});
