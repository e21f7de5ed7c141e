/** For `node --require`: at its first outgoing connection the process writes into $AT_FIRST_DIAL which packages it has loaded. */
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { writeFileSync } = require('node:fs');

function dialled() {
  unsubscribe('net.client.socket', dialled);
  const packages = Object.keys(require.cache).flatMap(
    (file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
  );
  writeFileSync(process.env.AT_FIRST_DIAL, JSON.stringify([...new Set(packages)]));
}
subscribe('net.client.socket', dialled);
