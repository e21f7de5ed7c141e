/**
 * How a page in a browser comes to act: `earshot open` gets a code, which the page trades once for a token of its
 * own. So the daemon's token is in no address, no history and no page.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../world.js';

export interface Session {
  readonly token: string;
  readonly expiresInMs: number;
}

const CODE_MS = 5 * 60_000;
const SESSION_MS = 12 * 3_600_000;
/** The oldest goes. */
const KEPT_MAX = 16;

export class ViewerSessions {
  readonly #clock: Pick<Clock, 'now'>;
  /** By digest, with the time at which it ends. */
  readonly #codes = new Map<string, number>();
  readonly #tokens = new Map<string, number>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** A code that opens one session within five minutes. */
  code(): string {
    return this.#issue(this.#codes, CODE_MS);
  }

  /** The session that a code opens, or undefined when it was used, is too old, or was never given. */
  open(code: string): Session | undefined {
    const known = this.#find(this.#codes, code);
    if (known === undefined) return undefined;
    this.#codes.delete(known);
    return { token: this.#issue(this.#tokens, SESSION_MS), expiresInMs: SESSION_MS };
  }

  isOpen(token: string): boolean {
    return this.#find(this.#tokens, token) !== undefined;
  }

  #issue(kept: Map<string, number>, ms: number): string {
    const value = randomBytes(24).toString('base64url');
    kept.set(digest(value), this.#clock.now() + ms);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
    return value;
  }

  /** Looks at all of them, whatever the guess was. */
  #find(kept: Map<string, number>, guess: string): string | undefined {
    const guessed = Buffer.from(digest(guess));
    const now = this.#clock.now();
    return [...kept]
      .filter(([known, until]) => timingSafeEqual(guessed, Buffer.from(known)) && now < until)
      .map(([known]) => known)[0];
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
