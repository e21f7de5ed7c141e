import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sectionOf, strayLinks } from './support/promised.js';

const ROOT = new URL('../', import.meta.url);
function read(file: string): string | undefined {
  const path = fileURLToPath(new URL(file, ROOT));
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

describe('what the README promises', () => {
  it('names tests that exist, one at least for each promise', () => {
    const section = sectionOf(read('README.md') ?? '', 'What is promised');
    expect(section).toBeDefined();
    expect(strayLinks(section ?? '', read)).toEqual([]);
  });

  const files: Record<string, string> = {
    'test/one.test.ts': `
      describe('kill -9', () => {
        it('loses nothing', async () => {});
        it.each(['a', 'b'] as const)(
          'over %s: each once, it\\'s "said"',
          () => {},
        );
        it(\`survives \${COUNT} bad frames\`, () => {});
        it.skip('is not run', () => {});
        say('is no title');
      });`,
    'docs/other.md': '',
  };
  const stray = (section: string) => strayLinks(section, (file) => files[file]);

  it.each([
    ['a plain name', 'loses nothing'],
    ['a describe', 'kill -9'],
    ['one of many', "each once, it's"],
    ['one with a figure in it', 'bad frames'],
  ])('is content with %s', (_, name) => {
    expect(stray(`- Kept. ["${name}"](test/one.test.ts)\n`)).toEqual([]);
  });

  it.each([
    ['no such test', '["wins"](test/one.test.ts)', 'test/one.test.ts has no test "wins"'],
    [
      'a test that is skipped',
      '["is not run"](test/one.test.ts)',
      'test/one.test.ts has no test "is not run"',
    ],
    ['what is no title', '["is no title"](test/one.test.ts)', 'test/one.test.ts has no test "is no title"'],
    ['no such file', '["wins"](test/two.test.ts)', 'there is no test/two.test.ts'],
    ['no such page', '["loses"](test/one.test.ts), see [that](docs/gone.md)', 'there is no docs/gone.md'],
  ])('complains of %s', (_, link, complaint) => {
    expect(stray(`- Kept. ${link}\n`)).toEqual([complaint]);
  });

  it('complains of a promise that names no test, once one does', () => {
    expect(stray('- Kept.\n- Kept, too. [elsewhere](https://example.com)\n')).toEqual([]);
    expect(stray('- Kept. ["kill -9"](test/one.test.ts)\n- Kept, too. [page](docs/other.md)\n')).toEqual([
      'no test is named for: - Kept, too. [page](docs/other.md)',
    ]);
  });

  it('is the section of that name, and no other', () => {
    expect(sectionOf('# A\n## One\nx\n### Deeper\ny\n## Two\nz\n', 'One')).toBe('\nx\n### Deeper\ny\n');
    expect(sectionOf('# A\n', 'One')).toBeUndefined();
  });
});
