/**
 * The history reader: asks for what was missed while a channel could not be heard. Best effort: it ends when
 * its time is up, and after a refusal nobody asks for a while, so that a guarded door is not knocked at by
 * every channel after every cut.
 */
import type { Mark } from '../store.js';
import { asObject } from '../untrusted-json.js';
import type { Clock } from '../world.js';
import type { KickApi } from './kick-api.js';
import type { Turnstile } from './turnstile.js';

/** How a fill ended. `partly`: the time ran out, or an answer failed on the way. */
export type FillEnd =
  | { readonly kind: 'filled' | 'partly'; readonly read: number }
  | { readonly kind: 'failed'; readonly text: string };

export interface HistoryOptions {
  readonly api: Pick<KickApi, 'history'>;
  readonly clock: Clock;
  readonly background: Turnstile;
}

/** What one answer without a start holds at most, and how far one with a start reaches. */
const PAGE = 50;
const WINDOW_MS = 5_000;
/** An hour of windows would be 720 requests: beyond this the gap stays, and is said. */
const WINDOWS_MAX = 120;
const REFUSED_FOR_MS = 10 * 60_000;

export class History {
  readonly #options: HistoryOptions;
  #refusedUntil = Number.NEGATIVE_INFINITY;
  #refusal = '';

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** Why nothing is asked at present; undefined while it is. */
  get refusal(): string | undefined {
    return this.#options.clock.now() < this.#refusedUntil ? this.#refusal : undefined;
  }

  /** Hands over every message since the mark (that one included), oldest first within a page, until `signal` aborts. */
  async fill(
    channelId: number,
    since: Mark,
    hand: (messages: readonly unknown[]) => void,
    signal: AbortSignal,
  ): Promise<FillEnd> {
    if (this.refusal !== undefined) return { kind: 'failed', text: this.#refusal };
    const newest = await this.#page(channelId, undefined, signal);
    if (newest === undefined) return { kind: 'failed', text: this.#refusal || 'kick history: no answer' };
    const missed = newest.filter((message) => timeOf(message) >= since.createdAt);
    const reachesBack = missed.length < newest.length || newest.length < PAGE;
    let read = missed.length;
    let isWhole = reachesBack;
    if (!reachesBack) {
      const until = Math.min(...newest.map(timeOf));
      for (let window = 0; window < WINDOWS_MAX; window += 1) {
        const from = since.createdAt + window * WINDOW_MS;
        isWhole = from > until;
        if (isWhole) break;
        const page = await this.#page(channelId, from, signal);
        if (page === undefined) break;
        hand([...page].sort(byTime));
        read += page.length;
      }
    }
    hand(missed.sort(byTime));
    return { kind: isWhole ? 'filled' : 'partly', read };
  }

  async #page(
    channelId: number,
    from: number | undefined,
    signal: AbortSignal,
  ): Promise<unknown[] | undefined> {
    const { api, clock, background } = this.#options;
    const answer = await background.pass(signal, () => api.history(channelId, from, signal));
    if (answer === undefined) return undefined;
    if (answer.kind === 'ok') return [...answer.value];
    if (answer.code === '403' || answer.code === '429') {
      this.#refusal = answer.text;
      this.#refusedUntil = clock.now() + Math.max(answer.floorMs, REFUSED_FOR_MS);
    }
    return undefined;
  }
}

function timeOf(message: unknown): number {
  const time = Date.parse(String(asObject(message)?.created_at));
  return Number.isNaN(time) ? 0 : time;
}

function byTime(one: unknown, other: unknown): number {
  return timeOf(one) - timeOf(other);
}
