/**
 * A secret from the moment it is read. It shows itself as `[secret]` everywhere (strings, JSON, inspection);
 * only `reveal()` gives the value, where a request is made. For what gets past that (an error about a URL
 * contains the URL) there is the scrubber: every writer takes the values themselves out of what it writes.
 */
import { inspect } from 'node:util';

const SHOWN = '[secret]';

/** A shorter value would blot out innocent text; it is a secret of nobody's. */
const SCRUBBED_MIN = 6;

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}

/** A function that puts `[secret]` wherever one of the values stands in a text, in whatever spelling. */
export function createScrubber(secrets: readonly Secret[]): (text: string) => string {
  const values = [...new Set(secrets.flatMap((secret) => spellings(secret.reveal())))]
    .filter((value) => value.length >= SCRUBBED_MIN)
    // The whole address before the token in it, or the rest of it would stay behind.
    .sort((one, other) => other.length - one.length);
  if (values.length === 0) return (text) => text;
  const anyOfThem = new RegExp(values.map(escapeRegExp).join('|'), 'gi');
  return (text) => text.replace(anyOfThem, SHOWN);
}

/** A value as it may turn up: by itself, its parts when it is an address, each as written in URLs, JSON and base64. */
function spellings(value: string): string[] {
  const parts = [value, ...secretParts(value)];
  return parts.flatMap((part) => [
    part,
    encodeURIComponent(part),
    encodeURI(part),
    JSON.stringify(part).slice(1, -1),
    Buffer.from(part).toString('base64'),
    Buffer.from(part).toString('base64url'),
  ]);
}

/** What is secret in an address: a webhook's token in its path, a password before the host, a key in the query. */
function secretParts(value: string): string[] {
  if (!URL.canParse(value)) return [];
  const { pathname, password, searchParams } = new URL(value);
  const segments = pathname.split('/');
  const after = segments.indexOf('webhooks') + 2;
  const token = after >= 2 ? (segments[after] ?? '') : '';
  return [token, password, ...searchParams.values()];
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
