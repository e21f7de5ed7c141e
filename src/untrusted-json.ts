/** Reading JSON that nobody vouches for. Nothing here throws; what is not as hoped is `undefined`. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value as an object (arrays are none). */
export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** The value as an object, also when it is JSON inside a string: Kick and Pusher do either. */
export function asObjectOrJson(value: unknown): JsonObject | undefined {
  return asObject(typeof value === 'string' ? parseJson(value) : value);
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** An id as text: platforms change between numbers and strings. */
export function asId(value: unknown): string | undefined {
  if (typeof value === 'string') return value.length > 0 && value.length <= 200 ? value : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}

/** A number as the platform's databases give them: a positive integer, also written as text. */
export function asNumericId(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
