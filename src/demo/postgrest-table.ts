/**
 * One table of the PostgREST stand-in: which rows PostgreSQL would take, and why not the others. All rows of a
 * request or none; nothing here knows of HTTP beyond the status that a refusal has.
 */
import { asObject, type JsonObject } from '../untrusted-json.js';

export interface TableShape {
  readonly columns: readonly string[];
  /** NOT NULL, without a default. */
  readonly required?: readonly string[];
  /** Each of these columns has its own UNIQUE constraint; NULLs never collide. */
  readonly unique?: readonly string[];
  /** A CHECK constraint over the row. */
  readonly check?: (row: JsonObject) => boolean;
}

export interface Table {
  readonly shape: TableShape;
  readonly rows: JsonObject[];
  /** `column value` of every unique value inserted so far; it outlives rows that are forgotten. */
  readonly taken: Set<string>;
}

export interface InsertOptions {
  /** `?columns=`: other keys are left out, missing ones are NULL. */
  readonly columns?: readonly string[] | undefined;
  /** `?on_conflict=`. Without it only the primary key is looked at, which callers here never send. */
  readonly conflictColumn?: string | undefined;
  readonly ignoresDuplicates: boolean;
}

/** PostgREST's answer to what it does not take. */
export interface Refused {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** The rows that go in, duplicates to be ignored left out; or why none does. `table.rows` is the caller's to append to. */
export function insert(table: Table, body: unknown, options: InsertOptions): JsonObject[] | Refused {
  const given = rowsOf(body);
  if (given === undefined) return { status: 400, code: 'PGRST102', message: 'Empty or invalid json' };
  const rows = withColumns(given, options.columns);
  if (rows === undefined) return { status: 400, code: 'PGRST102', message: 'All object keys must match' };
  const { shape } = table;
  const { conflictColumn } = options;
  const unknown = options.columns?.find((column) => !shape.columns.includes(column));
  if (unknown !== undefined) return unknownColumn(unknown);
  if (conflictColumn !== undefined && !shape.unique?.includes(conflictColumn)) {
    const message = 'there is no unique or exclusion constraint matching the ON CONFLICT specification';
    return { status: 400, code: '42P10', message };
  }
  const taken = new Set<string>();
  const accepted: JsonObject[] = [];
  for (const row of rows) {
    const problem = problemOf(row, shape);
    if (problem !== undefined) return problem;
    const values = uniqueValues(row, shape);
    const collision = values.find(({ key }) => table.taken.has(key) || taken.has(key));
    if (collision !== undefined && options.ignoresDuplicates && collision.column === conflictColumn) continue;
    if (collision !== undefined) {
      const message = `duplicate key value violates unique constraint on "${collision.column}"`;
      return { status: 409, code: '23505', message };
    }
    for (const { key } of values) taken.add(key);
    accepted.push(row);
  }
  for (const key of taken) table.taken.add(key);
  return accepted;
}

function rowsOf(body: unknown): JsonObject[] | undefined {
  const list = Array.isArray(body) ? body : [body];
  const rows = list.map(asObject).filter((row) => row !== undefined);
  const isWhole = rows.length === list.length && !rows.some((row) => textsOf(row).some(hasLoneSurrogate));
  return isWhole ? rows : undefined;
}

/** Undefined when rows differ in their keys and nobody said which columns are meant. */
function withColumns(rows: JsonObject[], columns: readonly string[] | undefined): JsonObject[] | undefined {
  if (columns !== undefined) {
    return rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
  }
  const shapes = new Set(rows.map((row) => JSON.stringify(Object.keys(row).sort())));
  return shapes.size > 1 ? undefined : rows;
}

function problemOf(row: JsonObject, { columns, required = [], check }: TableShape): Refused | undefined {
  const unknown = Object.keys(row).find((column) => !columns.includes(column));
  if (unknown !== undefined) return unknownColumn(unknown);
  if (textsOf(row).some((text) => text.includes('\u0000'))) {
    return { status: 400, code: '22P05', message: 'unsupported Unicode escape sequence' };
  }
  const missing = required.find((column) => row[column] === undefined || row[column] === null);
  if (missing !== undefined) {
    return {
      status: 400,
      code: '23502',
      message: `null value in column "${missing}" violates not-null constraint`,
    };
  }
  if (check !== undefined && !check(row)) {
    return { status: 400, code: '23514', message: 'new row violates check constraint' };
  }
  return undefined;
}

function unknownColumn(column: string): Refused {
  const message = `Could not find the '${column}' column in the schema cache`;
  return { status: 400, code: 'PGRST204', message };
}

function uniqueValues(row: JsonObject, { unique = [] }: TableShape): { column: string; key: string }[] {
  return unique
    .filter((column) => row[column] !== undefined && row[column] !== null)
    .map((column) => ({ column, key: `${column} ${String(row[column])}` }));
}

const textsOf = (row: JsonObject): string[] =>
  Object.values(row).filter((value) => typeof value === 'string');

const hasLoneSurrogate = (text: string): boolean => /[\uD800-\uDFFF]/u.test(text);
