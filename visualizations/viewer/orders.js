/**
 * What a person may have the daemon do from this page: how each is called, what it will do in plain words, and how
 * the daemon is asked. Nothing is done without being asked first.
 */

/**
 * @typedef {object} Order
 * @property {string} label of the button; an ellipsis says that it asks first
 * @property {string} title the question
 * @property {string} text what will happen
 * @property {string} verb of the button that does it
 * @property {string} path
 * @property {Readonly<Record<string, unknown>>} body
 * @property {boolean} [takesDuration] the body gets `for`
 * @property {boolean} [isGrave] cannot be taken back
 */

/** What the daemon takes for a duration; a bare number is seconds. */
export const DURATION = /^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)?\s*$/;

/** The sink or connection that a path belongs to, as the daemon knows it, and where it is. @param {string} path */
export function partOf(path) {
  const [, whole, name] =
    /^((?:sinks|sources\/[^/]+)\/([^/]+))(?:\/(?:breaker|delivery|queue|link))?$/.exec(path) ?? [];
  return whole === undefined || name === undefined ? undefined : { whole, name };
}

/**
 * What may be done about the actor at a path now.
 * @param {string} path
 * @param {(path: string) => string | undefined} stateAt the state of whoever lives at a path, as `stateOf` writes it
 * @returns {Order[]}
 */
export function ordersFor(path, stateAt) {
  const part = partOf(path);
  if (part === undefined) return [];
  const { whole, name } = part;
  const breaker = stateAt(`${whole}/breaker`);
  const isRefused = stateAt(`${whole}/delivery`) === 'refused';
  return [
    ...(isRefused ? [resumeOrder(name)] : []),
    ...(breaker === undefined ? [] : breakerOrders(name, breaker, whole.startsWith('sinks/'))),
  ];
}

/**
 * @param {string} name
 * @param {string} state
 * @param {boolean} isSink
 * @returns {Order[]}
 */
function breakerOrders(name, state, isSink) {
  const path = `/breakers/${encodeURIComponent(name)}`;
  const cut = isSink
    ? `Nothing is sent to ${name} any more. What is accepted waits in the outbox, on disk, and is delivered afterwards.`
    : `${name} is not dialled any more. A link that is up stays up; one that breaks is not replaced.`;
  const isIsolated = state.startsWith('isolated');
  /** @type {Order[]} */
  const isolating = isIsolated
    ? []
    : [
        {
          label: 'Isolate…',
          title: `Isolate the breaker of ${name}?`,
          text: `${cut} It stays so until somebody releases it.`,
          verb: 'Isolate',
          path,
          body: { action: 'isolate' },
        },
        {
          label: 'Isolate for…',
          title: `Isolate the breaker of ${name} for a time?`,
          text: `${cut} After that time a single probe finds out whether it may go on.`,
          verb: 'Isolate',
          path,
          body: { action: 'isolate' },
          takesDuration: true,
        },
      ];
  /** @type {Order[]} */
  const releasing = isIsolated
    ? [
        {
          label: 'Release…',
          title: `Release the breaker of ${name}?`,
          text: 'It turns half-open: a single probe goes out, and the circuit closes when that succeeds.',
          verb: 'Release',
          path,
          body: { action: 'release' },
        },
      ]
    : [];
  return [
    ...isolating,
    ...releasing,
    {
      label: 'Reset…',
      title: `Reset the breaker of ${name}?`,
      text: 'The circuit closes at once and its failures are forgotten, whether or not the other side is well.',
      verb: 'Reset',
      path,
      body: { action: 'reset' },
    },
  ];
}

/** @param {string} sink @returns {Order} */
function resumeOrder(sink) {
  return {
    label: 'Resume…',
    title: `Have ${sink} try again?`,
    text: `It was refused for good and sends nothing. Now it sends what waits; if it is refused again, it stops again.`,
    verb: 'Resume',
    path: `/sinks/${encodeURIComponent(sink)}/resume`,
    body: {},
  };
}

/** @type {Order} */
export const WRITE_BLACKBOX = {
  label: 'Flight recording…',
  title: 'Write a flight recording?',
  text: 'The last minutes of what the machines did are written to a file beside the store, on the machine where Earshot runs. Nothing is disturbed.',
  verb: 'Write it',
  path: '/blackbox',
  body: {},
};

/** @type {Order} */
export const STOP = {
  label: 'Stop…',
  title: 'Stop Earshot?',
  text: 'It stops in order: chat is no longer heard, what is accepted stays on disk. It does not come back by itself unless a service manager starts it, and not from this page.',
  verb: 'Stop Earshot',
  path: '/stop',
  body: {},
  isGrave: true,
};

/**
 * @param {'retry' | 'discard'} what
 * @param {readonly number[] | 'all'} ids
 * @returns {Order}
 */
export function lettersOrder(what, ids) {
  const those =
    ids === 'all' ? 'all dead letters' : ids.length === 1 ? 'one dead letter' : `${ids.length} dead letters`;
  return what === 'retry'
    ? {
        label: 'Retry…',
        title: `Try ${those} again?`,
        text: 'They go back into the outbox and are delivered like any others.',
        verb: 'Try again',
        path: '/dead/retry',
        body: { ids },
      }
    : {
        label: 'Discard…',
        title: `Discard ${those}?`,
        text: 'They are never delivered. The messages stay in the archive for as long as anything does.',
        verb: 'Discard',
        path: '/dead/discard',
        body: { ids },
        isGrave: true,
      };
}

/**
 * What came of it, for people.
 * @param {Order} order
 * @param {unknown} answer
 */
export function doneText({ path, verb }, answer) {
  const value =
    typeof answer === 'object' && answer !== null ? /** @type {Record<string, unknown>} */ (answer) : {};
  if (typeof value.file === 'string') return `Written: ${value.file}`;
  if (typeof value.retried === 'number') return `${value.retried} back in the outbox`;
  if (typeof value.discarded === 'number') return `${value.discarded} discarded`;
  if (value.result === 'notRefused') return 'It was not refused; nothing to resume.';
  return path === '/stop' ? 'Earshot is stopping.' : `${verb}: done`;
}
