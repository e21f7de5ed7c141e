/** Which daemon a command talks to: the one of a socket, or of the configuration's store. Needs no secret. */
import { loadControlOnly } from '../config.js';
import { ask } from '../control/client.js';
import { socketPathOf } from '../control/socket-path.js';

/** The options that every command has. */
export interface CommonOptions {
  readonly config?: string;
  readonly socket?: string;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
}

export interface DaemonAddress {
  /** Undefined when only a socket was named. */
  readonly storePath: string | undefined;
  /** Rejects with an EarshotError, code `unreachable` when there is no daemon. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown>;
}

/** Rejects with ConfigErrors. */
export async function daemonAddress({ config, socket }: CommonOptions): Promise<DaemonAddress> {
  const storePath = socket === undefined ? (await loadControlOnly({ file: config })).storePath : undefined;
  const socketPath = socket ?? socketPathOf(storePath ?? '');
  return { storePath, ask: (method, path, body) => ask(socketPath, method, path, body) };
}
