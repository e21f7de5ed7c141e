/** Messages and notifications as the archive's columns hold them, and back. */
import { type ChatMessage, dedupeKey, type Notification } from '../chat.js';

/** The columns of `archive` that make a message. */
export interface MessageColumns {
  readonly key: string;
  readonly channel: string;
  readonly sender: string;
  readonly senderId: string;
  readonly text: string;
  readonly createdAt: number;
  readonly late: number;
  readonly replyTo: string | null;
}

export interface NotificationColumns extends MessageColumns {
  readonly notice: string | null;
}

export function columnsOf(message: ChatMessage, notification: Notification | undefined): NotificationColumns {
  const { channel, sender, text, createdAt, late, replyTo } = message;
  return {
    key: dedupeKey(message),
    channel,
    sender: sender.username,
    senderId: sender.id,
    text,
    createdAt,
    late: late ? 1 : 0,
    replyTo: replyTo ? JSON.stringify(replyTo) : null,
    notice: notification ? noticeOf(notification) : null,
  };
}

export function notificationOf(columns: NotificationColumns): Notification {
  return { ...JSON.parse(columns.notice ?? NO_NOTICE), message: messageOf(columns) };
}

function messageOf({
  key,
  channel,
  sender,
  senderId,
  text,
  createdAt,
  late,
  replyTo,
}: MessageColumns): ChatMessage {
  return {
    platform: 'kick',
    id: key.slice(key.indexOf(':') + 1),
    channel,
    sender: { id: senderId, username: sender },
    text,
    createdAt,
    ...(replyTo !== null && { replyTo: JSON.parse(replyTo) }),
    ...(late === 1 && { late: true }),
  };
}

let last: Notification | undefined;
let lastNotice = '';

/** Messages of a burst share what is said of them (rules.ts), and it is written down once. */
function noticeOf(notification: Notification): string {
  const { rules, reasons, watched, matches, sinks } = notification;
  const isLast =
    rules === last?.rules &&
    reasons === last.reasons &&
    watched === last.watched &&
    matches === last.matches &&
    sinks === last.sinks;
  if (!isLast) {
    last = notification;
    lastNotice = JSON.stringify({ rules, reasons, watched, matches, sinks });
  }
  return lastNotice;
}

/** What a row would tell whose message nobody was to be told of. */
const NO_NOTICE = JSON.stringify({ rules: [], reasons: [], watched: '', matches: [], sinks: [] });
