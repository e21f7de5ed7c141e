/** Files that go with the package beside the code: sources of the machines, pictures. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The text of `path`, counted from the package's folder. Throws when the package came without it. */
export function shippedText(path: string): string {
  return readFileSync(shippedFile(path), 'utf8');
}

/** Where it is on this machine. */
export function shippedFile(path: string): string {
  // Seen from the sources, and from the build, which lies one folder further down.
  const places = [`../../${path}`, `../../../${path}`].map((it) =>
    fileURLToPath(new URL(it, import.meta.url)),
  );
  const file = places.find((it) => existsSync(it));
  if (file === undefined) throw new Error(`the package came without ${path}`);
  return file;
}
