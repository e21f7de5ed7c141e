/**
 * How fast one webhook may be asked. A 429 costs more than a wait (enough of them bring a ban), so this stays
 * ahead of them: it says after every answer how long to hold back before the next request.
 */
import type { Clock } from '../world.js';

/** As observed for a webhook, for answers that carry no headers. */
const BUCKET = { requests: 5, withinMs: 2_000 } as const;
/**
 * As observed for a channel. No header tells of it, and not every service behind a webhook's form has it: it is
 * reckoned with from the first 429 on that asks for more than a bucket ever does.
 */
const HIDDEN = { requests: 30, withinMs: 60_000 } as const;
const LONGER_THAN_A_BUCKET_MS = 5_000;

export class DiscordLimits {
  readonly #clock: Pick<Clock, 'now'>;
  /** When the last requests were answered: never before they were counted over there. */
  #answeredAt: number[] = [];
  #knowsHidden = false;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Milliseconds until the next request, as far as this answer and those before it tell; 0 for at once. */
  holdAfter(headers: Headers): number {
    const now = this.#clock.now();
    this.#answeredAt = [...this.#answeredAt, now].slice(-HIDDEN.requests);
    const told = bucketOf(headers);
    const bucketMs = told === undefined ? this.#leftOf(BUCKET, now) : told.remaining > 0 ? 0 : told.resetMs;
    return Math.max(bucketMs, this.#knowsHidden ? this.#leftOf(HIDDEN, now) : 0);
  }

  /** A 429 named its own time, in milliseconds: when that is over, the count begins anew. */
  limited(forMs: number): void {
    this.#answeredAt = [];
    this.#knowsHidden ||= forMs > LONGER_THAN_A_BUCKET_MS;
  }

  /** How long until one request less lies within the limit's time. */
  #leftOf({ requests, withinMs }: { requests: number; withinMs: number }, now: number): number {
    const oldest = this.#answeredAt.at(-requests);
    return oldest === undefined ? 0 : Math.max(0, oldest + withinMs - now);
  }
}

interface Bucket {
  readonly remaining: number;
  /** `Reset-After` is relative: no clock has to agree with Discord's. */
  readonly resetMs: number;
}

/**
 * What the headers tell of the bucket this request was counted in. Its hash (`X-RateLimit-Bucket`) is not looked
 * at: a sink asks one route of one webhook, so whichever bucket the newest answer names is the one that counts.
 */
function bucketOf(headers: Headers): Bucket | undefined {
  const [remaining, seconds] = ['remaining', 'reset-after'].map((name) =>
    secondsOf(headers.get(`x-ratelimit-${name}`)),
  );
  if (remaining === undefined || seconds === undefined) return undefined;
  return { remaining, resetMs: Math.ceil(seconds * 1_000) };
}

/** A day at most: a number beyond that is a mistake, and would hold a sink for ever. */
export function secondsOf(value: string | null): number | undefined {
  const seconds = value === null ? Number.NaN : Number.parseFloat(value);
  return seconds >= 0 && seconds <= 86_400 ? seconds : undefined;
}
