/**
 * Delta debugging: of a list for which something holds, a shorter one for which it still holds. It leaves out large
 * parts first, and ends when nothing more can be left out, or when it took too long.
 */

/** Trials of single items altogether; a machine takes a few microseconds for each. */
const EFFORT_MAX = 500_000;

export interface Shrunk<Item> {
  readonly items: readonly Item[];
  /** Without any one of them it no longer holds. */
  readonly isMinimal: boolean;
}

/** @param holds says how many of the items, from the first, were needed; undefined when it does not hold. */
export function shrunk<Item>(
  all: readonly Item[],
  holds: (items: readonly Item[]) => number | undefined,
): Shrunk<Item> {
  let items = all.slice(0, holds(all));
  let effort = 0;
  for (let parts = 2; items.length > 0; ) {
    const size = Math.ceil(items.length / parts);
    let isShorter = false;
    for (let start = 0; start < items.length && !isShorter; start += size) {
      if (effort > EFFORT_MAX) return { items, isMinimal: false };
      const rest = [...items.slice(0, start), ...items.slice(start + size)];
      effort += rest.length;
      const needed = holds(rest);
      if (needed === undefined) continue;
      items = rest.slice(0, needed);
      isShorter = true;
    }
    if (isShorter) parts = Math.max(2, parts - 1);
    else if (size === 1) break;
    else parts = Math.min(items.length, parts * 2);
  }
  return { items, isMinimal: true };
}
