/** How a command asks the running daemon: over its Unix socket, as whoever runs the command. */
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { dirname } from 'node:path';
import { EarshotError } from '../errors.js';

/** A daemon that does not answer within this is not well, and the person should know. */
const ANSWER_MS = 10_000;
const ANSWER_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Asks, and gives the answer's JSON. Throws an EarshotError: `unreachable` when no daemon listens there or it may
 * not be reached, else the daemon's own refusal.
 */
export async function ask(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<unknown> {
  const { status, text } = await exchange(socketPath, method, path, body).catch((error: unknown) => {
    throw unreachable(socketPath, error);
  });
  const value = parse(text);
  if (status < 400) return value;
  const refused = errorIn(value);
  throw new EarshotError(
    refused.code ?? 'refused',
    refused.text ?? `the daemon answered ${status}`,
    refused.do,
  );
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: object | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path, timeout: ANSWER_MS, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > ANSWER_MAX_BYTES) asking.destroy(new Error('the answer is too large'));
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer within 10 s')));
    asking.on('error', reject);
    asking.end(body && JSON.stringify(body));
  });
}

function unreachable(socketPath: string, error: unknown): EarshotError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const cause = { cause: error };
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new EarshotError(
        'unreachable',
        `no daemon is running on ${socketPath.replace(/\.sock$/, '')}`,
        'start it with `earshot run`, or name its configuration with --config',
        cause,
      );
    case 'EACCES':
    case 'EPERM': {
      const owner = ownerOf(socketPath);
      return new EarshotError(
        'unreachable',
        `the daemon's socket ${socketPath} may not be opened by this user`,
        owner === undefined ? 'be the user that runs the daemon' : `be ${owner}: sudo -u ${owner} earshot …`,
        cause,
      );
    }
    default: {
      const why = error instanceof Error ? error.message : String(error);
      return new EarshotError(
        'unreachable',
        `the daemon on ${socketPath} does not answer: ${why}`,
        undefined,
        cause,
      );
    }
  }
}

/** The user who owns the socket, or the innermost folder around it that can be seen. */
function ownerOf(path: string): string | undefined {
  try {
    return userName(statSync(path).uid);
  } catch {
    return path === dirname(path) ? undefined : ownerOf(dirname(path));
  }
}

function userName(uid: number): string {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const [name] = users.find((line) => line.split(':')[2] === String(uid))?.split(':') ?? [];
  return name ?? `#${uid}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorIn(value: unknown): { readonly code?: string; readonly text?: string; readonly do?: string } {
  const error = typeof value === 'object' && value !== null && 'error' in value ? value.error : undefined;
  if (typeof error !== 'object' || error === null) return {};
  const read = (key: string) => {
    const found: unknown = Reflect.get(error, key);
    return typeof found === 'string' ? { [key]: found } : {};
  };
  return { ...read('code'), ...read('text'), ...read('do') };
}
