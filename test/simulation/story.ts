/** What happened, in order, for a person to read; and its fingerprint, by which two runs are compared. */
import { createHash } from 'node:crypto';
import type { Timeline } from './timeline.js';
import type { Exchange } from './web.js';

export interface Told {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly actor: string;
  readonly text: string;
}

export class Story {
  readonly told: Told[] = [];
  readonly #timeline: Timeline;
  readonly #isKept: boolean;
  readonly #hash = createHash('sha256');

  /** @param isKept otherwise nothing is told, and it costs nothing. */
  constructor(timeline: Timeline, isKept: boolean) {
    this.#timeline = timeline;
    this.#isKept = isKept;
  }

  get isKept(): boolean {
    return this.#isKept;
  }

  tell(actor: string, text: () => string): void {
    if (!this.#isKept) return;
    const told = { at: this.#timeline.now, actor, text: text() };
    this.told.push(told);
    this.#hash.update(`${told.at} ${actor} ${told.text}\n`);
  }

  /** Of everything told so far. */
  fingerprint(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }
}

/** How a request ended, in a word. */
export function endText(end: Exchange['end']): string {
  if (end === undefined) return 'not at all';
  return end.kind === 'answered' ? String(end.status) : end.kind === 'failed' ? end.code : 'given up';
}
