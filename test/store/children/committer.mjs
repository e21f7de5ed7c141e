// Commits messages to the store named by its first argument, numbered on from what is there, until it is killed.
// Says the last number after each commit: everything up to it was promised.
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../../dist/src/store/sqlite.js';

const [path = ''] = process.argv.slice(2);
const store = openSqliteStore({ path, durability: 'full', maxBytes: 1024 ** 3 });
let seq = store.lastSeq();
const arrival = () => {
  seq += 1;
  const message = {
    platform: 'kick',
    id: `m${seq}`,
    channel: 'c',
    sender: { id: '1', username: 'Ann' },
    text: 'hello',
    createdAt: seq,
  };
  const notification = {
    message,
    rules: ['me'],
    reasons: ['mention'],
    watched: 'bob',
    matches: [],
    sinks: ['discord'],
  };
  return { message, notification, rows: [{ seq, sink: 'discord' }] };
};
for (;;) {
  const arrivals = Array.from({ length: 1 + (seq % 7) }, arrival);
  // Now and then a delivery is acknowledged along with what arrives.
  const settlements = seq % 3 === 0 ? [{ seq: seq - 2, end: 'delivered' }] : [];
  store.commit({ arrivals, settlements, at: seq });
  writeSync(1, `${seq}\n`);
}
