/** A state in one word, as people and pages name it: the dotted path below the machine. */

/** `"open"` is `open`, `{"isolated":"forATime"}` is `isolated.forATime`; of states side by side `a.b+c.d`. */
export function stateName(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([parent, child]) => {
      const below = stateName(child);
      return below === '' ? parent : `${parent}.${below}`;
    })
    .join('+');
}
