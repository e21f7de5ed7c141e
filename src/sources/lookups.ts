/**
 * Lookups of channel ids, for all channels together: one a second, two under way at most, in the order in
 * which they were asked for. Whoever failed asks again later and stands at the end of the line, so none holds
 * up another. Nothing is cached here.
 */
import type { ChannelIds } from '../store.js';
import type { Clock } from '../world.js';
import type { ApiAnswer, KickApi } from './kick-api.js';
import type { Turnstile } from './turnstile.js';

export interface LookupsOptions {
  readonly api: Pick<KickApi, 'lookup'>;
  readonly clock: Clock;
  /** Shared with everything that must leave a place of the pool to negotiation. */
  readonly background: Turnstile;
  readonly everyMs?: number;
  readonly atOnceMax?: number;
}

type Answer = ApiAnswer<ChannelIds>;

interface Asked {
  readonly slug: string;
  readonly signal: AbortSignal;
  readonly answer: (answer: Answer) => void;
}

const GIVEN_UP: Answer = {
  kind: 'failed',
  code: 'cancelled',
  text: 'kick lookup: given up',
  remedy: '',
  floorMs: 0,
};

export class Lookups {
  readonly #options: Required<LookupsOptions>;
  /** In the order of asking; a channel is in it once, so its size is bounded by the configuration. */
  readonly #line = new Set<Asked>();
  #underWay = 0;
  #nextAt: number;
  #timer: unknown;

  constructor(options: LookupsOptions) {
    this.#options = { everyMs: 1_000, atOnceMax: 2, ...options };
    this.#nextAt = options.clock.now();
  }

  /** Lookups waiting for their turn. */
  get waiting(): number {
    return this.#line.size;
  }

  find(slug: string, signal: AbortSignal): Promise<Answer> {
    if (signal.aborted) return Promise.resolve(GIVEN_UP);
    return new Promise((resolve) => {
      const leave = () => {
        this.#line.delete(asked);
        if (this.#line.size === 0) this.#rest();
        resolve(GIVEN_UP);
      };
      const asked: Asked = {
        slug,
        signal,
        answer: (answer) => {
          signal.removeEventListener('abort', leave);
          resolve(answer);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#line.add(asked);
      this.#next();
    });
  }

  #next(): void {
    const { clock, everyMs, atOnceMax } = this.#options;
    if (this.#timer !== undefined || this.#underWay >= atOnceMax || this.#line.size === 0) return;
    const waitMs = this.#nextAt - clock.now();
    if (waitMs > 0) {
      this.#timer = clock.setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, waitMs);
      return;
    }
    for (const asked of this.#line) {
      this.#line.delete(asked);
      this.#nextAt = clock.now() + everyMs;
      this.#underWay += 1;
      void this.#look(asked);
      break;
    }
    this.#next();
  }

  /** Nobody is there to be called. */
  #rest(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #look({ slug, signal, answer }: Asked): Promise<void> {
    const { api, background } = this.#options;
    const found = await background.pass(signal, () => api.lookup(slug, signal));
    this.#underWay -= 1;
    answer(found ?? GIVEN_UP);
    this.#next();
  }
}
