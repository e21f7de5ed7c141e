/**
 * Pusher Channels, protocol 7, from the client's side: public channels only. Bytes to events and back; it knows
 * nothing of sockets, times or Kick. Facts: Pusher's public protocol documents.
 */

import { asNumber, asObject, asObjectOrJson, asText, type JsonObject, parseJson } from '../untrusted-json.js';
import { type Codec, type Ending, type RealtimeListener, type Terms, textWithin } from './realtime.js';

export interface PusherSettings {
  readonly maxEventBytes: number;
  /** Ask after this long without a frame, unless the server wants to be asked sooner. */
  readonly pingEveryMs: number;
}

const PING = JSON.stringify({ event: 'pusher:ping', data: {} });
const PONG = JSON.stringify({ event: 'pusher:pong', data: {} });

export class PusherCodec implements Codec {
  readonly transport = 'pusher';
  readonly #settings: PusherSettings;

  constructor(settings: PusherSettings) {
    this.#settings = settings;
  }

  greeting(): undefined {
    return undefined;
  }

  read(frame: Buffer, listener: RealtimeListener) {
    const text = textWithin(frame, this.#settings.maxEventBytes, listener);
    if (text === undefined) return;
    const message = asObject(parseJson(text));
    if (message === undefined) return listener.malformed('a frame that is no JSON object');
    const { event, channel, data } = message;
    if (typeof event !== 'string') return listener.malformed('a frame without an event');
    if (event.startsWith('pusher')) return this.#control(event, message, listener);
    if (typeof channel !== 'string') return listener.malformed('an event without a channel');
    listener.published(channel, event, data);
  }

  subscribe(channel: string): string {
    return JSON.stringify({ event: 'pusher:subscribe', data: { auth: '', channel } });
  }

  unsubscribe(channel: string): string {
    return JSON.stringify({ event: 'pusher:unsubscribe', data: { channel } });
  }

  ping(): string {
    return PING;
  }

  renew(): undefined {
    return undefined;
  }

  ending(code: number, reason: string): Ending {
    const text = `Pusher closed with ${code}${reason === '' ? '' : ` (${reason})`}`;
    const ending = { code: String(code), text, remedy: '', floorMs: 0 };
    if (code >= 4000 && code < 4100) return { ...ending, verdict: 'never', remedy: REMEDIES[code] ?? REMEDY };
    // The protocol asks for a second at least.
    if (code >= 4100 && code < 4200) return { ...ending, verdict: 'later', floorMs: 1_000 };
    return { ...ending, verdict: code >= 4200 && code < 4300 ? 'atOnce' : 'later' };
  }

  #control(event: string, message: JsonObject, listener: RealtimeListener) {
    const channel = asText(message.channel);
    switch (event) {
      case 'pusher:connection_established':
        return listener.established(this.#terms(message.data));
      case 'pusher_internal:subscription_succeeded':
        if (channel === undefined) return listener.malformed('a subscription without a channel');
        return listener.subscribed(channel);
      case 'pusher:subscription_error':
        if (channel === undefined) return listener.malformed('a refused subscription without a channel');
        return listener.unsubscribed(channel, { text: refusalOf(message.data), temporary: false });
      case 'pusher:ping':
        return listener.reply(PONG);
      case 'pusher:error':
        return this.#error(message.data, listener);
    }
  }

  #terms(data: unknown): Terms {
    const seconds = asNumber(asObjectOrJson(data)?.activity_timeout) ?? 0;
    const own = this.#settings.pingEveryMs;
    return {
      serverPings: false,
      quietAfterMs: seconds > 0 ? Math.min(own, seconds * 1_000) : own,
      expiresInMs: undefined,
    };
  }

  #error(data: unknown, listener: RealtimeListener) {
    const error = asObjectOrJson(data);
    const code = asNumber(error?.code);
    const text = asText(error?.message) ?? '';
    if (code !== undefined && code >= 4000 && code < 4300) listener.ended(this.ending(code, text));
    else listener.complained(`Pusher says: ${text || 'an error without words'}`);
  }
}

const REMEDY = 'look into kick.pusher in earshot.yaml, or set kick.transport: centrifugo';
const KEY_REMEDY =
  'check kick.pusher.key and kick.pusher.cluster in earshot.yaml (Kick changes its key now and then), or set kick.transport: centrifugo';
const REMEDIES: Readonly<Record<number, string>> = {
  4001: KEY_REMEDY,
  4003: KEY_REMEDY,
  4004: 'Kick’s account at Pusher is over its quota: set kick.transport: centrifugo, or wait',
};

function refusalOf(data: unknown): string {
  const body = asObjectOrJson(data);
  return asText(body?.error) ?? asText(body?.message) ?? 'subscription refused';
}
