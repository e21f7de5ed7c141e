/**
 * The log: JSON lines, or coloured text on a terminal. `msg` is a sentence that begins with the word an
 * operator searches for ("circuit open (discord): …"). Fields: `actor` (its path), `from`, `to`, `on`.
 *
 * Lines are written synchronously: the last one, which says why it ended, must not be the one that is lost.
 */
import { createRequire } from 'node:module';
import pino from 'pino';
import { createScrubber, type Secret } from './secret.js';

/** What the parts of Earshot know of the log. pino's loggers have this shape. */
export interface Log {
  debug(fields: object, msg: string): void;
  info(fields: object, msg: string): void;
  warn(fields: object, msg: string): void;
  error(fields: object, msg: string): void;
}

/** Where lines go; each ends in a line feed. */
export interface LogDestination {
  write(line: string): void;
}

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** `auto` is `pretty` when standard output is a terminal. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** Standard output, when absent. */
  readonly destination?: LogDestination;
  /** Their values never reach the destination, wherever in a line they stand. */
  readonly secrets: readonly Secret[];
  /** Colours in the pretty format. */
  readonly color?: boolean;
  /** The number of the trace's last line, so that a line of the log is found again in the trace. */
  readonly seq?: () => number;
  /** Epoch milliseconds; the system's clock when absent. */
  readonly wall?: () => number;
}

export function createLog(options: LogOptions): Log {
  const { level, format, destination, secrets, color = false, seq, wall } = options;
  const isPretty =
    format === 'pretty' || (format === 'auto' && destination === undefined && process.stdout.isTTY);
  const scrub = createScrubber(secrets);
  const out = destination ?? pino.destination({ dest: 1, sync: true });
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: wall ? () => `,"time":"${new Date(wall()).toISOString()}"` : pino.stdTimeFunctions.isoTime,
      ...(seq && { mixin: () => ({ seq: seq() }) }),
      // The one place every line passes: by value, for no list of paths reaches into an error's text.
      hooks: { streamWrite: isPretty ? (line) => withoutControls(scrub(line)) : scrub },
    },
    isPretty ? prettyStream(out, color) : out,
  );
}

/**
 * As a function from line to line: pino-pretty's stream buffers, and would lose the last lines. Loaded here, for a
 * daemon without a terminal does not need it.
 */
function prettyStream(destination: LogDestination, colorize: boolean): LogDestination {
  const { prettyFactory }: typeof import('pino-pretty') = createRequire(import.meta.url)('pino-pretty');
  const prettyLine = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'actor,from,to,on,seq',
    singleLine: true,
  });
  return { write: (line) => destination.write(prettyLine(line)) };
}

const ESCAPED_CONTROLS = /\\u00[01][0-9a-f]|\\[bf]/gi;
const RAW_CONTROLS = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A JSON line whose texts do nothing to a terminal: no escape sequence, nothing that turns the reading order. */
function withoutControls(line: string): string {
  return line.replace(ESCAPED_CONTROLS, '\ufffd').replace(RAW_CONTROLS, '\ufffd');
}
