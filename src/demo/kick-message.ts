/**
 * A chat message as Kick puts it on the wire, live and in its history. Shapes seen in public code and recorded
 * frames: live times have whole seconds and `+00:00`, `message_ref` is a time in milliseconds as text, and the
 * history keeps `metadata` as JSON inside a string.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { JsonObject } from '../untrusted-json.js';

/** What somebody says. */
export interface Say {
  readonly username: string;
  readonly text: string;
  /** The message it answers: makes it a `reply` unless `type` says otherwise. */
  readonly replyTo?: {
    readonly username: string;
    readonly text?: string;
    readonly userId?: number | string;
    readonly messageId?: string;
  };
  /** By default a new UUID. */
  readonly id?: string;
  /** By default one made from the name, so that it stays the same. */
  readonly userId?: number;
  /** Epoch milliseconds, or the very text to send; by default now. */
  readonly createdAt?: number | string;
  /** `message`, `reply`, `celebration`. */
  readonly type?: string;
  /** Laid over the payload before it is sent: to play the traps (`metadata` as text, ids as text, …). */
  readonly raw?: JsonObject;
  /** True: the event's data goes out as an object instead of JSON inside a string. */
  readonly dataAsObject?: boolean;
}

export interface Room {
  readonly slug: string;
  readonly channelId: number;
  readonly userId: number;
  readonly chatroomId: number;
}

export const CHAT_EVENT = 'App\\Events\\ChatMessageEvent';

/** The payload of the live event. */
export function liveMessage(
  room: Room,
  say: Say,
  now: number,
): JsonObject & { id: string; created_at: string } {
  const id = say.id ?? randomUUID();
  const created = say.createdAt ?? now;
  const reply = say.replyTo;
  return {
    id,
    chatroom_id: room.chatroomId,
    content: say.text,
    type: say.type ?? (reply === undefined ? 'message' : 'reply'),
    created_at: typeof created === 'string' ? created : wholeSeconds(created),
    sender: {
      id: say.userId ?? userIdOf(say.username),
      username: say.username,
      slug: slugOf(say.username),
      identity: { color: '#75FD46', badges: [] },
    },
    metadata: {
      ...(reply === undefined
        ? {}
        : {
            original_sender: { id: reply.userId ?? userIdOf(reply.username), username: reply.username },
            original_message: { id: reply.messageId ?? randomUUID(), content: reply.text ?? '' },
          }),
      message_ref: String(typeof created === 'number' ? created : now),
    },
    ...say.raw,
  };
}

/** The same message as the history holds it. */
export function historyMessage(room: Room, live: JsonObject): JsonObject {
  const { chatroom_id: _, metadata, ...rest } = live;
  const sender = live.sender;
  const userId = typeof sender === 'object' && sender !== null && 'id' in sender ? sender.id : 0;
  return {
    ...rest,
    chat_id: room.channelId,
    user_id: userId,
    metadata: typeof metadata === 'string' ? metadata : JSON.stringify(metadata ?? {}),
  };
}

/** `2026-11-03T12:00:00+00:00`: whole seconds, as Kick writes them. */
function wholeSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}+00:00`;
}

function userIdOf(username: string): number {
  return createHash('sha256').update(username.toLowerCase()).digest().readUInt32BE(0) % 90_000_000;
}

function slugOf(username: string): string {
  return username.toLowerCase().replaceAll('_', '-');
}
