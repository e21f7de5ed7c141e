/** What `npm run simulate` was asked on its command line. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export const USAGE =
  'usage: npm run simulate -- [--seeds N] [--from N] [--seed N] [--verbose] [--trace DIR] [--workers N]';

export interface Settings {
  readonly seeds: number;
  readonly from: number;
  readonly workers: number;
  /** This one alone, told in full. */
  readonly seed: number | undefined;
  readonly isVerbose: boolean;
  /** The folder for traces. */
  readonly traces: string;
}

/** More would only fight over the processor. */
const WORKERS_MAX = 64;
/** Seeds are 32 bits wide: a larger one would play the same as a smaller. */
const SEED_MAX = 2 ** 32 - 1;

/** The settings, or one line that says what is wrong with the arguments. */
export function settingsOf(args: readonly string[]): Settings | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string', default: '200' },
        from: { type: 'string', default: '1' },
        seed: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        trace: { type: 'string', default: 'simulation-traces' },
        workers: { type: 'string', default: String(Math.min(8, availableParallelism())) },
      },
    });
    const from = numberOf('--from', values.from, SEED_MAX);
    return {
      from,
      seeds: numberOf('--seeds', values.seeds, SEED_MAX - from + 1),
      workers: numberOf('--workers', values.workers, WORKERS_MAX),
      seed: values.seed === undefined ? undefined : numberOf('--seed', values.seed, SEED_MAX),
      isVerbose: values.verbose,
      traces: values.trace,
    };
  } catch (error) {
    if (error instanceof Unusable || isParseError(error)) return firstSentence(error.message);
    throw error;
  }
}

class Unusable extends Error {}

function numberOf(option: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= max) return value;
  throw new Unusable(`${option} must be a whole number from 1 to ${max}, not '${text}'`);
}

function isParseError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

/** Node goes on to advise about arguments that this command does not take. */
function firstSentence(text: string): string {
  return text.split(/\.?\s*\n|\. /)[0] ?? text;
}
