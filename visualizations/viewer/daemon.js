/** The running daemon, as it is asked over HTTP from its own origin. */
/** @import { Session } from './session.js' */

const ANSWER_MS = 10_000;

/** An answer that is a refusal, in the daemon's words; `status` 0 when it could not be asked at all. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} text
   * @param {string} [remedy] what a person can do about it
   */
  constructor(status, text, remedy = '') {
    super(text);
    this.status = status;
    this.remedy = remedy;
  }
}

export class Daemon {
  #session;

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /** Trades a code for a session. Throws Refused. @param {string} code */
  async open(code) {
    const given = /** @type {{ token: string, expiresInMs: number }} */ (
      await this.ask('POST', '/viewer/session', { code })
    );
    this.#session.begin(given);
  }

  /**
   * The answer's JSON. Throws Refused; when the session turned out to be over it is forgotten.
   * @param {'GET' | 'POST'} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<unknown>}
   */
  async ask(method, path, body) {
    const response = await this.#fetch(method, path, AbortSignal.timeout(ANSWER_MS), body);
    try {
      return await response.json();
    } catch (error) {
      throw unreachable(error);
    }
  }

  /**
   * The trace as it happens. Throws Refused.
   * @param {string} path
   * @param {AbortSignal} signal
   * @returns {Promise<ReadableStream<Uint8Array>>}
   */
  async stream(path, signal) {
    const { body } = await this.#fetch('GET', path, signal);
    if (body === null) throw new Refused(0, `${path} holds nothing`);
    return body;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {AbortSignal} signal
   * @param {unknown} [body]
   */
  async #fetch(method, path, signal, body) {
    const { token } = this.#session;
    /** @type {Response} */
    let response;
    try {
      response = await fetch(path, {
        method,
        signal,
        cache: 'no-store',
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw unreachable(error);
    }
    if (response.ok) return response;
    if (response.status === 401 && token !== undefined) this.#session.end();
    throw await refusalOf(response);
  }
}

/** @param {unknown} error */
function unreachable(error) {
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  return new Refused(0, isLate ? 'The daemon does not answer' : 'The daemon cannot be reached');
}

/** @param {Response} response */
async function refusalOf(response) {
  /** @type {{ error?: { text?: string, do?: string } } | null} */
  const answer = await response.json().catch(() => null);
  return new Refused(
    response.status,
    answer?.error?.text ?? `The daemon answered ${response.status}`,
    answer?.error?.do,
  );
}
