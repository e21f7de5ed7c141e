/**
 * Kick's chat payload → ChatMessage. Total: whatever the payload is, the answer is a message or the reason why
 * it is none. The same reader serves the live event and the history, whose `metadata` is JSON in a string.
 *
 * Seen in the wild: ids as numbers and as text; `metadata` absent, a string, or holding `message_ref` alone;
 * `original_message` as a string; whole seconds in `created_at` live, fractions elsewhere.
 */
import { type ChatMessage, cleanText } from '../chat.js';
import { asId, asObject, asObjectOrJson, asText, type JsonObject, parseJson } from '../untrusted-json.js';

export const CHAT_EVENT = 'App\\Events\\ChatMessageEvent';

/** Longer than any name a platform gives. */
const USERNAME_MAX = 200;

/**
 * @param data what the event carries: JSON in a string, or an object already.
 * @returns the message, or for people why it is none.
 */
export function readKickMessage(data: unknown, channel: string): ChatMessage | string {
  const payload = asObjectOrJson(data);
  if (payload === undefined) return 'a chat message that is no JSON object';
  const id = asId(payload.id);
  if (id === undefined) return 'a chat message without an id';
  const text = payload.content;
  if (typeof text !== 'string') return 'a chat message without content';
  const createdAt = readTime(payload.created_at);
  if (createdAt === undefined) return 'a chat message without a time';
  const sender = asObject(payload.sender);
  const username = sender?.username;
  const senderId = asId(sender?.id);
  if (typeof username !== 'string' || username.length === 0 || username.length > USERNAME_MAX) {
    return 'a chat message without a sender';
  }
  if (senderId === undefined) return 'a chat message without a sender’s id';
  const message: ChatMessage = {
    platform: 'kick',
    id: cleanText(id),
    channel,
    sender: { id: cleanText(senderId), username: cleanText(username) },
    text: cleanText(text),
    createdAt,
  };
  const replyTo = payload.metadata === undefined ? undefined : readReply(payload.metadata);
  return replyTo === undefined ? message : { ...message, replyTo };
}

/** The same message, marked as read from the history. */
export function readPastMessage(data: unknown, channel: string): ChatMessage | string {
  const message = readKickMessage(data, channel);
  return typeof message === 'string' ? message : { ...message, late: true };
}

/** Of the year 9999: later times have no form that Discord or a database takes. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

let lastWritten = '';
let lastTime = 0;

/** Epoch milliseconds. Chat comes in the order of time, so the second just read is the likely one. */
function readTime(value: unknown): number | undefined {
  if (typeof value === 'string') {
    if (value === lastWritten) return lastTime;
    const time = Date.parse(value);
    if (!(time >= 0 && time <= LATEST)) return undefined;
    lastWritten = value;
    lastTime = time;
    return time;
  }
  if (typeof value !== 'number' || !(value > 0 && value <= LATEST)) return undefined;
  // Seconds until the year 5138, milliseconds from 1973 on.
  return Math.round(value < 1e11 ? value * 1_000 : value);
}

function readReply(value: unknown): ChatMessage['replyTo'] {
  const metadata = asObjectOrJson(value);
  const sender = asObject(metadata?.original_sender);
  const username = sender?.username;
  if (typeof username !== 'string' || username.length === 0 || username.length > USERNAME_MAX) {
    return undefined;
  }
  const { messageId, text } = readOriginal(metadata?.original_message);
  const userId = asId(sender?.id);
  return {
    username: cleanText(username),
    ...(userId === undefined ? {} : { userId: cleanText(userId) }),
    ...(messageId === undefined ? {} : { messageId: cleanText(messageId) }),
    ...(text === undefined ? {} : { text: cleanText(text) }),
  };
}

function readOriginal(value: unknown): { messageId?: string | undefined; text?: string | undefined } {
  if (typeof value !== 'string') return fromOriginal(asObject(value));
  const parsed = asObject(parseJson(value));
  return parsed === undefined ? { text: value } : fromOriginal(parsed);
}

function fromOriginal(original: JsonObject | undefined): {
  messageId: string | undefined;
  text: string | undefined;
} {
  return { messageId: asId(original?.id), text: asText(original?.content) };
}
