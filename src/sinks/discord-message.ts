/**
 * A notification as a Discord message: one line of content for the phone's preview, one embed with who, where,
 * what, the message answered, when, and how late. Every limit is Discord's, in code points.
 */
import { channelUrl, type Notification, type Reason } from '../chat.js';
import { formatDuration } from '../durations.js';
import {
  codePoints,
  defused,
  escapeForDiscord,
  escapeUnlinked,
  isVisible,
  readable,
  truncateCodePoints,
} from './discord-text.js';

export interface DiscordEmbed {
  readonly author: { readonly name: string; readonly url: string };
  readonly title: string;
  readonly url: string;
  readonly description: string;
  readonly fields?: readonly { readonly name: string; readonly value: string }[];
  readonly footer: { readonly text: string };
  readonly timestamp: string;
  readonly color: number;
}

export interface DiscordPayload {
  readonly content: string;
  readonly embeds: readonly DiscordEmbed[];
  readonly allowed_mentions: {
    readonly parse: readonly never[];
    readonly users: readonly string[];
    readonly roles: readonly string[];
  };
}

export interface PayloadOptions {
  /** Whom the message really pings. */
  readonly ping: { readonly users: readonly string[]; readonly roles: readonly string[] };
  /** Epoch milliseconds now. */
  readonly wall: number;
  /** The content line: `{sender}`, `{channel}`, `{text}`, `{why}` are filled in. */
  readonly template?: string | undefined;
}

export const EMBEDS_MAX = 10;
const EMBEDS_TOTAL_MAX = 6_000;
const CONTENT_MAX = 2_000;
/** A preview shows no more, and the embed has the rest. */
const PREVIEW_MAX = 240;
const NAME_MAX = 100;
const TEXT_MAX = 4_000;
const QUOTE_MAX = 400;
/** Anything within a minute is "now" to a reader. */
const LATE_AFTER_MS = 60_000;
/** The end of the year 9999: what comes later has no four digits, and is refused. */
const LATEST_TIME = 253_402_300_799_999;

const NO_TEXT = '*(no text)*';
const SOMEBODY = 'somebody';

const WHY: Record<Reason, string> = {
  mention: 'mentioned you',
  reply: 'replied to you',
  keyword: 'said a word you watch',
  pattern: 'said something you watch',
  from: 'wrote',
};
const COLORS: Record<Reason, number> = {
  mention: 0x53fc18,
  reply: 0x3b82f6,
  keyword: 0xf59e0b,
  pattern: 0xf59e0b,
  from: 0x9ca3af,
};

export function payloadOf(notifications: readonly Notification[], options: PayloadOptions): DiscordPayload {
  const { users, roles } = options.ping;
  const pings = [...users.map((id) => `<@${id}>`), ...roles.map((id) => `<@&${id}>`)].join(' ');
  const line = contentLine(notifications, options.template);
  return {
    content: truncateCodePoints(pings === '' ? line : `${pings} ${line}`, CONTENT_MAX),
    embeds: notifications.map((notification) => embedOf(notification, options.wall)),
    allowed_mentions: { parse: [], users, roles },
  };
}

/** How many of the first notifications fit into one message; at least 1. */
export function splitForDiscord(notifications: readonly Notification[]): number {
  let total = 0;
  let count = 0;
  for (const notification of notifications.slice(0, EMBEDS_MAX)) {
    // The footer grows when a message is late: it is measured at its longest.
    total += sizeOf(embedOf(notification, LATEST_TIME));
    if (total > EMBEDS_TOTAL_MAX) break;
    count += 1;
  }
  return Math.max(1, count);
}

export function embedOf({ message, reasons, rules }: Notification, wall: number): DiscordEmbed {
  const { sender, channel, text, createdAt, replyTo } = message;
  const lateMs = wall - createdAt;
  const notes = [reasons.join(', '), `rule ${rules.join(', ')}`];
  if (message.late) notes.push('found after a gap');
  if (lateMs > LATE_AFTER_MS) notes.push(`${formatDuration(lateMs)} late`);
  const embed: DiscordEmbed = {
    author: { name: nameOf(sender.username), url: channelUrl({ channel: wellFormed(sender.username) }) },
    title: truncateCodePoints(escapeUnlinked(channel), NAME_MAX),
    url: channelUrl(message),
    description: truncateCodePoints(shown(text), TEXT_MAX),
    footer: { text: truncateCodePoints(notes.join(' · '), 300) },
    timestamp: new Date(Math.max(0, Math.min(createdAt, LATEST_TIME))).toISOString(),
    color: COLORS[reasons[0] ?? 'from'],
  };
  if (!replyTo) return embed;
  const name = `In reply to ${escapedName(replyTo.username)}`;
  return { ...embed, fields: [{ name, value: truncateCodePoints(shown(replyTo.text ?? ''), QUOTE_MAX) }] };
}

function contentLine(notifications: readonly Notification[], template: string | undefined): string {
  const [first] = notifications;
  if (first === undefined) return '';
  if (notifications.length > 1) {
    const channels = [...new Set(notifications.map(({ message }) => escapeUnlinked(message.channel)))];
    const named = channels.slice(0, 3).join(', ') + (channels.length > 3 ? ' and others' : '');
    return `${notifications.length} messages for you in ${named}`;
  }
  const { message, reasons } = first;
  const parts: Record<string, string> = {
    sender: escapedName(message.sender.username),
    channel: escapeUnlinked(message.channel),
    text: preview(message.text),
    why: WHY[reasons[0] ?? 'from'],
  };
  const line = template ?? '**{sender}** {why} in {channel}: {text}';
  return truncateCodePoints(
    line.replace(/\{(\w+)\}/g, (all, key: string) => parts[key] ?? all),
    CONTENT_MAX / 2,
  );
}

/** Cut before it is escaped, for no more of a text is shown here; at most three times as long then. */
function preview(text: string): string {
  const escaped = escapeUnlinked(truncateCodePoints(readable(text).trim(), PREVIEW_MAX));
  return isVisible(escaped) ? escaped : NO_TEXT;
}

/** Never empty: Discord refuses an empty field. */
function shown(text: string): string {
  // Cutting first keeps a huge text from being walked.
  const escaped = escapeForDiscord(truncateCodePoints(text, TEXT_MAX)).trim();
  return isVisible(escaped) ? escaped : NO_TEXT;
}

/** Where nothing is formatted. */
function nameOf(name: string): string {
  const plain = defused(readable(truncateCodePoints(name, NAME_MAX)).trim().replace(/\s+/g, ' '));
  return isVisible(plain) ? truncateCodePoints(plain, NAME_MAX) : SOMEBODY;
}

/** Where Discord formats: content, titles, names of fields. */
function escapedName(name: string): string {
  const escaped = escapeUnlinked(truncateCodePoints(name, NAME_MAX));
  return isVisible(escaped) ? truncateCodePoints(escaped, NAME_MAX) : SOMEBODY;
}

function sizeOf({ author, title, description, fields = [], footer }: DiscordEmbed): number {
  const texts = [
    author.name,
    title,
    description,
    footer.text,
    ...fields.flatMap(({ name, value }) => [name, value]),
  ];
  return texts.reduce((sum, text) => sum + codePoints(text), 0);
}

/** A name that may stand in a URL: bounded, and without lone surrogates (encodeURIComponent throws on them). */
function wellFormed(name: string): string {
  return Buffer.from([...name].slice(0, NAME_MAX).join(''), 'utf8').toString('utf8');
}
