/** Which part of a trace is meant: the actors a person names, and the moment up to which. */
import { suggestion } from '../config/did-you-mean.js';
import { parseDuration } from '../durations.js';
import { EarshotError } from '../errors.js';
import type { Numbered } from './writers.js';

/** A trace of months may hold a name for every request; a suggestion needs some of them. */
const PATHS_MAX = 1_000;

/** The actors at a path and below it; `*` stands for any name, `**` for any path. */
export class ActorSelection {
  readonly #pattern: string;
  readonly #form: RegExp;
  readonly #paths = new Paths();
  #isAnyChosen = false;

  constructor(pattern: string) {
    this.#pattern = pattern.replace(/\/+$/, '');
    const parts = this.#pattern.split(/(\*\*|\*)/).map((part) => {
      if (part === '**') return '.*';
      return part === '*' ? '[^/]*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    });
    this.#form = new RegExp(`^${parts.join('')}(/|$)`, 's');
  }

  readonly has = (path: string): boolean => {
    this.#paths.note(path);
    const isChosen = this.#form.test(path);
    this.#isAnyChosen ||= isChosen;
    return isChosen;
  };

  /** Throws an EarshotError, once the trace was read, when nobody in it was meant. */
  confirm(): void {
    if (!this.#isAnyChosen) throw this.#paths.without(this.#pattern);
  }
}

/** The paths of a trace, as many as a suggestion needs. */
export class Paths {
  readonly #paths = new Set<string>();

  note(path: string): void {
    if (this.#paths.size < PATHS_MAX) this.#paths.add(path);
  }

  /** What to throw when a path is not among them. */
  without(path: string): EarshotError {
    const known = [...this.#paths].sort();
    return new EarshotError('noActor', `there is no actor ${path} in this trace${suggestion(path, known)}`);
  }
}

type IsPast = (line: Numbered, beganAt: number) => boolean;

/** `93` is a line's number, `90s` a time after the trace's beginning, `2026-01-01T12:00:00Z` a moment. */
export function untilOf(text: string): IsPast {
  if (/^\d+$/.test(text)) return ({ seq }) => seq > Number(text);
  const ms = parseDuration(text);
  if (ms !== undefined) return ({ wall }, beganAt) => wall > beganAt + ms;
  const moment = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(moment)) return ({ wall }) => wall > moment;
  throw new EarshotError(
    'usage',
    `--until ${text} is neither the number of a line nor a time`,
    "give a line's seq such as 93, a time after the beginning such as 90s, or a moment such as 2026-01-01T12:00:00Z",
  );
}
