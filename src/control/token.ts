/** The control token: made once, kept beside the store in a file that only the user can read. */
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { EarshotError } from '../errors.js';
import { Secret } from '../secret.js';

export function tokenFileOf(storePath: string): string {
  return `${storePath}.token`;
}

/** Reads the token of a store, or makes one. Throws an EarshotError when it can be neither read nor written. */
export function controlToken(storePath: string): Secret {
  const file = tokenFileOf(storePath);
  try {
    return readToken(file) ?? makeToken(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new EarshotError(
      'controlToken',
      `the control token ${file} can be neither read nor written (${code})`,
      'give the user that runs Earshot write access to the folder, or set control: false',
      { cause: error },
    );
  }
}

function readToken(file: string): Secret | undefined {
  try {
    const token = readFileSync(file, 'utf8').trim();
    chmodSync(file, 0o600);
    return token.length >= 32 ? new Secret(token) : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function makeToken(file: string): Secret {
  const token = randomBytes(32).toString('base64url');
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return new Secret(token);
}
