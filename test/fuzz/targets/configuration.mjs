/** earshot.yaml as somebody may have written it: read, or refused in lines that say where and why. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigErrors, loadConfig } from '../../../dist/src/config.js';

const SEEDS = [
  `watch:
  username: bob
kick:
  channels: [one, { slug: two, channelId: 1, chatroomId: 2, critical: true }]
sinks:
  discord: { type: discord, url: "https://discord.com/api/webhooks/123456789012345678/\${TOKEN:-abc}" }
`,
  `watch: [{ username: bob, aliases: [b, c], ignore: [bot] }, { username: eve }]
kick: { channels: [one], transport: pusher, pusher: { key: k, cluster: us2 }, silentAfter: 10m, gapFill: false }
rules:
  - { name: me, match: [mention, reply] }
  - { name: words, match: { keywords: [giveaway], pattern: "gg+ wp" }, channels: [one], from: [x], sinks: [db], cooldown: 30s }
sinks:
  db: { type: postgrest, url: "http://127.0.0.1:3000", key: k, table: t, dedupeColumn: d, batch: 5, breaker: { failures: 3, recovery: 1m } }
  out: { type: console }
store: { path: ./x.db, retention: 30d, maxBytes: 1GiB, archive: all, durability: normal }
limits: { messagesPerChannel: 500, httpConnections: 50, frameSize: 1MiB, eventSize: 64KiB }
timeouts: { parsing: 10s, handler: 15s, connect: 30s, pingEvery: 30s, pong: 10s, close: 5s, lookup: 10s }
reconnect: { initial: 1s, max: 60s, stableAfter: 30s, attempts: unlimited }
shutdown: { sources: 3s, drain: 10s, sinks: 12s, tasks: 2s, store: 5s, total: 30s }
control: { host: 127.0.0.1, port: 4747 }
log: { level: info, format: auto }
trace: { keep: 3, maxBytes: 1MiB }
`,
];

const folder = mkdtempSync(join(tmpdir(), 'earshot-fuzz-'));
const file = join(folder, 'earshot.yaml');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export const configuration = {
  name: 'configurations',
  share: 0.005,
  seeds: SEEDS,
  async take(input) {
    writeFileSync(file, input);
    try {
      await loadConfig({ file, env: { HOME: folder }, cwd: folder });
    } catch (error) {
      if (!(error instanceof ConfigErrors)) throw error;
      for (const line of error.message.split('\n')) {
        if (!/^earshot\.yaml(:\d+:\d+)?: \S/.test(line)) throw new Error(`no place is named: ${line}`);
      }
    }
  },
};
