/**
 * Reading JSON that nobody vouches for. Nothing here throws; what is not as hoped is `undefined`.
 */

export type JsonObject = Record<string, unknown>;

/** The parsed value, or `undefined` when the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value as an object (arrays are none), or `undefined`. */
export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
