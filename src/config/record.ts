/** Data of a file whose form nobody has checked yet. */

const NOTHING: Readonly<Record<string, unknown>> = {};

/** A map of the file, or an empty one where something else stands. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : NOTHING;
}
