/** Tells the story: its own lines, and beneath them what the daemon logs at the time. */

interface LogLine {
  readonly level: string;
  readonly msg: string;
}

/** What a reader of the story wants to see of the daemon's log. */
const TOLD =
  /^(circuit|timeout|connection|cleanup|Cleanup|stopping|refused|rate limit|degraded|healthy|gap|\d+ channels|running|account|inspector)/;

export class Narrator {
  readonly #print: (line: string) => void;
  readonly #color: boolean;
  readonly #startedAt = performance.now();

  constructor(print: (line: string) => void, color: boolean) {
    this.#print = print;
    this.#color = color;
  }

  heading(text: string): void {
    this.#print('');
    this.#print(this.#style(`${this.#time()}  ${text}`, '1'));
  }

  say(text: string): void {
    this.#print(`${this.#time()}  ${text}`);
  }

  /** A JSON line of the daemon's log. */
  logged(line: string): void {
    const { level, msg } = JSON.parse(line) as LogLine;
    if (!TOLD.test(msg) && level !== 'warn' && level !== 'error') return;
    this.#print(this.#style(`        | ${msg}`, level === 'warn' || level === 'error' ? '33' : '2'));
  }

  #time(): string {
    return `${((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(5)} s`;
  }

  #style(text: string, code: string): string {
    return this.#color ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
