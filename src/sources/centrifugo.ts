/**
 * Centrifugo's JSON protocol from the client's side, as Kick uses it: connect with a token, subscribe, renew,
 * answer the server's pings. Bytes to events and back; it knows nothing of sockets, times or Kick.
 * One frame may hold several messages, a line each.
 */

import { asNumber, asObject, asObjectOrJson, asText, type JsonObject, parseJson } from '../untrusted-json.js';
import { type Codec, type Ending, type RealtimeListener, type Terms, textWithin } from './realtime.js';

export interface CentrifugoSettings {
  readonly maxEventBytes: number;
  /** How long after a ping was due the link counts as dead. */
  readonly pongMs: number;
  /** Used when the server promises no pings: this side then asks. */
  readonly pingEveryMs: number;
  readonly token: string;
}

/** What a reply is the answer to. */
type Command =
  | { readonly kind: 'connect' }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'subscribe'; readonly channel: string }
  | { readonly kind: 'unsubscribe'; readonly channel: string };

const NEWLINE = 0x0a;
/** The protocol has them; a public chat needs none. */
const OTHER_PUSHES = ['join', 'leave', 'message', 'subscribe', 'connect', 'refresh'];
const ALREADY_SUBSCRIBED = 105;
/** Commands that are never answered are forgotten, the oldest first. */
const AWAITED_MAX = 1_000;

export class CentrifugoCodec implements Codec {
  readonly transport = 'centrifugo';
  readonly #settings: CentrifugoSettings;
  readonly #awaited = new Map<number, Command>();
  #lastId = 0;
  #answersPings = true;

  constructor(settings: CentrifugoSettings) {
    this.#settings = settings;
  }

  greeting(): string {
    const id = this.#await({ kind: 'connect' });
    return JSON.stringify({ connect: { token: this.#settings.token, name: 'js' }, id });
  }

  read(frame: Buffer, listener: RealtimeListener) {
    // Most frames are within the limit of a single event: decoded once, they are cheaper to cut than bytes are.
    if (frame.length <= this.#settings.maxEventBytes) this.#readText(frame.toString('utf8'), listener);
    else this.#readBytes(frame, listener);
  }

  subscribe(channel: string): string {
    return JSON.stringify({
      subscribe: { channel, flag: 1 },
      id: this.#await({ kind: 'subscribe', channel }),
    });
  }

  unsubscribe(channel: string): string {
    return JSON.stringify({ unsubscribe: { channel }, id: this.#await({ kind: 'unsubscribe', channel }) });
  }

  ping(): undefined {
    return undefined;
  }

  renew(token: string): string {
    return JSON.stringify({ refresh: { token }, id: this.#await({ kind: 'refresh' }) });
  }

  ending(code: number, reason: string): Ending {
    const text = `Centrifugo closed with ${code}${reason === '' ? '' : ` (${reason})`}`;
    const isTerminal = (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000);
    return {
      verdict: isTerminal ? 'never' : 'later',
      floorMs: 0,
      code: String(code),
      text,
      remedy: isTerminal ? 'set kick.transport: pusher, or look for a newer version of Earshot' : '',
    };
  }

  #readText(frame: string, listener: RealtimeListener) {
    const lines = frame.includes('\n') ? frame.split('\n').filter((line) => line !== '') : [frame];
    if (lines.length === 0) listener.malformed('an empty frame');
    for (const line of lines) this.#readLine(line, listener);
  }

  #readBytes(frame: Buffer, listener: RealtimeListener) {
    for (let from = 0; from < frame.length; ) {
      const newline = frame.indexOf(NEWLINE, from);
      const end = newline < 0 ? frame.length : newline;
      const line = textWithin(frame.subarray(from, end), this.#settings.maxEventBytes, listener);
      if (line !== undefined && line !== '') this.#readLine(line, listener);
      from = end + 1;
    }
  }

  #readLine(text: string, listener: RealtimeListener) {
    const message = asObject(parseJson(text));
    if (message === undefined) return listener.malformed('a line that is no JSON object');
    if (message.push !== undefined) return this.#push(message.push, listener);
    if (message.id !== undefined) return this.#reply(message, listener);
    for (const _ in message) return listener.malformed('a line that is neither push, reply nor ping');
    if (this.#answersPings) listener.reply('{}');
  }

  #push(value: unknown, listener: RealtimeListener) {
    const push = asObject(value);
    if (push === undefined) return listener.malformed('a push that is no object');
    const channel = asText(push.channel);
    if (push.pub !== undefined) {
      const publication = asObjectOrJson(asObject(push.pub)?.data);
      const event = asText(publication?.event);
      if (channel === undefined || publication === undefined || event === undefined) {
        return listener.malformed('a publication without a channel or an event');
      }
      return listener.published(channel, event, publication.data);
    }
    const left = asObject(push.unsubscribe);
    if (left !== undefined && channel !== undefined) {
      // 2500 and above mean: subscribe again.
      const temporary = (asNumber(left.code) ?? 2500) >= 2500;
      return listener.unsubscribed(channel, {
        text: asText(left.reason) ?? 'the server unsubscribed',
        temporary,
      });
    }
    const end = asObject(push.disconnect);
    if (end !== undefined) {
      return listener.ended(this.ending(asNumber(end.code) ?? 3000, asText(end.reason) ?? ''));
    }
    if (!OTHER_PUSHES.some((kind) => asObject(push[kind]) !== undefined)) {
      listener.malformed('a push of no known kind');
    }
  }

  #reply(message: JsonObject, listener: RealtimeListener) {
    const id = asNumber(message.id);
    const command = id === undefined ? undefined : this.#awaited.get(id);
    if (id === undefined || command === undefined) return listener.malformed('a reply to nothing asked');
    this.#awaited.delete(id);
    const error = asObject(message.error);
    if (error !== undefined) return this.#refusal(command, error, listener);
    switch (command.kind) {
      case 'connect':
        return listener.established(this.#terms(asObject(message.connect) ?? {}));
      case 'refresh':
        return listener.renewed(expiryOf(asObject(message.refresh) ?? {}));
      case 'subscribe':
        return listener.subscribed(command.channel);
      case 'unsubscribe':
        return;
    }
  }

  #refusal(command: Command, error: JsonObject, listener: RealtimeListener) {
    const code = asNumber(error.code) ?? 0;
    const text = `Centrifugo says ${code}: ${asText(error.message) ?? 'no reason'}`;
    switch (command.kind) {
      case 'connect':
        return listener.ended({ verdict: 'later', floorMs: 0, code: String(code), text, remedy: '' });
      case 'subscribe':
        if (code === ALREADY_SUBSCRIBED) return listener.subscribed(command.channel);
        return listener.unsubscribed(command.channel, { text, temporary: error.temporary === true });
      case 'refresh':
      case 'unsubscribe':
        return listener.complained(text);
    }
  }

  #terms(granted: JsonObject): Terms {
    this.#answersPings = granted.pong === true;
    const pingS = asNumber(granted.ping) ?? 0;
    const expiresInMs = expiryOf(granted);
    return pingS > 0
      ? { serverPings: true, quietAfterMs: pingS * 1_000 + this.#settings.pongMs, expiresInMs }
      : { serverPings: false, quietAfterMs: this.#settings.pingEveryMs, expiresInMs };
  }

  #await(command: Command): number {
    this.#lastId += 1;
    this.#awaited.set(this.#lastId, command);
    if (this.#awaited.size > AWAITED_MAX) {
      for (const [oldest] of this.#awaited) {
        this.#awaited.delete(oldest);
        break;
      }
    }
    return this.#lastId;
  }
}

function expiryOf(granted: JsonObject): number | undefined {
  const ttlS = asNumber(granted.ttl) ?? 0;
  return granted.expires === true && ttlS > 0 ? ttlS * 1_000 : undefined;
}
