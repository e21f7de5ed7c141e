/**
 * A YAML file as data whose every value can still be found in the text: for each path its line and column.
 * `${NAME}` and `${NAME:-default}` are filled in after parsing, so that no value can change the structure.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  Scalar,
  visit,
  type YAMLError,
} from 'yaml';

export type Path = readonly PropertyKey[];

/** Something wrong at a place of the file. */
export interface Problem {
  readonly path: Path;
  /** Point at the key instead of its value. */
  readonly atKey?: boolean;
  readonly text: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export class ConfigDocument {
  /** The file's data with the environment filled in; undefined when it is no YAML. */
  readonly value: unknown;
  /** Places where the environment lacked something. */
  readonly problems: readonly Problem[];
  /** Where and why the text is no YAML, as `line:column: text`. */
  readonly syntaxErrors: readonly string[];
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;

  constructor(text: string, env: Environment) {
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      // What it would warn of on standard error is refused here, with its place.
      logLevel: 'error',
    });
    this.#document = document;
    const errors = document.errors.map(
      ({ code, pos }) => [pos[0], syntaxText(code, text[pos[0] - 1])] as const,
    );
    if (errors.length === 0) errors.push(...aliasErrors(document));
    this.syntaxErrors = errors.map(([offset, why]) => `${this.#place(offset)}: ${why}`);
    const isYaml = errors.length === 0;
    this.problems = isYaml ? fillIn(document, env) : [];
    this.value = isYaml ? document.toJS({ maxAliasCount: ALIASES_MAX }) : undefined;
  }

  /** `line:column` of the value at `path`, or of the nearest thing around it that the file has. */
  place(path: Path, atKey = false): string {
    let node: Node | null = this.#document.contents;
    let offset = startOf(node);
    for (const [depth, step] of path.entries()) {
      const around: Node | undefined = isAlias(node) ? node.resolve(this.#document) : (node ?? undefined);
      if (!isCollection(around)) break;
      const pair = isMap(around)
        ? around.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step))
        : undefined;
      const keyOffset = startOf(pair?.key);
      const next: unknown = around.get(isMap(around) ? (pair?.key ?? step) : step, true);
      const isLast = depth === path.length - 1;
      if (!isNode(next)) {
        offset = keyOffset ?? offset;
        break;
      }
      node = next;
      offset = (isLast && atKey ? keyOffset : startOf(next)) ?? keyOffset ?? offset;
    }
    return this.#place(offset ?? 0);
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${Math.max(1, line)}:${Math.max(1, col)}`;
  }
}

function isNode(value: unknown): value is ParsedNode {
  return isScalar(value) || isCollection(value) || isAlias(value);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** In our words: the library's quote the text, which may be a secret. */
function syntaxText(code: YAMLError['code'], before: string | undefined): string {
  if (before === '$') return `inside [ ] and { } put quotes around a \${NAME}`;
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'this key stands twice in its block; keep one';
    case 'TAB_AS_INDENT':
      return 'a tab indents this line; YAML takes spaces only';
    case 'BAD_INDENT':
      return 'this line is indented differently from its block';
    case 'MISSING_CHAR':
      return 'a quote, bracket or colon is missing here';
    default:
      return 'this is not YAML; check the quotes, the colons and the indentation around it';
  }
}

/** More is a bomb, not a configuration. */
const ALIASES_MAX = 100;

function aliasErrors(document: Document.Parsed): (readonly [offset: number, why: string])[] {
  const errors: (readonly [number, string])[] = [];
  let count = 0;
  visit(document, {
    Alias(_, alias) {
      count += 1;
      const offset = startOf(alias) ?? 0;
      if (count > ALIASES_MAX) errors.push([offset, `too many aliases; write at most ${ALIASES_MAX}`]);
      else if (alias.resolve(document) === undefined) {
        errors.push([offset, 'no anchor of that name stands before this alias']);
      }
      return count > ALIASES_MAX ? visit.BREAK : undefined;
    },
  });
  return errors;
}

const PLACEHOLDER = /\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

function fillIn(document: Document.Parsed, env: Environment): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Scalar(key, scalar, ancestors) {
      const { value } = scalar;
      if (key === 'key' || typeof value !== 'string' || !value.includes('${')) return;
      const missing = new Set<string>();
      const filled = value.replace(
        PLACEHOLDER,
        (whole, escaped?: string, name?: string, otherwise?: string) => {
          if (escaped !== undefined || name === undefined) return '${';
          const found = env[name];
          if (found !== undefined && found !== '') return found;
          if (otherwise !== undefined) return otherwise;
          missing.add(name);
          return whole;
        },
      );
      const path = pathOf([...ancestors, scalar]);
      for (const name of missing) {
        problems.push({
          path,
          text: `the environment has no ${name}; set it, or write \${${name}:-a default}`,
        });
      }
      scalar.value = scalar.type === Scalar.PLAIN && missing.size === 0 ? asPlain(filled) : filled;
    },
  });
  return problems;
}

/** What YAML would have made of it, unquoted. Longer numbers stay text: they are ids, and would lose digits. */
function asPlain(text: string): string | number | boolean {
  if (/^-?(0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}

function pathOf(chain: readonly unknown[]): PropertyKey[] {
  const path: PropertyKey[] = [];
  for (const [at, around] of chain.entries()) {
    const inside = chain[at + 1];
    if (!isCollection(around) || inside === undefined) continue;
    if (isMap(around)) {
      const pair = around.items.find((it) => it === inside);
      path.push(String(isScalar(pair?.key) ? pair.key.value : ''));
    } else {
      path.push(around.items.findIndex((it) => Object.is(it, inside)));
    }
  }
  return path;
}
