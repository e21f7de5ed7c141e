// Writes earshot.schema.json; with --check, fails when the file differs from what would be written.
import { readFileSync, writeFileSync } from 'node:fs';
import { schemaFile } from '../dist/src/schema-file.js';

const file = new URL('../earshot.schema.json', import.meta.url);
const wanted = schemaFile();

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== wanted) {
    console.error('earshot.schema.json is stale; type: npm run schema');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, wanted);
}
