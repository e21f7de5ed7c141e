/** The tree as paths tell it: parts below parts, each level in one order that never changes while one looks. */

/**
 * @typedef {object} Branch
 * @property {string} path
 * @property {string} name the last part of the path
 * @property {Branch[]} below
 */

/** As they start. Deadlines come last: they are beside the tree, under the name of their operation. */
const ORDER = ['store', 'pool', 'sinks', 'sources', 'tasks', 'control', 'deadline'];
/** Within a sink and a connection: the way of a message. */
const PARTS = ['queue', 'breaker', 'delivery', 'link'];
const ROOT = 'supervisor';

/**
 * The root's path is `supervisor`, though its children's do not begin with it.
 * @param {readonly string[]} paths
 * @returns {Branch}
 */
export function treeOf(paths) {
  /** @type {Branch} */
  const root = { path: ROOT, name: ROOT, below: [] };
  /** @type {Map<string, Branch>} */
  const known = new Map([[ROOT, root]]);
  /** @type {(path: string) => Branch} */
  const branchAt = (path) => {
    const there = known.get(path);
    if (there !== undefined) return there;
    const cut = cutOf(path);
    /** @type {Branch} */
    const branch = { path, name: path.slice(cut + 1), below: [] };
    known.set(path, branch);
    (cut < 0 ? root : branchAt(path.slice(0, cut))).below.push(branch);
    return branch;
  };
  for (const path of paths) branchAt(path);
  for (const branch of known.values()) branch.below.sort(branch === root ? asTheyStart : asTheyWork);
  return root;
}

/**
 * Where the parent's path ends. A host's name may hold anything but is one part: `sinks/host-http://…/host`.
 * @param {string} path
 */
function cutOf(path) {
  return path.startsWith('deadline/') ? 'deadline'.length : path.lastIndexOf('/');
}

/** @type {(a: Branch, b: Branch) => number} */
const asTheyStart = (a, b) => placeIn(ORDER, a.name) - placeIn(ORDER, b.name) || byName(a, b);

/** @type {(a: Branch, b: Branch) => number} */
const asTheyWork = (a, b) => placeIn(PARTS, a.name) - placeIn(PARTS, b.name) || byName(a, b);

const collator = new Intl.Collator('en', { numeric: true });

/** @type {(a: Branch, b: Branch) => number} */
const byName = (a, b) => collator.compare(a.name, b.name);

/**
 * @param {readonly string[]} order
 * @param {string} name
 */
function placeIn(order, name) {
  const place = order.indexOf(name);
  return place < 0 ? order.length : place;
}

/**
 * All paths, each before what is below it.
 * @param {Branch} branch
 * @returns {string[]}
 */
export function inOrder(branch) {
  return [branch.path, ...branch.below.flatMap(inOrder)];
}
