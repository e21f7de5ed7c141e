// Opens the store named by its argument and says how that went, one JSON line; holds it until its input ends.
import { openSqliteStore } from '../../../dist/src/store/sqlite.js';

const [path = ''] = process.argv.slice(2);
try {
  const store = openSqliteStore({ path, durability: 'full', maxBytes: 1024 ** 3 });
  process.stdin.resume().on('end', () => store.close());
  console.log(JSON.stringify({ held: true }));
} catch ({ code, message, remedy }) {
  console.log(JSON.stringify({ held: false, code, message, remedy }));
}
