/**
 * The section of the README that promises: every promise names the test that holds it to it, as
 * `["name of the test"](test/file.test.ts)`. Here is found which of them lead nowhere.
 */

/** A title is the first of several arguments; of a skipped test it stands for nothing. */
const TITLE =
  /(?<!\.(?:skip|todo))\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)\s*,/g;
/** What vitest fills in when it runs: no name can be looked for across it. */
const FILLED_IN = /\$\{[^}]*\}|%[sdifjo]|\$\w+/;
const NAMED = /\["([^"]+)"\]\(([^)\s]+)\)/g;
const LINK = /\]\((?!\w+:|#)([^)\s#]+)/g;

/** The text below `## heading`, up to the next one; undefined when there is none. */
export function sectionOf(markdown: string, heading: string): string | undefined {
  const [, after] = markdown.split(new RegExp(`^## ${heading}$`, 'm'));
  return after?.split(/^## /m)[0];
}

/** What is wrong with the section's links, a line each. `read` gives a file's text, or undefined where there is none. */
export function strayLinks(section: string, read: (file: string) => string | undefined): string[] {
  const files = [...section.matchAll(LINK)].map(([, file = '']) => file);
  const gone = new Set(files.filter((file) => read(file) === undefined));
  const named = [...section.matchAll(NAMED)].map(([, name = '', file = '']) => ({ name, file }));
  return [
    ...[...gone].map((file) => `there is no ${file}`),
    ...named
      .filter(({ name, file }) => !gone.has(file) && !hasTest(read(file) ?? '', name))
      .map(({ name, file }) => `${file} has no test "${name}"`),
    // Once one promise names its test, all do.
    ...(named.length === 0 ? [] : promisesWithoutTest(section)),
  ];
}

function promisesWithoutTest(section: string): string[] {
  return section
    .split('\n')
    .filter((line) => /^\s*- /.test(line) && line.search(NAMED) === -1)
    .map((line) => `no test is named for: ${line.trim()}`);
}

/** Whether `vitest run -t NAME` finds one here: it takes the name as a pattern. */
function hasTest(source: string, name: string): boolean {
  const pattern = new RegExp(name);
  return [...source.matchAll(TITLE)]
    .map(([, single, double, template]) => single ?? double ?? template ?? '')
    .flatMap((title) => title.replaceAll(/\\(.)/g, '$1').split(FILLED_IN))
    .some((title) => pattern.test(title));
}
