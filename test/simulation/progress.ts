/** How far a run has come: one line on a terminal, when the run is long enough for somebody to wonder. */

export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Shorter runs say nothing. */
const SILENT_MS = 10_000;
const EVERY_MS = 1_000;
const CLEARED = '\r\u001b[K';

export class Progress {
  readonly #seeds: number;
  readonly #screen: Screen;
  readonly #now: () => number;
  readonly #beganAt: number;
  #saidAt = Number.NEGATIVE_INFINITY;
  #done = 0;
  #failed = 0;

  /** @param now milliseconds */
  constructor(seeds: number, screen: Screen, now: () => number) {
    this.#seeds = seeds;
    this.#screen = screen;
    this.#now = now;
    this.#beganAt = now();
  }

  played(isBroken: boolean): void {
    this.#done += 1;
    if (isBroken) this.#failed += 1;
    const at = this.#now();
    if (!this.#screen.isTTY || at - this.#beganAt < SILENT_MS || at - this.#saidAt < EVERY_MS) return;
    this.#saidAt = at;
    const leftS = ((at - this.#beganAt) / this.#done) * ((this.#seeds - this.#done) / 1_000);
    this.#screen.write(
      `${CLEARED}${this.#done} of ${this.#seeds} seeds, ${this.#failed} failed; about ${Math.ceil(leftS)} s left`,
    );
  }

  /** Takes the line away. */
  end(): void {
    if (Number.isFinite(this.#saidAt)) this.#screen.write(CLEARED);
  }
}
