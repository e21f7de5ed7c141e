/**
 * A stand-in of Kick on 127.0.0.1: channel lookup, negotiation, tokens, chat history, and both realtime
 * transports on one port. The demo and the tests play its outages with the controls below. It knows nothing of
 * Earshot.
 *
 * Shapes are those of public code (no live check was possible):
 * - `GET /api/v2/channels/{slug}` → id, user_id, slug, chatroom.id
 * - `POST /api/v1/realtime/channels/{channelId}/chat/connection` (also `/api/v1/realtime/connection`)
 *   → `{data: {connections: [{provider, credentials}], mode: 'websocket'}, message: 'OK'}`
 * - `POST /api/v1/realtime/auth/connection` `{client_id}` → `{data: {token}, message: 'success'}`
 * - `GET /api/v1/chat/{channelId}/history` → `{data: {messages, cursor, pinned_message}, message: 'OK'}`: the
 *   newest first, `metadata` a JSON string; with `?start_time=ISO` the five seconds that follow, oldest first
 * - sockets `/app/{key}` (Pusher) and `/connection/websocket` (Centrifugo)
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { JsonObject } from '../untrusted-json.js';
import { CENTRIFUGO_PATH, type CentrifugoOptions, centrifugoProtocol, Tokens } from './centrifugo-standin.js';
import { appendBounded, Changes } from './changes.js';
import { type Endpoint, type Fault, KickHttp } from './kick-http.js';
import { CHAT_EVENT, historyMessage, liveMessage, type Room, type Say } from './kick-message.js';
import { type Exchange, Loopback } from './loopback.js';
import { PUSHER_PATH, type PusherOptions, pusherProtocol } from './pusher-standin.js';
import {
  type Link,
  Links,
  type MuteUntil,
  type Protocol,
  type ReceivedFrame,
  type Refusal,
  type Transport,
  type Which,
} from './realtime-links.js';

export interface KickChannel {
  readonly slug: string;
  readonly channelId: number;
  readonly chatroomId: number;
  /** By default the channel id plus 1,000,000: the three ids differ, as in life. */
  readonly userId?: number;
}

export interface KickOptions {
  readonly channels: readonly KickChannel[];
  /** 0 (the default) picks a free one. */
  readonly port?: number;
  /** What negotiation offers, in this order; by default Centrifugo, then Pusher. */
  readonly offers?: readonly Transport[];
  readonly pusher?: Partial<PusherOptions> & { readonly cluster?: string };
  readonly centrifugo?: Partial<CentrifugoOptions>;
  /** Messages kept for each channel's history, 1,000 by default; one answer holds at most 50. */
  readonly historyKept?: number;
}

/** One open socket. */
export interface Connection {
  readonly id: number;
  readonly transport: Transport;
  readonly subscriptions: readonly string[];
  /** Epoch milliseconds. */
  readonly openedAt: number;
}

const BOTH: readonly Transport[] = ['centrifugo', 'pusher'];
const ON_CHANNEL = new Set(['StreamerIsLive', 'StopStreamBroadcast']);

export async function startKick(options: KickOptions): Promise<KickStandin> {
  const kick = new KickStandin(options);
  await kick.open();
  return kick;
}

export class KickStandin {
  /** The key that `/app/{key}` accepts. */
  readonly pusherKey: string;
  readonly #changes = new Changes();
  readonly #links = new Links(this.#changes);
  readonly #http: KickHttp;
  readonly #pusher: Protocol;
  readonly #centrifugo: Protocol;
  readonly #options: KickOptions;
  #loopback: Loopback | undefined;

  /** Use `startKick`. */
  constructor(options: KickOptions) {
    const pusher = { key: 'standin-key', activityTimeoutS: 120, pongTimeoutMs: 30_000, ...options.pusher };
    const centrifugo = {
      pingEveryMs: 25_000,
      pongTimeoutMs: 10_000,
      tokenTtlS: 2700,
      expiredCloseMs: 25_000,
      staleMs: 25_000,
      coalesce: true,
      ...options.centrifugo,
    };
    const tokens = new Tokens(centrifugo.tokenTtlS);
    this.#options = options;
    this.pusherKey = pusher.key;
    this.#pusher = pusherProtocol(pusher);
    this.#centrifugo = centrifugoProtocol(centrifugo, tokens);
    this.#http = new KickHttp(this.#changes, tokens, {
      key: pusher.key,
      cluster: options.pusher?.cluster ?? 'us2',
      websocketUrl: () => `${this.wsUrl}/connection/websocket`,
    });
    this.offer(...(options.offers ?? BOTH));
    for (const channel of options.channels) this.addChannel(channel);
  }

  async open(): Promise<void> {
    this.#loopback = await Loopback.open(
      (request, response) => this.#http.handle(request, response),
      this.#options.port,
    );
    this.#loopback.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  get port(): number {
    return this.#loopback?.port ?? 0;
  }

  /** For `kick.api` and `kick.web`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** For `kick.pusher.url`; Centrifugo's path is negotiated. */
  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Stops at once: every socket and every hanging request is torn off. */
  async close(): Promise<void> {
    this.#links.end();
    await this.#loopback?.goOffline();
  }

  // What happens in chat

  addChannel(channel: KickChannel): void {
    this.#http.rooms.set(channel.slug.toLowerCase(), {
      ...channel,
      userId: channel.userId ?? channel.channelId + 1_000_000,
    });
  }

  /** Says something on every live transport and writes it into the history. Gives the message's id. */
  say(slug: string, say: Say): string {
    const room = this.#room(slug);
    const live = liveMessage(room, say, Date.now());
    const history = this.#http.history(room.channelId);
    if (!history.some((message) => message.id === live.id)) {
      appendBounded(history, historyMessage(room, live), this.#options.historyKept ?? 1000);
    }
    this.#publish(`chatrooms.${room.chatroomId}.v2`, CHAT_EVENT, live, say.dataAsObject);
    this.#changes.happened();
    return live.id;
  }

  /** Says all of it within one turn of the event loop (on Centrifugo: in one frame). */
  sayBatch(slug: string, batch: readonly Say[]): string[] {
    return batch.map((say) => this.say(slug, say));
  }

  /** Any other event, on the channel where Kick sends it; `event` may leave out `App\Events\`. */
  publish(slug: string, event: string, data: JsonObject): void {
    const room = this.#room(slug);
    const name = event.includes('\\') ? event : `App\\Events\\${event}`;
    const isOnChannel = ON_CHANNEL.has(name.replace('App\\Events\\', ''));
    this.#publish(isOnChannel ? `channel.${room.channelId}` : `chatrooms.${room.chatroomId}.v2`, name, data);
  }

  /** Sends a frame as it is. */
  sendRaw(frame: string, which: Which = {}): void {
    for (const link of this.#links.open(which)) link.send(frame);
  }

  // What goes wrong

  /** What negotiation offers from now on, in this order. */
  offer(...transports: readonly Transport[]): void {
    this.#http.offers = [...transports];
  }

  /** How an HTTP endpoint answers from now on, for one channel or for all; `ok` ends it. */
  play(endpoint: Endpoint, fault: Fault, slug?: string): void {
    this.#http.play(endpoint, fault, slug);
  }

  /** Closes sockets with a code (and reason), or tears them off without one. */
  cut(code?: number, reason?: string, which: Which = {}): void {
    for (const link of this.#links.open(which)) link.cut(code, reason);
  }

  /** New sockets are dropped before the handshake (`true`), left hanging, or answered by an HTTP status. */
  refuseConnections(how: boolean | 'hang' | number, transport?: Transport): void {
    const refusal: Refusal | undefined = how === true ? 'drop' : how === false ? undefined : how;
    this.#links.refuse(refusal, asList(transport));
  }

  /** New sockets are accepted and closed at once with this code; `undefined` ends it. */
  closeNewWith(code: number | undefined, reason = '', transport?: Transport): void {
    this.#links.closeNew(code === undefined ? undefined : { code, reason }, asList(transport));
  }

  /** Sockets stay open (new ones open, too), but nothing is said on them and no ping is answered. */
  silence(on: boolean, transport?: Transport): void {
    this.#links.silence(on, asList(transport));
  }

  /** One channel's chat stays away, from now `until` told (false), subscribed again, or moved to another socket. */
  silenceChannel(slug: string, until: MuteUntil | boolean = true): void {
    const how = until === true ? 'told' : until === false ? undefined : until;
    this.#links.mute(this.#chat(slug), how);
  }

  /** Subscriptions to this channel's chat are refused from now on, until `false`. */
  refuseSubscription(slug: string, on = true): void {
    if (on) this.#links.refused.add(this.#chat(slug));
    else this.#links.refused.delete(this.#chat(slug));
  }

  /** Ends the subscriptions to this channel's chat, and tells the subscribers: of Centrifugo, for Pusher has no words for it. */
  endSubscription(slug: string, code: number, reason = ''): void {
    const channel = this.#chat(slug);
    for (const link of this.#links.open({ transport: 'centrifugo' })) {
      if (link.unsubscribe(channel)) {
        link.send(JSON.stringify({ push: { channel, unsubscribe: { code, reason } } }));
      }
    }
  }

  /** Drops everybody and stops listening: dials are refused by the system until `comeBack`. */
  async goOffline(): Promise<void> {
    for (const link of this.#links.open()) link.cut();
    await this.#loopback?.goOffline();
  }

  /** Listens again on the same port. */
  async comeBack(): Promise<void> {
    await this.#loopback?.comeBack();
  }

  /** Goes offline and comes back after a while, like a server that is deployed anew. */
  async restart(offMs = 200): Promise<void> {
    await this.goOffline();
    await new Promise((resolve) => setTimeout(resolve, offMs));
    await this.comeBack();
  }

  // What it saw

  connections(which: Which = {}): Connection[] {
    return this.#links.open(which).map(asConnection);
  }

  /** On how many open sockets this channel's chat is subscribed. */
  subscribed(slug: string): number {
    const chat = this.#chat(slug);
    return this.#links.open().filter((link) => link.subscriptions.has(chat)).length;
  }

  /** Upgrades asked for since the start, refused ones included. */
  get dials(): number {
    return this.#links.dials;
  }

  /** The most sockets that were open at once. */
  get peakConnections(): number {
    return this.#links.peak;
  }

  /** Frames that clients sent. */
  get frames(): readonly ReceivedFrame[] {
    return this.#links.received;
  }

  /** HTTP requests, oldest first. */
  get requests(): readonly Exchange[] {
    return this.#http.requests;
  }

  /** Resolves once the claim holds; looked at again at every change of the stand-in (see Changes). */
  until(claim: () => unknown, timeoutMs?: number): Promise<void> {
    return this.#changes.until(claim, timeoutMs);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = request.url ?? '/';
    if (PUSHER_PATH.test(path)) this.#links.accept(this.#pusher, request, socket, head);
    else if (CENTRIFUGO_PATH.test(path)) this.#links.accept(this.#centrifugo, request, socket, head);
    else socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
  }

  #publish(channel: string, event: string, data: JsonObject, dataAsObject = false): void {
    this.#links.publish(
      [this.#centrifugo, this.#pusher],
      channel,
      event,
      dataAsObject ? data : JSON.stringify(data),
    );
  }

  #room(slug: string): Room {
    const room = this.#http.rooms.get(slug.toLowerCase());
    if (room === undefined) throw new Error(`the Kick stand-in has no channel ${slug}`);
    return room;
  }

  #chat(slug: string): string {
    return `chatrooms.${this.#room(slug).chatroomId}.v2`;
  }
}

function asList(transport: Transport | undefined): readonly Transport[] {
  return transport === undefined ? BOTH : [transport];
}

function asConnection(link: Link): Connection {
  const { id, transport, openedAt } = link;
  return { id, transport, openedAt, subscriptions: [...link.subscriptions] };
}
