/**
 * The time and size budgets, measured in one run, and others that do the same beside them. Prints a table, and exits 1
 * when a budget is missed.
 *
 *   npm run bench [-- --quick] [--only ROW[,ROW]] [--write]
 *
 * `--quick` measures less of everything; `--write` keeps the figures in results.json and draws results.svg.
 */
import { parseArgs } from 'node:util';
import { machine } from './machine.mjs';
import { throughputRow } from './rows/throughput.mjs';
import { printRow, printTable } from './table.mjs';

const ROWS = {
  unmatched: throughputRow('unmatched'),
  archived: throughputRow('archived'),
  matched: throughputRow('matched'),
};

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, only: { type: 'string' }, write: { type: 'boolean' } },
});
const chosen = values.only?.split(',') ?? Object.keys(ROWS);
const unknown = chosen.filter((name) => !Object.hasOwn(ROWS, name));
if (unknown.length > 0) {
  console.error(`no row ${unknown.join(', ')}; there are: ${Object.keys(ROWS).join(', ')}`);
  process.exit(2);
}
if (process.platform !== 'linux') {
  console.error('npm run bench reads memory and processor time from /proc: it needs Linux');
  process.exit(2);
}

const startedAt = performance.now();
const about = machine();
console.log(
  `${about.cpu}, ${about.cores} cores, load ${about.load}; Node ${about.node}, earshot ${about.earshot}`,
);
const rows = [];
for (const name of chosen) {
  for (const row of await ROWS[name]({ isQuick: values.quick ?? false })) {
    rows.push({ row: name, ...row });
    printRow(row);
  }
}
printTable(rows);
const missed = rows.filter(({ isMet }) => isMet === false);
const seconds = Math.round((performance.now() - startedAt) / 1_000);
console.log(
  `\n${missed.length === 0 ? 'every budget is met' : `${missed.length} missed`}, after ${seconds} s`,
);
process.exit(missed.length === 0 ? 0 : 1);
