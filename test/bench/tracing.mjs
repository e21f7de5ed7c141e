/**
 * What recording and inspection cost: every message archived, through a real socket into a real database, with nothing
 * recorded, with the flight recorder alone (as `earshot run` does), with a trace on disk, and with the inspector beside
 * the flight recorder, while nobody and while one viewer looks on. Rounds alternate; what is compared is the daemon's
 * processor time, which a busy machine disturbs less than its clock.
 *
 *   npm run bench:tracing [-- MESSAGES ROUNDS]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { startKick } from '../../dist/src/demo/kick-standin.js';

const [messages = 200_000, rounds = 5] = process.argv.slice(2).map(Number);
const MODES = ['none', 'flight', 'trace', 'inspect', 'viewer'];
const PER_TURN = 500;
const CHANNEL = { slug: 'one', channelId: 1, chatroomId: 2 };
const TICKS_PER_SECOND = 100;

const kick = await startKick({ channels: [CHANNEL] });
const results = Object.fromEntries(MODES.map((mode) => [mode, { cpu: [], rate: [], traceBytes: 0 }]));
for (let round = 0; round < rounds; round += 1) {
  // The order turns, so that none is always the one that starts warm.
  for (const mode of MODES.map((_, index) => MODES[(index + round) % MODES.length])) {
    const { cpuMicros, perSecond, traceBytes } = await measure(mode);
    results[mode].cpu.push(cpuMicros);
    results[mode].rate.push(perSecond);
    results[mode].traceBytes = traceBytes;
  }
}
await kick.close();
const base = median(results.none.cpu);
console.log(
  `${messages.toLocaleString('en')} archived messages, median of ${rounds} rounds, Node ${process.version}`,
);
for (const mode of MODES) {
  const { cpu, rate, traceBytes } = results[mode];
  const ratio = median(cpu) / base;
  const size = traceBytes > 0 ? `, ${Math.round(traceBytes / 1024)} KiB written` : '';
  console.log(
    `${mode.padEnd(7)} ${median(cpu).toFixed(2)} µs CPU a message, ratio ${ratio.toFixed(3)}, ${Math.round(median(rate)).toLocaleString('en')}/s${size}`,
  );
}

async function measure(mode) {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-bench-'));
  const file = join(folder, 'earshot.yaml');
  writeFileSync(
    file,
    `watch: { username: bob }
kick:
  { api: "${kick.url}", web: "${kick.url}", transport: pusher, gapFill: false,
    pusher: { url: "${kick.wsUrl}", key: ${kick.pusherKey} },
    channels: [{ slug: one, channelId: 1, chatroomId: 2 }] }
sinks: { console: { type: console } }
store: { archive: all }
control: { port: 0 }
`,
  );
  const daemon = fileURLToPath(new URL('one-daemon.mjs', import.meta.url));
  const child = spawn(process.execPath, [daemon, file, mode, folder], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = await new Promise((resolve) => child.once('message', resolve));
  const viewer = mode === 'viewer' ? new WebSocket(url.replace('http', 'ws')) : undefined;
  try {
    const socket = join(folder, 'earshot.db.sock');
    await until(socket, ({ sources }) => sources[0]?.channels[0]?.state === 'live');
    const cpuBefore = ticksOf(child.pid);
    const startedAt = performance.now();
    for (let sent = 0; sent < messages; sent += PER_TURN) {
      for (let count = 0; count < PER_TURN; count += 1) kick.sendRaw(frame(sent + count));
      if (sent % (10 * PER_TURN) === 0) await until(socket, ({ account }) => account.heard >= sent);
      else await new Promise((resolve) => setImmediate(resolve));
    }
    await until(socket, ({ account }) => account.heard === messages && account.waiting === 0);
    const seconds = (performance.now() - startedAt) / 1_000;
    const cpuMicros = ((ticksOf(child.pid) - cpuBefore) / TICKS_PER_SECOND / messages) * 1e6;
    return { cpuMicros, perSecond: messages / seconds, traceBytes: sizeOf(join(folder, 'traces')) };
  } finally {
    viewer?.terminate();
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

function frame(id) {
  return JSON.stringify({
    event: 'App\\Events\\ChatMessageEvent',
    channel: `chatrooms.${CHANNEL.chatroomId}.v2`,
    data: JSON.stringify({
      id: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
      chatroom_id: CHANNEL.chatroomId,
      content: `just chatting, number ${id}, nothing for anybody here`,
      type: 'message',
      created_at: '2026-11-23T12:00:00+00:00',
      sender: { id: 7, username: 'alice', slug: 'alice', identity: { color: '#75FD46', badges: [] } },
    }),
  });
}

async function until(socketPath, claim) {
  const end = performance.now() + 60_000;
  while (performance.now() < end) {
    const status = await ask(socketPath).catch(() => undefined);
    if (status !== undefined && claim(status)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`not within a minute: ${claim}`);
}

function ask(socketPath) {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/status', agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text)));
    })
      .on('error', reject)
      .end();
  });
}

/** User and system time of a process, from Linux's /proc. */
function ticksOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function sizeOf(folder) {
  try {
    return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  } catch {
    return 0;
  }
}

function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
