import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EventObject } from 'xstate';
import { breakerMachine } from '../../machines/breaker.js';
import { sourceOf } from '../../src/statecharts/source.js';
import { testOf } from '../../src/trace/as-test.js';
import { literal, quoted } from '../../src/trace/literal.js';
import { goalOf, Reach } from '../../src/trace/reach.js';
import { replay } from '../../src/trace/replay.js';
import { shrunk } from '../../src/trace/shrinking.js';
import { BREAKER, BREAKER_PATH, breakerRun, named, recorded } from './recorded.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function reached(text: string, goal: string) {
  const search = new Reach(goalOf(goal));
  expect(replay(text, { observers: [search] }).divergence).toBeUndefined();
  return search.shortest();
}

/** A breaker that has been through a lot before it opens at last. */
function longRun() {
  const run = recorded(breakerMachine, BREAKER);
  const report = (type: string) =>
    run.send({
      type,
      ...{ at: run.clock.now(), generation: run.actor.getSnapshot().context.generation },
    } as EventObject);
  for (let count = 0; count < 20; count += 1) {
    run.clock.advance(10);
    report('call.failed');
    report('call.succeeded');
    report('nobody.knows');
  }
  report('call.failed');
  report('call.failed');
  run.clock.advance(5_000);
  return { ...run, report, text: () => named(run.lines).join('\n') };
}

describe('the shortest way into a state', () => {
  it('is what remains of a run when nothing more can be left out', () => {
    const {
      events,
      recorded: all,
      isMinimal,
      beginning,
      states,
    } = reached(longRun().text(), `${BREAKER_PATH}=open`);
    expect(events.map(({ type }) => type)).toEqual(['call.failed', 'call.failed']);
    expect({ all, isMinimal }).toEqual({ all: 42, isMinimal: true });
    expect(states).toEqual(['closed', 'closed', 'open']);
    expect(beginning.input).toEqual(BREAKER);
  });

  it('may be asked for from a state, and into a composite one', () => {
    const run = breakerRun();
    run.send({ type: 'breaker.isolated', ...{ at: 2_000, forMs: 5 } } as EventObject);
    const text = run.text();
    expect(reached(text, `${BREAKER_PATH}=probing->closed`).events.map(({ type }) => type)).toEqual([
      'call.failed',
      'call.failed',
      'xstate.after.due.breaker.open',
      'probe.started',
      'call.succeeded',
    ]);
    expect(reached(text, `${BREAKER_PATH}=isolated`)).toMatchObject({
      events: [{ type: 'breaker.isolated' }],
      states: ['closed', { isolated: 'forATime' }],
    });
  });

  it('begins as simply as was recorded', () => {
    const { lines, recorder, report } = longRun();
    report('probe.started');
    const introduction = recorder.introduction();
    const before = lines.length;
    report('call.failed');
    const half = named([...introduction, ...lines.slice(before)]).join('\n');
    // All that there is: it was met when it was half open.
    const met = reached(half, `${BREAKER_PATH}=open`);
    expect(met).toMatchObject({ beginning: { value: 'probing' }, states: ['probing', 'open'], recorded: 1 });
    expect(met.beginning).not.toHaveProperty('input');
    // With the segment before, which has its birth.
    const both = reached(`${named(lines.slice(0, before)).join('\n')}\n${half}`, `${BREAKER_PATH}=open`);
    expect(both.beginning.input).toEqual(BREAKER);
  });

  it('is never put together from two processes', () => {
    const killed = named(recorded(breakerMachine, BREAKER).lines);
    const { lines, recorder, report } = breakerRun(Date.UTC(2026, 0, 2));
    report('call.failed');
    const flight = recorder.introduction();
    const before = lines.length;
    report('call.failed');
    const goal = `${BREAKER_PATH}=open`;
    const alone = reached(named([...flight, ...lines.slice(before)]).join('\n'), goal);
    expect(alone).toMatchObject({ recorded: 1, states: ['closed', 'open'] });
    const both = named([...killed, ...flight, ...lines.slice(before)]).join('\n');
    expect(reached(both, goal)).toEqual(alone);
  });

  it('is refused when there is none, with what there is', () => {
    const text = breakerRun().text();
    const refused = (goal: string) => {
      try {
        return reached(text, goal);
      } catch (error) {
        return error instanceof Error && 'remedy' in error ? [error.message, error.remedy] : error;
      }
    };
    expect(refused(`${BREAKER_PATH}=isolated`)).toEqual([
      `in this trace no event led ${BREAKER_PATH} to isolated`,
      'it was in closed, open, halfOpen and probing',
    ]);
    expect(refused(`${BREAKER_PATH}=closed->halfOpen`)).toEqual([
      `in this trace no event led ${BREAKER_PATH} from closed to halfOpen`,
      expect.anything(),
    ]);
    expect(refused(`${BREAKER_PATH}=opne`)).toEqual([
      'a breaker has no state opne, did you mean open?',
      undefined,
    ]);
    expect(refused(`${BREAKER_PATH}=shut`)).toEqual([
      'a breaker has no state shut',
      'its states are starting, closed, open, halfOpen, probing, isolated, isolated.untilReleased, isolated.forATime',
    ]);
    expect(refused('sinks/discrod/breaker=open')).toEqual([
      `there is no actor sinks/discrod/breaker in this trace, did you mean \`${BREAKER_PATH}\`?`,
      undefined,
    ]);
    expect(refused('pool=open')).toEqual([
      `there is no actor pool in this trace; known here: ${BREAKER_PATH}`,
      undefined,
    ]);
    for (const goal of ['open', '=open', 'a=', 'a=b->']) expect(() => goalOf(goal)).toThrow('names no actor');
  });

  it('is shrunk to nothing superfluous, whatever is needed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 20 }), { maxLength: 60 }),
        fc.uniqueArray(fc.nat({ max: 20 }), { maxLength: 5 }),
        (all, needed) => {
          const holds = (items: readonly number[]) => {
            let found = 0;
            for (const [index, item] of items.entries()) {
              if (item === needed[found]) found += 1;
              if (found === needed.length) return index + 1;
            }
            return needed.length === 0 ? 0 : undefined;
          };
          fc.pre(holds(all) !== undefined);
          expect(shrunk(all, holds)).toEqual({ items: needed, isMinimal: true });
        },
      ),
    );
  });
});

describe('a trace as a test', () => {
  it('is a file that passes, goes red with the machine, and looks as written by hand', async () => {
    const folder = join(ROOT, 'dist', `.as-test-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { lines, recorder, report } = longRun();
    const goal = goalOf(`${BREAKER_PATH}=open`);
    const way = reached(longRun().text(), `${BREAKER_PATH}=open`);
    report('probe.started');
    const introduction = recorder.introduction();
    const before = lines.length;
    report('call.failed');
    const met = reached(
      named([...introduction, ...lines.slice(before)]).join('\n'),
      `${BREAKER_PATH}=probing->open`,
    );
    const from = goalOf(`${BREAKER_PATH}=probing->open`);
    const broken = sourceOf('breaker').replace('context.failures + 1 >=', 'context.failures + 1 > 9 *');
    const files = {
      'fresh.test.ts': testOf(goal, way, '../../machines'),
      'met.test.ts': testOf(from, met, '../../machines'),
      'broken.test.ts': testOf(goal, way, './broken'),
    };
    mkdirSync(join(folder, 'broken'));
    writeFileSync(join(folder, 'broken', 'breaker.ts'), broken);
    writeFileSync(
      join(folder, 'vitest.config.mjs'),
      "export default { test: { include: ['*.test.ts'] } };\n",
    );
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);

    expect(await verdicts(folder)).toEqual({
      'fresh.test.ts': 'passed',
      'met.test.ts': 'passed',
      'broken.test.ts': 'failed',
    });
    for (const text of Object.values(files)) expect(await formatted(text)).toBe(text);
  }, 60_000);

  it('writes values as the formatter would', async () => {
    const long = 'x'.repeat(90);
    const values = {
      words: ["it's", 'say "so"', `"it's"`, 'a\nb\u0007\\'],
      'a-b': { nested: { deep: [1, 2, { three: null }] }, empty: {}, none: [] },
      error: new Error("it's gone"),
      long: [long, long],
      list: [
        { type: 'a', at: 1 },
        { type: 'b', at: 2 },
      ],
      few: [{ a: 1 }, { b: 2 }],
    };
    const text = `export const values = ${literal(values, 'export const values = ', ';')};\n`;
    expect(await formatted(text)).toBe(text);
    expect(quoted("it's")).toBe(`"it's"`);
    expect(quoted('\u2028')).toBe("'\\u2028'");
  });
});

/** Of each test file, by a run of its own. */
function verdicts(folder: string): Promise<Record<string, string>> {
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [vitest, 'run', '--root', folder, '--reporter=json', '--no-color'],
      { cwd: folder },
      (_, out) => {
        const { testResults } = JSON.parse(out) as { testResults: { name: string; status: string }[] };
        resolve(Object.fromEntries(testResults.map(({ name, status }) => [name.split('/').at(-1), status])));
      },
    );
  });
}

function formatted(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const biome = join(ROOT, 'node_modules', '.bin', 'biome');
    const child = execFile(biome, ['format', '--stdin-file-path=x.test.ts'], { cwd: ROOT }, (error, out) =>
      error === null ? resolve(out) : reject(error),
    );
    child.stdin?.end(text);
  });
}
