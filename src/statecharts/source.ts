/** A machine's source that stands alone: its pure siblings are written into it, so that it can be pasted. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SIBLING = /^import (?:type )?\{[^}]*\} from '\.\/([a-z]+)\.js';\n/gm;

/** Throws when there is no such machine. */
export function sourceOf(name: string): string {
  const own = readFileSync(fileOf(name), 'utf8');
  const siblings = [...own.matchAll(SIBLING)].map(([, sibling]) => sibling ?? '');
  const inlined = siblings.map((sibling) => readFileSync(fileOf(sibling), 'utf8').replace(/^export /gm, ''));
  return [own.replace(SIBLING, ''), ...inlined].join('\n');
}

/** Beside the sources, or one folder further up from the build: the sources go with the package. */
function fileOf(name: string): string {
  const places = [`../../machines/${name}.ts`, `../../../machines/${name}.ts`];
  const file = places.map((it) => fileURLToPath(new URL(it, import.meta.url))).find((it) => existsSync(it));
  if (file === undefined) throw new Error(`there is no source of a machine ${name}`);
  return file;
}
