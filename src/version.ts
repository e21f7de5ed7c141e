/** Earshot's version, as package.json says it. */
import { readFileSync } from 'node:fs';

/** The built files lie one folder deeper than the sources. */
const PLACES = ['../package.json', '../../package.json'];

export const version = PLACES.map(versionIn).find((found) => found !== undefined) ?? 'unknown';

function versionIn(place: string): string | undefined {
  try {
    const { name, version: found } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
    return name === 'earshot' ? String(found) : undefined;
  } catch {
    return undefined;
  }
}
