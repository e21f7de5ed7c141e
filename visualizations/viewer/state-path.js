/**
 * A state as text: XState writes `"open"` or `{"attached":{"connected":"quiet"}}`; here it is `open`,
 * `attached.connected.quiet`. The pictures name their states the same way.
 */

/**
 * The innermost states a machine is in; more than one only where regions run side by side.
 * @param {unknown} value
 * @returns {string[]}
 */
export function leavesOf(value) {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, within]) => {
    const below = leavesOf(within);
    return below.length === 0 ? [name] : below.map((leaf) => `${name}.${leaf}`);
  });
}

/**
 * As one text.
 * @param {unknown} value
 */
export function stateOf(value) {
  return leavesOf(value).join(' ');
}

/**
 * A state and everything around it, the innermost first: `a.b.c`, `a.b`, `a`.
 * @param {string} leaf
 */
export function withAncestors(leaf) {
  const names = leaf.split('.');
  return names.map((_, index) => names.slice(0, names.length - index).join('.'));
}

/**
 * Whether `outer` is `inner` or lies around it. The machine itself is around all of it.
 * @param {string} outer
 * @param {string} inner
 */
export function isWithin(outer, inner) {
  return outer === '' || outer === inner || inner.startsWith(`${outer}.`);
}

/**
 * For people: the innermost name as words, `awaitingPong` → `awaiting pong`.
 * @param {string} state
 */
export function wordsOf(state) {
  return state
    .split(' ')
    .map((leaf) => (leaf.split('.').at(-1) ?? '').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase())
    .join(', ');
}
