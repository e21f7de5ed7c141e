/**
 * How this page comes to act: `earshot open` prints an address with a code in its fragment; the code is traded once
 * for a token, which this tab keeps for as long as it is good. The fragment never reaches a server or the history.
 */

const KEPT_AS = 'earshot.session';

/**
 * The code in the address, taken off it; or undefined.
 * @param {object} page
 * @param {Pick<Location, 'hash' | 'pathname' | 'search'>} page.location
 * @param {Pick<History, 'state' | 'replaceState'>} page.history
 */
export function takeCode({ location, history }) {
  const [, code] = /^#code=([\w-]+)$/.exec(location.hash) ?? [];
  if (code !== undefined) history.replaceState(history.state, '', location.pathname + location.search);
  return code;
}

export class Session {
  #storage;
  #now;
  #hasEnded = false;

  /**
   * @param {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} storage of this tab
   * @param {() => number} now epoch milliseconds
   */
  constructor(storage, now) {
    this.#storage = storage;
    this.#now = now;
  }

  /** The token, while it is good. */
  get token() {
    const kept = this.#kept();
    if (kept === undefined || this.#now() < kept.until) return kept?.token;
    this.end();
    return undefined;
  }

  /** Whether there was one, and it is over. */
  get hasEnded() {
    return this.#hasEnded && this.token === undefined;
  }

  /** @param {{ token: string, expiresInMs: number }} given */
  begin({ token, expiresInMs }) {
    this.#storage.setItem(KEPT_AS, JSON.stringify({ token, until: this.#now() + expiresInMs }));
  }

  /** By time, or because the daemon does not know it any more. */
  end() {
    this.#hasEnded = true;
    this.#storage.removeItem(KEPT_AS);
  }

  /** @returns {{ token: string, until: number } | undefined} */
  #kept() {
    /** @type {unknown} */
    let kept;
    try {
      kept = JSON.parse(this.#storage.getItem(KEPT_AS) ?? 'null');
    } catch {
      return undefined;
    }
    if (typeof kept !== 'object' || kept === null || !('token' in kept) || !('until' in kept))
      return undefined;
    const { token, until } = kept;
    return typeof token === 'string' && typeof until === 'number' ? { token, until } : undefined;
  }
}
