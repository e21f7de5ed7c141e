/**
 * `earshot dead`: what was given up, and what to do with it. Asks the daemon; when none runs, works on its file,
 * under the same lock.
 */
import { existsSync } from 'node:fs';
import { EarshotError } from '../errors.js';
import type { DeadLetter, Store } from '../store.js';
import { type CommonOptions, type DaemonAddress, daemonAddress } from './daemon-address.js';
import { columns, type Terminal } from './terminal.js';

export interface DeadOptions extends CommonOptions {
  readonly retry?: readonly string[];
  readonly discard?: readonly string[];
  readonly json?: boolean;
}

/** What can be done with dead letters, wherever they are. */
interface Letters {
  list(): Promise<readonly DeadLetter[]>;
  retry(ids: readonly number[] | 'all'): Promise<number>;
  discard(ids: readonly number[] | 'all'): Promise<number>;
}

export async function dead(options: DeadOptions, terminal: Terminal): Promise<number> {
  const address = await daemonAddress(options);
  const work = (letters: Letters) => perform(letters, options, terminal);
  try {
    return await work(lettersOfDaemon(address));
  } catch (error) {
    const { storePath } = address;
    const isAway = error instanceof EarshotError && error.code === 'unreachable';
    if (!isAway || storePath === undefined || !existsSync(storePath)) throw error;
    return withLettersOfFile(storePath, work);
  }
}

async function perform(letters: Letters, { retry, discard, json }: DeadOptions, terminal: Terminal) {
  if (retry !== undefined) {
    const retried = await letters.retry(idsOf(retry));
    if (json) terminal.json({ retried });
    else terminal.say(`${retried} back in the outbox`);
  } else if (discard !== undefined) {
    const discarded = await letters.discard(idsOf(discard));
    if (json) terminal.json({ discarded });
    else terminal.say(`${discarded} discarded`);
  } else {
    const list = await letters.list();
    if (json) terminal.json({ letters: list });
    else for (const line of rendered(list)) terminal.say(line);
  }
  return 0;
}

const TEXT_MAX = 60;

function rendered(letters: readonly DeadLetter[]): string[] {
  if (letters.length === 0) return ['nothing was given up'];
  const rows = letters.map(({ id, sink, end, at, code, notification: { message } }) => [
    String(id),
    new Date(at).toISOString().replace(/\.\d+Z$/, 'Z'),
    sink,
    end === 'expired' ? 'expired' : `dead (${code})`,
    message.channel,
    message.sender.username,
    [...message.text].slice(0, TEXT_MAX).join(''),
  ]);
  return [
    ...columns([['ID', 'AT', 'SINK', 'END', 'CHANNEL', 'FROM', 'TEXT'], ...rows]),
    'try again: earshot dead --retry ID…|all    forget: earshot dead --discard ID…|all',
  ];
}

function idsOf(words: readonly string[]): readonly number[] | 'all' {
  if (words.length === 1 && words[0] === 'all') return 'all';
  return words.map((word) => {
    if (!/^\d{1,15}$/.test(word))
      throw new EarshotError('usage', `${word} is no ID; give those listed, or all`);
    return Number(word);
  });
}

function lettersOfDaemon({ ask }: DaemonAddress): Letters {
  const countIn = (answer: unknown, key: string) =>
    typeof answer === 'object' && answer !== null ? Number(Reflect.get(answer, key)) : 0;
  return {
    async list() {
      const answer = await ask('GET', '/dead');
      const hasLetters = (it: unknown): it is { letters: DeadLetter[] } =>
        typeof it === 'object' && it !== null && 'letters' in it && Array.isArray(it.letters);
      return hasLetters(answer) ? answer.letters : [];
    },
    retry: async (ids) => countIn(await ask('POST', '/dead/retry', { ids }), 'retried'),
    discard: async (ids) => countIn(await ask('POST', '/dead/discard', { ids }), 'discarded'),
  };
}

const LISTED_MAX = 1_000;

async function withLettersOfFile(path: string, work: (letters: Letters) => Promise<number>): Promise<number> {
  const { openSqliteStore } = await import('../store/sqlite.js');
  const store = openSqliteStore({ path, durability: 'full', maxBytes: Number.MAX_SAFE_INTEGER });
  try {
    return await work(lettersOfStore(store));
  } finally {
    store.close();
  }
}

function lettersOfStore(store: Store): Letters {
  return {
    list: async () => store.deadLetters(LISTED_MAX),
    retry: async (ids) => {
      const at = Date.now();
      const once = () => store.retry(ids, store.lastSeq() + 1, at).length;
      if (ids !== 'all') return once();
      // The store takes them in chunks.
      let retried = 0;
      for (let count = once(); count > 0; count = once()) retried += count;
      return retried;
    },
    discard: async (ids) => store.discard(ids),
  };
}
