/** No secret of the configuration stands anywhere but in it: what is written, and where, others bring. */
import { type Config, secretsOf } from '../../../src/config.js';
import { SECRETS } from '../shape.js';
import type { Verdict } from './verdict.js';

const SECRET = 'no secret is written anywhere';

export class Secrets {
  readonly #verdict: Verdict;
  readonly #secrets: readonly string[] = Object.values(SECRETS);

  constructor(config: Config, verdict: Verdict) {
    this.#verdict = verdict;
    if (secretsOf(config).length === 0) throw new Error('the configuration holds no secret to look for');
  }

  /** @param where in words, as a reader of the verdict knows the place. */
  lookIn(where: string, text: string): void {
    for (const secret of this.#secrets) {
      if (text.includes(secret)) this.#verdict.breaks(SECRET, `${where}: ${text.slice(0, 300)}`);
    }
  }
}
