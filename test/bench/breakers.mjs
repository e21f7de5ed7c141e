/**
 * The cases in which breakers go wrong, played on Earshot's and on others', as one table. Exits 1 when Earshot's fails one.
 *
 *   npm run conformance
 */
import { installPeers } from './installed.mjs';

installPeers();
const { cases, RECOVERY_MS } = await import('./breakers/cases.mjs');
const { subjects } = await import('./breakers/subjects.mjs');
const { Time } = await import('./breakers/time.mjs');

// What a listener throws may surface here: whether it harms a call is what is being tried.
process.on('uncaughtException', () => {});

const all = await subjects();
const rows = [];
for (const { name, ...story } of cases) {
  const verdicts = [];
  for (const subject of all) verdicts.push(await verdict(story, subject));
  rows.push({ name, verdicts });
}
print(rows);
const [own] = all.map((_, index) => rows.filter(({ verdicts }) => verdicts[index] !== undefined).length);
process.exit(own === 0 ? 0 : 1);

async function verdict({ play, recoveryMs = RECOVERY_MS }, { make }) {
  const time = new Time();
  const made = (saved) => make({ time, recoveryMs, saved });
  const subject = made();
  try {
    return await play({ subject, time, make: made });
  } finally {
    subject.end();
    time.end();
  }
}

function print(table) {
  const width = Math.max(...table.map(({ name }) => name.length));
  const columns = all.map(({ name }, index) =>
    Math.max(name.length, ...table.map(({ verdicts }) => (verdicts[index] ?? 'right').length)),
  );
  const line = (first, cells) =>
    console.log(
      `${first.padEnd(width)}  ${cells.map((cell, index) => cell.padEnd(columns[index])).join('  ')}`.trimEnd(),
    );
  line(
    '',
    all.map(({ name }) => name),
  );
  for (const { name, verdicts } of table)
    line(
      name,
      verdicts.map((it) => it ?? 'right'),
    );
  line(
    'right in all',
    all.map(
      (_, index) =>
        `${table.filter(({ verdicts }) => verdicts[index] === undefined).length} of ${table.length}`,
    ),
  );
}
