/**
 * The time and size budgets, measured in one run, and others that do the same beside them. Prints a table, and exits 1
 * when a budget is missed.
 *
 *   npm run bench [-- --quick] [--only ROW[,ROW]] [--write]
 *
 * `--quick` measures less of everything, in under two minutes; `--write` keeps the figures in results.json and draws results.svg.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { installPeers } from './installed.mjs';
import { machine } from './machine.mjs';
import { drawPicture } from './picture.mjs';
import { printRow, printTable } from './table.mjs';

installPeers();
const { throughputRow } = await import('./rows/throughput.mjs');
const { channelRow, peakRow } = await import('./rows/memory.mjs');
const { discordRow } = await import('./rows/discord.mjs');
const { startRow, stopUnderLoadRow } = await import('./rows/times.mjs');
const { breakerRow } = await import('./rows/breaker-calls.mjs');
const { reconnectingRow } = await import('./rows/reconnecting.mjs');
const { nodeRedRow } = await import('./rows/node-red.mjs');

const RESULTS = new URL('results.json', import.meta.url);
const ROWS = {
  unmatched: throughputRow('unmatched'),
  archived: throughputRow('archived'),
  matched: throughputRow('matched'),
  'memory-unmatched': peakRow('unmatched'),
  'memory-archived': peakRow('archived'),
  channels: channelRow,
  discord: discordRow,
  start: startRow,
  stop: stopUnderLoadRow,
  breaker: breakerRow,
  reconnecting: reconnectingRow,
  'node-red': nodeRedRow,
};

const values = wanted();
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
if (values.write) {
  // Of what was left out, the figures there were.
  const before = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')).rows : [];
  const all = Object.keys(ROWS).flatMap((name) =>
    (chosen.includes(name) ? rows : before).filter(({ row }) => row === name),
  );
  const kept = { ...about, isQuick: values.quick ?? false, rows: all };
  writeFileSync(RESULTS, `${JSON.stringify(kept, null, 2)}\n`);
  writeFileSync(new URL('results.svg', import.meta.url), drawPicture(kept));
}
process.exit(missed.length === 0 ? 0 : 1);

function wanted() {
  try {
    return parseArgs({
      options: { quick: { type: 'boolean' }, only: { type: 'string' }, write: { type: 'boolean' } },
    }).values;
  } catch (error) {
    console.error(`bench: ${error.message}\nusage: npm run bench -- [--quick] [--only ROW,…] [--write]`);
    process.exit(2);
  }
}
