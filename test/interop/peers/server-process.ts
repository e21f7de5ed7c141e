/**
 * A server of somebody else's as a process of its own: started, waited for by what it prints, ended with the
 * test. Should the test's process die first, a watchdog ends it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const WATCHDOG = fileURLToPath(new URL('./watchdog.mjs', import.meta.url));
const OUTPUT_KEPT = 20_000;

export interface ServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What it prints once it serves. */
  readonly ready: RegExp;
  /** Ends it at once. */
  readonly endSignal?: NodeJS.Signals;
  /** Whom it runs as; by default whoever runs the test. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

export interface ServerProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Sends a signal and waits for the end; with `SIGSTOP` and `SIGCONT` for nothing. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Ends it at once, and waits for that. */
  end(): Promise<void>;
}

/** Resolves once it serves. Rejects with what it printed when it ends before, or takes longer than 20 s. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { command, args, env = {}, endSignal = 'SIGKILL', user } = options;
  const child = spawn(command, [...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  let output = '';
  const exited = once(child, 'close');
  const watchdog = watch(child, endSignal);
  const served = new Promise<void>((resolve) => {
    const heard = (chunk: Buffer) => {
      output = (output + String(chunk)).slice(-OUTPUT_KEPT);
      if (options.ready.test(output)) resolve();
    };
    child.stdout.on('data', heard);
    child.stderr.on('data', heard);
  });
  const server: ServerProcess = {
    child,
    output: () => output,
    async signal(signal) {
      child.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exited;
    },
    async end() {
      // Once it is on its way out, this changes nothing.
      child.kill(endSignal);
      await exited;
    },
  };
  void exited.finally(() => watchdog?.kill()).catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), 20_000);
  });
  const first = await Promise.race([served, exited.then(() => 'ended' as const), late]);
  clearTimeout(timer);
  if (first === undefined) return server;
  await server.end();
  throw new Error(`${command} ${first === 'late' ? 'did not serve within 20 s' : 'ended'}:\n${output}`);
}

function watch({ pid }: ChildProcess, signal: NodeJS.Signals): ChildProcess | undefined {
  if (pid === undefined) return undefined;
  return spawn(process.execPath, [WATCHDOG, String(pid), signal], { stdio: ['pipe', 'ignore', 'ignore'] });
}

/** A port of 127.0.0.1 that was free just now: for servers that cannot be told to pick one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
