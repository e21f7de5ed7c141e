/** A machine's source that stands alone: its pure siblings are written into it, so that it can be pasted. */
import { shippedText } from './shipped.js';

const SIBLING = /^import (?:type )?\{[^}]*\} from '\.\/([a-z]+)\.js';\n/gm;

/** Throws when there is no such machine. */
export function sourceOf(name: string): string {
  const own = shippedText(`machines/${name}.ts`);
  const siblings = [...own.matchAll(SIBLING)].map(([, sibling]) => sibling ?? '');
  const inlined = siblings.map((sibling) => shippedText(`machines/${sibling}.ts`).replace(/^export /gm, ''));
  return [own.replace(SIBLING, ''), ...inlined].join('\n');
}

/** What a machine decides and what it never does, as its header says it. */
export function lawOf(name: string): string {
  const header = /^\/\*\*\n([\s\S]*?)\n \*\n/.exec(shippedText(`machines/${name}.ts`))?.[1] ?? '';
  return header.replace(/^ \* ?/gm, '').replace(/\n/g, ' ');
}
