/** Where a command writes. What it prints for people holds no control character that it did not mean. */
import { environment } from '../config.js';
import { terminalSafe } from '../terminal-text.js';

export interface Terminal {
  /** True when standard output is a terminal and nobody asked for no colours. */
  readonly hasColor: boolean;
  /** A line for people; text from strangers in it is made harmless. */
  say(line: string): void;
  /** Text that is ready as it is: JSON, or rendered with its colours. */
  write(text: string): void;
  /** One JSON document. */
  json(value: unknown): void;
  /** A line on standard error. */
  complain(line: string): void;
}

export function processTerminal(): Terminal {
  const { NO_COLOR: noColor, TERM: term } = environment;
  return {
    hasColor: process.stdout.isTTY === true && !noColor && term !== 'dumb',
    say: (line) => void process.stdout.write(`${terminalSafe(line)}\n`),
    write: (text) => void process.stdout.write(text),
    json: (value) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    complain: (line) => void process.stderr.write(`${terminalSafe(line)}\n`),
  };
}

/** Rows with their columns aligned, two spaces between them; the last column is as long as it is. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
