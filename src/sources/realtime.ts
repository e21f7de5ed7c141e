/**
 * What the two realtime transports have in common: frames in, events out, and the frames that ask for things.
 * A codec holds what one socket's conversation needs and is thrown away with it.
 */
import type { Transport, Verdict } from '../../machines/connection.js';

/** How and why a conversation ended. */
export interface Ending {
  readonly verdict: Verdict;
  /** Not again before that. */
  readonly floorMs: number;
  /** The protocol's close code, or a word of ours. */
  readonly code: string;
  /** For people. */
  readonly text: string;
  /** What a person can do; empty when only patience helps. */
  readonly remedy: string;
}

/** What the server grants when the handshake is done. */
export interface Terms {
  /** The server pings, and this side only waits. */
  readonly serverPings: boolean;
  /** After this long without a frame, ask (or, when the server pings, give up). */
  readonly quietAfterMs: number;
  /** When the token runs out; undefined when it never does. */
  readonly expiresInMs: number | undefined;
}

export interface RealtimeListener {
  /** Something was published. `data` is what the event carries: JSON in a string, or an object already. */
  published(channel: string, event: string, data: unknown): void;
  established(terms: Terms): void;
  /** The token was renewed. */
  renewed(expiresInMs: number | undefined): void;
  subscribed(channel: string): void;
  /** `temporary`: asking again may help. */
  unsubscribed(channel: string, why: { readonly text: string; readonly temporary: boolean }): void;
  /** The server ended the conversation by a message; its close frame may follow, or not. */
  ended(ending: Ending): void;
  /** An answer to be sent at once. */
  reply(frame: string): void;
  /** The server complains about something that ends nothing. */
  complained(text: string): void;
  /** This could not be read. */
  malformed(why: string): void;
}

export interface Codec {
  readonly transport: Transport;
  /** The first frame of this side, if it has the first word. */
  greeting(): string | undefined;
  /** Reads one frame. Total: whatever the bytes are, the listener is told and nothing is thrown. */
  read(frame: Buffer, listener: RealtimeListener): void;
  /** What a close code of this protocol means. */
  ending(code: number, reason: string): Ending;
  subscribe(channel: string): string;
  unsubscribe(channel: string): string;
  /** The frame that asks for a sign of life; undefined where the socket's own ping serves. */
  ping(): string | undefined;
  /** The frame that hands in a new token; undefined where there are none. */
  renew(token: string): string | undefined;
}

/** A socket that ended without a code of its protocol: cut, refused, timed out. */
export function brokenLink(code: string, text: string): Ending {
  return { verdict: 'later', floorMs: 0, code, text, remedy: '' };
}

/** A frame's text, or undefined (and the listener told) when it is larger than an event may be. */
export function textWithin(bytes: Buffer, maxBytes: number, listener: RealtimeListener): string | undefined {
  if (bytes.length <= maxBytes) return bytes.toString('utf8');
  listener.malformed(`an event of ${bytes.length} bytes, over the limit of ${maxBytes}`);
  return undefined;
}
