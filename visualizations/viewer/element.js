/** Making elements. Text becomes text nodes: nothing that the daemon or a trace says is ever read as markup. */

/** @typedef {Node | string | number | false | null | undefined} Child */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string | number | boolean | undefined>>} attributes `true` sets it empty; false and undefined leave it out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
  }
  put(made, ...children);
  return made;
}

/**
 * Appends what there is.
 * @param {Element | DocumentFragment} parent
 * @param {...Child} children
 */
export function put(parent, ...children) {
  for (const child of children) {
    if (child === false || child === null || child === undefined) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

/**
 * The element of the page with this id.
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} id
 * @param {new () => E} [kind]
 * @returns {E}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (found instanceof (kind ?? HTMLElement)) return /** @type {E} */ (found);
  throw new Error(`the page has no #${id}`);
}

/**
 * Writes only what differs: a page that is looked at must not lose its selection ten times a second.
 * @param {Element} where
 * @param {string} text
 */
export function setText(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/**
 * @param {Element} where
 * @param {string} name
 * @param {string | undefined} value undefined takes it away
 */
export function setAttribute(where, name, value) {
  if (value === undefined) where.removeAttribute(name);
  else if (where.getAttribute(name) !== value) where.setAttribute(name, value);
}

/** A state's colour has a shape beside it: it is told without seeing colours. @param {string} condition */
export function mark(condition) {
  return element('span', { class: 'mark', 'data-condition': condition, 'aria-hidden': 'true' });
}
