/**
 * What `--set` may set: of each machine the inputs that it keeps in its context and never changes, by the words of
 * the configuration where it has them. Anything else in a context is a consequence.
 */
import type { ContextFrom } from 'xstate';
import type { catalogue, MachineName } from '../../machines/catalogue.js';
import { listed, suggestion } from '../config/did-you-mean.js';
import { formatDuration, parseDuration } from '../durations.js';
import { EarshotError } from '../errors.js';

type Unit = 'count' | 'duration' | 'attempts';
type Context = Readonly<Record<string, unknown>>;

interface Known<Key extends string = string> {
  readonly key: Key;
  /** A key of the object at `key`. */
  readonly within?: string;
  readonly unit: Unit;
}

type Table = {
  readonly [Name in MachineName]: Readonly<
    Record<string, Known<keyof ContextFrom<(typeof catalogue)[Name]> & string>>
  >;
};

const count = <Key extends string>(key: Key): Known<Key> => ({ key, unit: 'count' });
const duration = <Key extends string>(key: Key): Known<Key> => ({ key, unit: 'duration' });
const limit = (within: string): Known<'limits'> => ({ key: 'limits', within, unit: 'duration' });

const SETTINGS: Table = {
  branch: {
    restarts: count('restartsMax'),
    within: duration('withinMs'),
    initial: duration('initialMs'),
    max: duration('maxMs'),
    retry: duration('retryMs'),
  },
  breaker: {
    failures: count('failuresMax'),
    recovery: duration('recoveryMs'),
    recoveryMax: duration('recoveryMaxMs'),
    probe: duration('probeMs'),
  },
  channel: {
    silentAfter: duration('silentMs'),
    silentMax: duration('silentMaxMs'),
    subscribe: duration('subscribeMs'),
    fill: duration('fillMs'),
    leave: duration('leaveMs'),
    lookupInitial: duration('lookupInitialMs'),
    lookupMax: duration('lookupMaxMs'),
    initial: duration('initialMs'),
    max: duration('maxMs'),
    refused: duration('refusedMs'),
  },
  connection: {
    negotiate: duration('negotiateMs'),
    connect: duration('connectMs'),
    pong: duration('pongMs'),
    close: duration('closeMs'),
    initial: duration('initialMs'),
    max: duration('maxMs'),
    stableAfter: duration('stableMs'),
    anew: duration('anewMs'),
    attempts: { key: 'attemptsMax', unit: 'attempts' },
  },
  deadline: { limit: duration('limitMs') },
  delivery: { initial: duration('initialMs'), max: duration('maxMs') },
  host: {
    perSecond: count('perSecondMax'),
    ban: duration('banMs'),
    banMax: duration('banMaxMs'),
    trial: duration('trialMs'),
    invalid: count('invalidMax'),
  },
  pool: { limit: count('limit') },
  queue: { limit: count('limit') },
  store: { initial: duration('initialMs'), max: duration('maxMs') },
  supervisor: {
    start: limit('start'),
    sources: limit('closingSources'),
    drain: limit('drainingQueues'),
    sinks: limit('closingSinks'),
    tasks: limit('cancellingTasks'),
    store: limit('closingStore'),
    rest: limit('closingRest'),
    total: limit('total'),
  },
  tasks: {},
};

const FORMS: Readonly<Record<Unit, string>> = {
  count: 'a whole number of at least 1',
  duration: 'a duration such as 30s, 5m or 24h',
  attempts: 'a whole number of at least 1, or unlimited',
};

export interface Setting {
  readonly machine: MachineName;
  /** As it was written: `breaker.failures=10`. */
  readonly text: string;
  /** The key of the context that it replaces. */
  readonly key: string;
  applied(context: Context): Context;
  /** The value in this context, for people. */
  was(context: Context): string;
}

/** `breaker.failures=10`. Throws an EarshotError, code `usage`, that says what can be set. */
export function settingOf(text: string): Setting {
  const [, name = '', word = '', written = ''] = /^([^.=]+)\.([^.=]+)=(.*)$/s.exec(text) ?? [];
  if (name === '')
    throw wrong(`--set ${text} is no setting`, 'write MACHINE.SETTING=VALUE, such as breaker.failures=10');
  if (!isMachine(name)) {
    const names = Object.keys(SETTINGS);
    throw wrong(`there is no machine ${name}${suggestion(name, names)}`, `one of ${names.join(', ')}`);
  }
  const words = Object.keys(SETTINGS[name]);
  const known: Known | undefined = Object.hasOwn(SETTINGS[name], word) ? SETTINGS[name][word] : undefined;
  if (known === undefined) {
    const remedy = words.length === 0 ? undefined : `of a ${name} can be set: ${listed(words, ' and ')}`;
    throw wrong(
      `a ${name} has no setting ${word}${words.length === 0 ? ': nothing of it can be set' : ''}`,
      remedy,
    );
  }
  const { key, within, unit } = known;
  const value = valueIn(written, unit);
  if (value === undefined) throw wrong(`--set ${text}: ${written || 'nothing'} is not ${FORMS[unit]}`);
  return {
    machine: name,
    text,
    key,
    applied: (context) => ({
      ...context,
      [key]: within === undefined ? value : { ...inner(context[key]), [within]: value },
    }),
    was: (context) => shownAs(within === undefined ? context[key] : inner(context[key])[within], unit),
  };
}

function valueIn(text: string, unit: Unit): number | null | undefined {
  if (unit === 'duration') return parseDuration(text);
  if (unit === 'attempts' && text === 'unlimited') return null;
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

function shownAs(value: unknown, unit: Unit): string {
  if (value === null) return 'unlimited';
  return unit === 'duration' && typeof value === 'number' ? formatDuration(value) : String(value);
}

function inner(value: unknown): Context {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isMachine(name: string): name is MachineName {
  return Object.hasOwn(SETTINGS, name);
}

function wrong(message: string, remedy?: string): EarshotError {
  return new EarshotError('usage', message, remedy);
}
