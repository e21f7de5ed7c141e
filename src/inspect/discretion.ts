/**
 * What a viewer is not told: machines hold no chat, but the text of a failure may quote anything, chat and addresses
 * included. So names, states and numbers pass; sentences and errors do not.
 */
const WITHHELD = '[withheld]';

/** Where machines keep what is said for people, even when it is one word. */
const SENTENCES = new Set(['text', 'failure', 'failed', 'error']);
/** Names of sinks, channels, machines, states, events, codes: no space, no slash. */
const NAME = /^[\p{L}\p{N}_.:@*-]{0,64}$/u;

/** For JSON.stringify. */
export function discreet(key: string, value: unknown): unknown {
  if (value instanceof Error) return { $error: WITHHELD };
  if (typeof value !== 'string') return value;
  // A deadline's name is two words, "discord send"; it is ours, as all names are.
  if (key === 'name') return value;
  return NAME.test(value) && !SENTENCES.has(key) ? value : WITHHELD;
}

/** For JSON.stringify: everything, with errors by their message. */
export function frank(_key: string, value: unknown): unknown {
  return value instanceof Error ? { $error: value.message } : value;
}
