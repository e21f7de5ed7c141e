/** Processes that listen to the feeder: Earshot as `earshot run`, and the floors beside it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHANNELS } from './feeder.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
export const CLI = here('../../dist/src/cli.js');
const LOOK_MS = 5;
const KILL_MS = 40_000;
const TICKS_PER_SECOND = 100;

/** A process, its folder, and what /proc tells of it. */
export class Listener {
  #child;
  #exited;
  folder;

  constructor(args, { folder, env = {} } = {}) {
    this.folder = folder;
    this.#child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...env },
    });
    this.#exited = once(this.#child, 'exit');
  }

  /** User and system time so far, in microseconds. */
  get cpuMicros() {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
  }

  get rssMb() {
    return this.#memory('VmRSS');
  }

  get peakMb() {
    return this.#memory('VmHWM');
  }

  signal(name) {
    this.#child.kill(name);
  }

  /** Ends it, and takes its folder away. Returns its exit code and how many milliseconds it took. */
  async stop({ keepsFolder = false } = {}) {
    const askedAt = performance.now();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), KILL_MS);
    const [exitCode] = await this.#exited;
    const tookMs = performance.now() - askedAt;
    clearTimeout(timer);
    if (this.folder !== undefined && !keepsFolder) rmSync(this.folder, { recursive: true, force: true });
    return { exitCode, tookMs };
  }

  #memory(key) {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return (Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) * 1_024) / 1e6;
  }
}

/** The daemon as anybody starts it. */
export class Earshot extends Listener {
  constructor(yaml, { nodeArgs = [], env = {}, folder = temporaryFolder() } = {}) {
    const file = join(folder, 'earshot.yaml');
    writeFileSync(file, yaml);
    super([...nodeArgs, CLI, 'run', '-c', file, '--log-level', 'error'], { folder, env });
  }

  ask(method, path, body) {
    return ask(join(this.folder, 'earshot.db.sock'), method, path, body);
  }

  async until(claim, withinMs = 60_000) {
    const end = performance.now() + withinMs;
    while (performance.now() < end) {
      const status = await this.ask('GET', '/status').catch(() => undefined);
      if (status !== undefined && claim(status)) return status;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error(`not within ${withinMs} ms: ${claim}`);
  }

  untilLive() {
    return this.until(({ sources }) =>
      sources.every(({ channels }) => channels.length > 0 && channels.every(({ state }) => state === 'live')),
    );
  }
}

export function temporaryFolder() {
  return mkdtempSync(join(tmpdir(), 'earshot-bench-'));
}

/** A process that only reads, or with `archives` also inserts. */
export function startFloor(url, archives) {
  if (!archives) return new Listener([here('floor.mjs'), url]);
  const folder = temporaryFolder();
  return new Listener([here('floor.mjs'), url, join(folder, 'floor.db')], { folder });
}

/** A configuration for whoever serves Pusher at `wsUrl`; ids are given, so nothing is looked up. */
export function configOf({
  wsUrl,
  key = 'key',
  channels = CHANNELS,
  sinks = 'console: { type: console }',
  more = '',
}) {
  const list = channels.map(
    ({ slug, channelId, chatroomId }) =>
      `    - { slug: ${slug}, channelId: ${channelId}, chatroomId: ${chatroomId} }`,
  );
  const http = wsUrl.replace('ws:', 'http:');
  return `watch: { username: bob }
kick:
  api: ${http}
  web: ${http}
  transport: pusher
  gapFill: false
  pusher: { url: "${wsUrl}", key: ${key} }
  channels:
${list.join('\n')}
sinks:
  ${sinks}
control: { port: 0 }
${more}
`;
}

function ask(socketPath, method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    request({ socketPath, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        if (response.statusCode < 300) resolve(JSON.parse(text));
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    })
      .on('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body));
  });
}
