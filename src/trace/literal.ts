/** Values as they are written in a source, laid out as the formatter of this repository would. */

const WIDTH = 110;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * Of JSON values and errors.
 * @param before what stands before it on its line, as `after` does after it: together they must fit.
 */
export function literal(value: unknown, before = '', after = ''): string {
  const indent = /^ */.exec(before)?.[0] ?? '';
  const flat = inline(value);
  if (!isObject(value) || (before.length + flat.length + after.length <= WIDTH && !isList(value)))
    return flat;
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const inner = `${indent}  `;
  const lines = entriesOf(value).map(([name, it]) => {
    const start = `${inner}${name}`;
    return `${start}${literal(it, start, ',')},`;
  });
  return [open, ...lines, `${indent}${close}`].join('\n');
}

function inline(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Error) return `new Error(${quoted(value.message)})`;
  if (!isObject(value)) return String(value);
  const parts = entriesOf(value).map(([name, it]) => `${name}${inline(it)}`);
  if (Array.isArray(value)) return `[${parts.join(', ')}]`;
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

/** Several objects of several keys: each stands on its own line. */
function isList(value: object): boolean {
  return (
    Array.isArray(value) &&
    value.length > 1 &&
    value.every((it) => isObject(it) && !(it instanceof Error) && Object.keys(it).length > 1)
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Error);
}

/** With what stands before each value. */
function entriesOf(value: object): [string, unknown][] {
  if (Array.isArray(value)) return value.map((it) => ['', it]);
  return Object.entries(value)
    .filter(([, it]) => it !== undefined)
    .map(([key, it]) => [`${IDENTIFIER.test(key) ? key : quoted(key)}: `, it]);
}

export function quoted(text: string): string {
  const json = JSON.stringify(text).replace(/[\u2028\u2029]/g, (it) => `\\u${it.charCodeAt(0).toString(16)}`);
  const singles = text.split("'").length - 1;
  const doubles = text.split('"').length - 1;
  if (singles > doubles) return json;
  return `'${json.slice(1, -1).replace(/\\"/g, '"').replace(/'/g, "\\'")}'`;
}
