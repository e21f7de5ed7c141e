import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../machines/catalogue.js';
import { ACTOR_KINDS } from '../../src/statecharts/tree.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));
const NAMES = Object.keys(catalogue);

function machines(...args: string[]) {
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const child = execFile(process.execPath, [CLI, 'machines', ...args], (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

const shipped = (file: string) =>
  readFileSync(new URL(`../../visualizations/${file}`, import.meta.url), 'utf8');

describe('earshot machines', () => {
  it('lists each by its name, with its law in the same line', async () => {
    const { code, out } = await machines();
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(NAMES);
    expect(lines[NAMES.indexOf('breaker')]).toMatch(
      / {2}Circuit breaker: decides whether .*never makes the call\.$/,
    );
    const { out: json } = await machines('--json');
    expect(JSON.parse(json).machines.map(({ name }: { name: string }) => name)).toEqual(NAMES);
  });

  it.each([
    [[], 'breaker.mmd'],
    [['--format', 'mermaid'], 'breaker.mmd'],
    [['--format', 'json'], 'breaker.json'],
    [['--json'], 'breaker.json'],
    [['--format', 'svg'], 'breaker.svg'],
    [['--format', 'source'], 'breaker.source.ts'],
  ])('breaker %j prints what visualizations/%s holds', async (options, file) => {
    expect(await machines('breaker', ...options)).toEqual({ code: 0, out: shipped(file), err: '' });
  });

  it('prints the tree as well', async () => {
    expect((await machines('tree')).out).toBe(shipped('tree.mmd'));
    expect((await machines('tree', '--format', 'svg')).out).toBe(shipped('tree.svg'));
    expect(JSON.parse((await machines('tree', '--json')).out)).toEqual(ACTOR_KINDS);
  });

  it.each([
    [
      ['--format', 'svg'],
      '--format svg is for one machine: give its NAME\n→ earshot machines branch --format svg\n',
    ],
    [['braker'], 'there is no machine `braker`, did you mean `breaker`?\n→ earshot machines lists them\n'],
    [['tree', '--format', 'source'], 'the tree is no machine and has no source\n→ earshot machines tree\n'],
    [
      ['breaker', '--json', '--format', 'svg'],
      "error: option '--json' cannot be used with option '--format <FORMAT>'\n",
    ],
  ])('%j is wrong usage, and says what would be right', async (args, err) => {
    expect(await machines(...args)).toEqual({ code: 2, out: '', err });
  });
});
