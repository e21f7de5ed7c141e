/**
 * The least that can be done with a chat message, in a process of its own: `node floor.mjs URL [DATABASE]`. A bare `ws`
 * and both JSON.parse; with a database, also its insert, into the daemon's tables under the daemon's settings, one
 * transaction a turn of the event loop.
 */
import { setFlagsFromString } from 'node:v8';
import Database from 'better-sqlite3';
import { WebSocket } from 'ws';
import { prepareDatabase } from '../../dist/src/store/open.js';

// As `earshot run` does.
setFlagsFromString('--semi-space-growth-factor=1');
const [url, path] = process.argv.slice(2);
const keep = path === undefined ? () => {} : archiveIn(path);
const notice = JSON.stringify({
  rules: ['me'],
  reasons: ['mention'],
  watched: 'bob',
  matches: ['bob'],
  sinks: [],
});
const socket = new WebSocket(`${url}/app/key?protocol=7`, { perMessageDeflate: false });
let heard = 0;
socket.on('message', (frame) => {
  const { event, data } = JSON.parse(frame.toString('utf8'));
  if (event === 'pusher:connection_established') {
    socket.send(
      JSON.stringify({ event: 'pusher:subscribe', data: { auth: '', channel: 'chatrooms.5000.v2' } }),
    );
  } else if (event === 'pusher:ping') {
    socket.send(JSON.stringify({ event: 'pusher:pong', data: {} }));
  } else if (event === 'App\\Events\\ChatMessageEvent') {
    heard += 1;
    keep(JSON.parse(data));
  }
});
socket.on('close', () => process.exit(0));
process.on('SIGTERM', () => process.exit(heard > 0 ? 0 : 1));

function archiveIn(file) {
  const db = new Database(file);
  prepareDatabase(db, { path: file, durability: 'full' });
  const insert = db.prepare(`
    INSERT INTO archive
      (dedupe_key, channel, sender, sender_id, text, created_at, stored_at, late, reply_to, notice)
    VALUES (?, ?, ?, ?, ?, ?, ?, 0, NULL, ?)`);
  let waiting = [];
  const commit = db.transaction(() => {
    const now = Date.now();
    for (const { id, sender, content, created_at: at } of waiting) {
      const forWhom = content.startsWith('@bob') ? notice : null;
      insert.run(
        `kick:${id}`,
        'one',
        sender.username,
        String(sender.id),
        content,
        Date.parse(at),
        now,
        forWhom,
      );
    }
  });
  return (message) => {
    if (waiting.length === 0) {
      setImmediate(() => {
        commit.immediate();
        waiting = [];
      });
    }
    waiting.push(message);
  };
}
