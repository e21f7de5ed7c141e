/** Where a daemon's Unix socket is: beside its store, so that whoever names the store finds the daemon. */
import { createHash } from 'node:crypto';

/** The system allows 107; what is longer would be cut without a word, and another file be made. */
const PATH_MAX_BYTES = 100;

/** The socket of the daemon that owns this store. Where its name would be too long, one made from its hash. */
export function socketPathOf(storePath: string): string {
  const beside = `${storePath}.sock`;
  if (Buffer.byteLength(beside) <= PATH_MAX_BYTES) return beside;
  const hash = createHash('sha256').update(storePath).digest('hex').slice(0, 32);
  // Not below TMPDIR: it need not be the same for the daemon and for whoever asks.
  return `/tmp/earshot-${hash}/control.sock`;
}

/** Whether the socket has a folder of its own, which must then be made and be nobody else's. */
export function hasOwnFolder(socketPath: string): boolean {
  return /^\/tmp\/earshot-[0-9a-f]{32}\/control\.sock$/.test(socketPath);
}
