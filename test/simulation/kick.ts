/** Kick, as the simulation plays it: the stand-in's rooms, transports and answers, on simulated time and wires. */
import { type CentrifugoOptions, centrifugoProtocol, Tokens } from '../../src/demo/centrifugo-standin.js';
import { Changes } from '../../src/demo/changes.js';
import { KickHttp } from '../../src/demo/kick-http.js';
import { CHAT_EVENT, historyMessage, liveMessage, type Room } from '../../src/demo/kick-message.js';
import { type PusherOptions, pusherProtocol } from '../../src/demo/pusher-standin.js';
import type { Protocol, Transport } from '../../src/demo/realtime-links.js';
import type { StandinClock } from '../../src/demo/standin-clock.js';
import type { DialOptions, Socket, SocketListener } from '../../src/world.js';
import type { Chance } from './chance.js';
import type { Message } from './chat.js';
import type { Life } from './life.js';
import type { DialFault, Fault, FrameFault } from './plan.js';
import { PUSHER_KEY, roomOf, type Shape } from './shape.js';
import { type SocketStage, Wire } from './sockets.js';
import type { Timeline } from './timeline.js';

/** What the checks want to know of the sockets. */
export interface KickWatch {
  dialled(wire: Wire): void;
  handed(wire: Wire, text: string): void;
  sent(wire: Wire, text: string): void;
  over(wire: Wire, code: number, reason: string, error: Error | undefined): void;
}

type Mute = 'told' | 'resubscribed';

const HISTORY_KEPT = 1_000;
/** So many messages of a room are said again, when it repeats itself. */
const REPEATED = 8;
const PUSHER: PusherOptions = { key: PUSHER_KEY, activityTimeoutS: 120, pongTimeoutMs: 30_000 };
const CENTRIFUGO: CentrifugoOptions = {
  pingEveryMs: 25_000,
  pongTimeoutMs: 10_000,
  tokenTtlS: 60,
  expiredCloseMs: 25_000,
  staleMs: 25_000,
  coalesce: true,
};

export interface KickParts {
  readonly timeline: Timeline;
  readonly clock: StandinClock;
  readonly chance: Chance;
  readonly shape: Shape;
  readonly watch: KickWatch;
}

export class Kick implements SocketStage {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly http: KickHttp;
  readonly rooms: readonly Room[];
  /** Every socket that is not closed for both sides. */
  readonly wires = new Set<Wire>();
  /** Spells that are on. */
  readonly dialFaults = new Map<Transport, DialFault | { readonly code: number }>();
  frames: { readonly how: FrameFault; readonly share: number } | undefined;
  readonly refused = new Set<string>();
  readonly muted = new Map<string, Mute>();
  readonly #clock: StandinClock;
  readonly #watch: KickWatch;
  readonly #protocols: readonly [pusher: Protocol, centrifugo: Protocol];
  /** By room, what was said last. */
  readonly #said = new Map<number, readonly string[]>();
  #lastId = 0;

  constructor({ timeline, clock, chance, shape, watch }: KickParts) {
    this.timeline = timeline;
    this.chance = chance;
    this.#clock = clock;
    this.#watch = watch;
    const tokens = new Tokens(CENTRIFUGO.tokenTtlS);
    this.#protocols = [pusherProtocol(PUSHER, clock), centrifugoProtocol(CENTRIFUGO, tokens, clock)];
    this.http = new KickHttp(
      new Changes(),
      tokens,
      { key: PUSHER_KEY, cluster: 'us2', websocketUrl: () => 'wss://realtime.kick.com/connection/websocket' },
      clock,
    );
    this.http.offers = ['centrifugo', 'pusher'];
    this.rooms = Array.from({ length: shape.channels }, (_, index) => {
      const room = roomOf(index);
      return { ...room, userId: room.channelId + 1_000_000 };
    });
    for (const room of this.rooms) this.http.rooms.set(room.slug, room);
  }

  /** A person says it: it is in the history at once, and on its way to whoever is subscribed. */
  say({ room: index, say }: Message): void {
    const room = this.#room(index);
    const live = liveMessage(room, say, this.#clock.wall());
    const history = this.http.history(room.channelId);
    history.push(historyMessage(room, live));
    if (history.length > HISTORY_KEPT) history.shift();
    const text = JSON.stringify(live);
    const said = this.#said.get(index) ?? [];
    this.#said.set(index, [...said.slice(1 - REPEATED), text]);
    this.publish(chatOf(room), CHAT_EVENT, text);
  }

  publish(channel: string, event: string, data: string): void {
    if (this.muted.has(channel)) return;
    for (const wire of this.wires) {
      if (wire.subscriptions.has(channel)) wire.send(wire.protocol.publication(channel, event, data));
    }
  }

  /** What happens to one room's chat. */
  suffer({ room, how }: Extract<Fault, { what: 'room' }>): void {
    const channel = this.chat(room);
    switch (how) {
      case 'mute':
        this.muted.set(channel, 'told');
        return;
      case 'muteUntilResubscribed':
        this.muted.set(channel, 'resubscribed');
        return;
      case 'refused':
        this.refused.add(channel);
        return;
      case 'unsubscribed':
        this.#unsubscribe(channel);
        return;
      case 'repeated':
        for (const text of this.#said.get(room) ?? []) this.publish(channel, CHAT_EVENT, text);
        return;
      case 'ended':
      case 'live': {
        const event = how === 'ended' ? 'StopStreamBroadcast' : 'StreamerIsLive';
        this.publish(`channel.${this.#room(room).channelId}`, `App\\Events\\${event}`, '{"livestream":{}}');
      }
    }
  }

  recover(room: number): void {
    this.muted.delete(this.chat(room));
    this.refused.delete(this.chat(room));
  }

  /** Nothing goes wrong any more; sockets that are deaf stay so. */
  lift(): void {
    this.dialFaults.clear();
    this.frames = undefined;
    this.refused.clear();
    this.muted.clear();
  }

  /** Centrifugo alone takes a subscription back. */
  #unsubscribe(channel: string): void {
    for (const wire of this.wires) {
      if (wire.protocol.transport !== 'centrifugo' || !wire.unsubscribe(channel)) continue;
      wire.send(JSON.stringify({ push: { channel, unsubscribe: { code: 2500, reason: 'as planned' } } }));
    }
  }

  chat(room: number): string {
    return chatOf(this.#room(room));
  }

  dial(life: Life, url: string, options: DialOptions, listener: SocketListener): Socket {
    this.#lastId += 1;
    const [pusher, centrifugo] = this.#protocols;
    const protocol = new URL(url).hostname.endsWith('pusher.com') ? pusher : centrifugo;
    const wire = new Wire({ id: this.#lastId, life, url, protocol }, options, listener, this);
    this.wires.add(wire);
    this.#watch.dialled(wire);
    return wire.socket;
  }

  orphaned(life: Life): void {
    for (const wire of this.wires) {
      if (wire.life !== life) continue;
      wire.orphaned();
      this.wires.delete(wire);
    }
  }

  // What happens on the wires

  dialFault({ transport }: Protocol): DialFault | { readonly code: number } | undefined {
    return this.dialFaults.get(transport);
  }

  frameFault(): FrameFault | undefined {
    return this.frames !== undefined && this.chance.is(this.frames.share) ? this.frames.how : undefined;
  }

  subscribes(_wire: Wire, channel: string): boolean {
    if (this.refused.has(channel)) return false;
    if (this.muted.get(channel) === 'resubscribed') this.muted.delete(channel);
    return true;
  }

  handed(wire: Wire, text: string): void {
    this.#watch.handed(wire, text);
  }

  sent(wire: Wire, text: string): void {
    this.#watch.sent(wire, text);
  }

  over(wire: Wire, code: number, reason: string, error: Error | undefined): void {
    this.#watch.over(wire, code, reason, error);
  }

  closed(wire: Wire): void {
    this.wires.delete(wire);
  }

  #room(index: number): Room {
    const room = this.rooms[index];
    if (room === undefined) throw new Error(`there is no room ${index}`);
    return room;
  }
}

function chatOf({ chatroomId }: Room): string {
  return `chatrooms.${chatroomId}.v2`;
}
