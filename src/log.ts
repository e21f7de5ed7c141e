/**
 * The log: JSON lines, or coloured text on a terminal. `msg` is a sentence that begins with the word an
 * operator searches for ("circuit open (discord): …"). Fields: `actor` (its path), `from`, `to`, `on`.
 */

/** What the parts of Earshot know of the log. pino's loggers have this shape. */
export interface Log {
  debug(fields: object, msg: string): void;
  info(fields: object, msg: string): void;
  warn(fields: object, msg: string): void;
  error(fields: object, msg: string): void;
}
