/**
 * What is heard in a chat, and what is made of it. Every source produces these, every sink consumes them.
 */

/** One chat message, as a source hands it over: cleaned of what no store can hold (NUL, lone surrogates). */
export interface ChatMessage {
  readonly platform: 'kick';
  /** The platform's own message id; with `platform` it identifies the message everywhere. */
  readonly id: string;
  /** The channel's slug, as configured. */
  readonly channel: string;
  readonly sender: { readonly id: string; readonly username: string };
  /** The text as written, emotes as `[emote:ID:NAME]`. */
  readonly text: string;
  /** When the platform says it was written, epoch milliseconds. */
  readonly createdAt: number;
  /** The message it answers, where the platform says so. */
  readonly replyTo?: {
    readonly username: string;
    readonly userId?: string;
    readonly messageId?: string;
    readonly text?: string;
  };
  /** True when it was read from the history after a gap, not heard live. */
  readonly late?: true;
}

/** Why a message concerns its user. */
export type Reason = 'mention' | 'reply' | 'keyword' | 'pattern' | 'from';

/** A message that at least one rule matched: one notification to the union of the rules' sinks. */
export interface Notification {
  readonly message: ChatMessage;
  /** Names of the rules that matched, in the order of the configuration. */
  readonly rules: readonly string[];
  readonly reasons: readonly Reason[];
  /** The watched person it concerns (the first that matched), or the first one watched. */
  readonly watched: string;
  /** The words or names that matched, for the reader's eye; at most 10. */
  readonly matches: readonly string[];
  /** Names of the sinks it goes to; empty when it is only archived (suppressed by a cooldown). */
  readonly sinks: readonly string[];
}

/** The one name of a message: `kick:<id>`. Unique in the archive and sent as `dedupe_key`. */
export function dedupeKey(message: Pick<ChatMessage, 'platform' | 'id'>): string {
  return `${message.platform}:${message.id}`;
}

/** The page where a person reads this chat. */
export function channelUrl(message: Pick<ChatMessage, 'channel'>, base = 'https://kick.com'): string {
  return `${base}/${encodeURIComponent(message.channel)}`;
}

/** Text that every store and wire can hold: no NUL, no lone surrogates (PostgreSQL refuses both). */
export function cleanText(text: string): string {
  // Asked first: almost every text is clean already, and is told to be so in no time.
  if (text.isWellFormed() && !text.includes('\0')) return text;
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
