// Writes visualizations/; with --check, fails when a file differs from what would be written, or should not be there.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { statechartFiles } from '../dist/src/statecharts/drawing/files.js';

const folder = new URL('../visualizations/', import.meta.url);
const wanted = statechartFiles();
mkdirSync(folder, { recursive: true });
// A folder there belongs to the viewer, whose pages are written by hand.
const present = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => !entry.isDirectory())
  .map(({ name }) => name);
const contentOf = (name) =>
  present.includes(name) ? readFileSync(new URL(name, folder), 'utf8') : undefined;
const stale = [...wanted].filter(([name, text]) => contentOf(name) !== text).map(([name]) => name);
const foreign = present.filter((name) => !wanted.has(name));

if (process.argv.includes('--check')) {
  if (stale.length + foreign.length > 0) {
    console.error(`visualizations/ is stale (${[...stale, ...foreign].join(', ')}); type: npm run visualize`);
    process.exitCode = 1;
  }
} else {
  for (const name of foreign) rmSync(new URL(name, folder));
  for (const name of stale) writeFileSync(new URL(name, folder), wanted.get(name));
}
