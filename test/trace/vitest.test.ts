import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EventObject } from 'xstate';
import '../../src/trace/vitest.js';
import { temporaryFolder } from '../support/daemon.js';
import { altered, BREAKER_PATH, breakerRun } from './recorded.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** What a claim that does not hold says. */
function complaint(claim: () => void): string {
  try {
    claim();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return expect.unreachable('it holds');
}

function fileOf(text: string): string {
  const path = join(temporaryFolder(), 'trace-000001.ndjson');
  writeFileSync(path, text);
  return path;
}

/** One whose breaker opened at the first failure. */
const ofAnotherBreaker = () =>
  altered(
    breakerRun().text(),
    (line) => line.kind === 'event' && line.event.type === 'call.failed',
    (line) => ({ ...line, to: 'open', changed: { at: 100, failures: 1, trips: 1 } }),
  );

describe('toReplay', () => {
  it('holds for a trace: its text, its file, its folder', () => {
    const text = breakerRun().text();
    expect(text).toReplay();
    expect(fileOf(text)).toReplay();
    expect(join(fileOf(text), '..')).toReplay();
  });

  it('names actor, event, both states and what differs in the context', () => {
    const said = complaint(() => expect(ofAnotherBreaker()).toReplay());
    expect(said).toMatch(/^1 event, 1 actor, 1 divergence$/m);
    expect(said).toMatch(/^ +actor +sinks\/discord\/breaker \(breaker\)$/m);
    expect(said).toMatch(/^ +event +call\.failed, seq 2/m);
    expect(said).toMatch(/^ +expected +closed → open$/m);
    expect(said).toMatch(/^ +got +closed → closed$/m);
    expect(said).toMatch(/^ +trips +expected 1, got 0$/m);
    expect(ofAnotherBreaker()).not.toReplay();
  });

  it('says that a machine was another when it was recorded, and lets it pass when it did the same', () => {
    const earlier = (text: string) => text.replace(/"breaker":"[0-9a-f]+"/, '"breaker":"000000000000"');
    expect(earlier(breakerRun().text())).toReplay();
    const said = complaint(() => expect(earlier(ofAnotherBreaker())).toReplay());
    expect(said).toContain('breaker changed since this trace was written');
  });

  it('does not take nothing for a proof', () => {
    const [header = '', born = ''] = breakerRun().lines;
    const said = complaint(() => expect(`${header}\n${born}\n`).toReplay());
    expect(said).toBe('0 events, 1 actor, 0 divergences\nnothing happens in this trace: it proves nothing');
  });

  it('refuses what is no trace, whichever way it is asked', () => {
    const nowhere = join(temporaryFolder(), 'nowhere');
    expect(complaint(() => expect(nowhere).toReplay())).toBe(`there is no trace at ${nowhere}`);
    expect(complaint(() => expect(nowhere).not.toReplay())).toBe(`there is no trace at ${nowhere}`);
    expect(complaint(() => expect('{"some":"thing"}').toReplay())).toMatch(/^the trace is no trace/);
    expect(complaint(() => expect(42).toReplay())).toMatch(/^expect\(TRACE\): give a file/);
  });
});

describe('toReach', () => {
  it('holds for states that came in this order, whatever lay between', () => {
    const text = breakerRun().text();
    expect(text).toReach(BREAKER_PATH, 'open');
    expect(text).toReach(BREAKER_PATH, ['closed', 'open', 'halfOpen', 'probing', 'closed']);
    expect(text).toReach(BREAKER_PATH, ['open', 'closed']);
    expect(text).not.toReach(BREAKER_PATH, ['halfOpen', 'open']);
    expect(text).not.toReach(BREAKER_PATH, 'isolated');
  });

  it('takes an outer state for all within it', () => {
    const isolated = breakerRun();
    isolated.send({ type: 'breaker.isolated', at: 2_000, forMs: 500 } as EventObject);
    expect(isolated.text()).toReach(BREAKER_PATH, ['closed', 'isolated']);
    expect(isolated.text()).toReach(BREAKER_PATH, ['closed', 'isolated.forATime']);
    expect(isolated.text()).not.toReach(BREAKER_PATH, 'isolated.untilReleased');
    expect(isolated.text()).not.toReach(BREAKER_PATH, 'iso');
  });

  it('says how far it went, and which way it took', () => {
    const said = complaint(() =>
      expect(breakerRun().text()).toReach(BREAKER_PATH, ['open', 'probing', 'open']),
    );
    expect(said.split('\n')).toEqual([
      'sinks/discord/breaker: open → probing → open',
      '  open was not reached after probing',
      '  it went closed → open → halfOpen → probing → closed',
    ]);
  });

  it('says nothing of a trace that does not replay, nor of an actor that is not in it', () => {
    const said = complaint(() => expect(ofAnotherBreaker()).not.toReach(BREAKER_PATH, 'isolated'));
    expect(said).toMatch(/1 divergence/);
    expect(complaint(() => expect(breakerRun().text()).not.toReach('sinks/discord/braker', 'open'))).toBe(
      'there is no actor sinks/discord/braker in this trace, did you mean `sinks/discord/breaker`?',
    );
  });
});

/** As somebody has it who installed the package: what goes with it, and beside it what it depends on. */
async function installed(): Promise<string> {
  const folder = temporaryFolder();
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'earshot'), { recursive: true });
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', join(modules, 'earshot')]);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== 'earshot') symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return folder;
}

describe('earshot/vitest', () => {
  it('is there for whoever installs the package, with its types', async () => {
    const folder = await installed();
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'outage.ndjson'), breakerRun().text());
    writeFileSync(join(folder, 'another.ndjson'), ofAnotherBreaker());
    writeFileSync(
      join(folder, 'outage.test.ts'),
      `import 'earshot/vitest';
import { expect, test } from 'vitest';
test('holds', () => {
  expect('outage.ndjson').toReplay();
  expect('outage.ndjson').toReach('${BREAKER_PATH}', ['open', 'closed']);
});
test('fails', () => expect('another.ndjson').toReplay());
`,
    );
    const options = { cwd: folder, env: { ...process.env, NO_COLOR: '1' } };
    const tests = run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], options);
    const types = run(
      process.execPath,
      [
        'node_modules/typescript/lib/tsc.js',
        '--strict',
        '--noEmit',
        '--module',
        'nodenext',
        'outage.test.ts',
      ],
      options,
    );
    const told = await tests.catch(({ stdout, stderr }) => ({ stdout, stderr }));
    expect(told.stdout).toMatch(/1 failed \| 1 passed/);
    expect(told.stderr).toMatch(/actor +sinks\/discord\/breaker \(breaker\)\n +event +call\.failed/);
    await types;
  }, 60_000);
});
