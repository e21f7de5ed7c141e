/**
 * The live sockets of a stand-in, whatever protocol they speak: who is connected and subscribed to what, and
 * every way to misbehave that a server has (silence, refusals, cuts). What the frames mean is the protocol's.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { appendBounded, type Changes } from './changes.js';

export type Transport = 'pusher' | 'centrifugo';

/** A client's socket as a protocol sees it. */
export interface Line {
  readonly id: number;
  readonly subscriptions: ReadonlySet<string>;
  send(frame: string): void;
  /** False when this channel is to be refused; the protocol words the refusal. */
  subscribe(channel: string): boolean;
  /** False when there was nothing to end. */
  unsubscribe(channel: string): boolean;
  /** Closes with a code (1000-1014, 3000-4999); without one the socket is torn off. */
  cut(code?: number, reason?: string): void;
}

/** The request that became a socket. */
export type Upgrade = Pick<IncomingMessage, 'url' | 'headers'>;

/** What a transport adds to a socket. */
export interface Protocol {
  readonly transport: Transport;
  /** True when frames of one turn of the event loop travel as one, a line each. */
  readonly joinsFrames: boolean;
  /** Begins the conversation with one client, whose upgrade request is given. */
  open(line: Line, request: Upgrade): Session;
  /** The frame that takes one event to the subscribers of a channel. */
  publication(channel: string, event: string, data: unknown): string;
}

/** One client's conversation. */
export interface Session {
  receive(text: string): void;
  /** The socket is gone: drop the timers. */
  ended(): void;
}

/** Which sockets a control means; nothing given means all. */
export interface Which {
  readonly transport?: Transport;
  readonly connection?: number;
}

/** How an upgrade is refused: the socket dropped, held without an answer, or an HTTP status. */
export type Refusal = 'drop' | 'hang' | number;

/** How long a channel delivers nothing: until told, until someone subscribes again, or from another socket. */
export type MuteUntil = 'told' | 'resubscribed' | 'moved';

/** A frame that a client sent. */
export interface ReceivedFrame {
  readonly at: number;
  readonly connection: number;
  readonly transport: Transport;
  readonly text: string;
}

/** The largest frame a client may send; beyond it `ws` closes with 1009. Pusher's own limit is 10 KB of data. */
const CLIENT_FRAME_MAX = 64 * 1024;
const FRAMES_KEPT = 100_000;

export class Link implements Line {
  readonly id: number;
  readonly transport: Transport;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  readonly subscriptions = new Set<string>();
  readonly #links: Links;
  readonly #socket: WebSocket;
  readonly #joins: boolean;
  #unsent: string[] = [];

  constructor(links: Links, socket: WebSocket, protocol: Protocol, id: number) {
    this.#links = links;
    this.#socket = socket;
    this.#joins = protocol.joinsFrames;
    this.id = id;
    this.transport = protocol.transport;
    this.openedAt = Date.now();
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends a frame, unless this link is held silent or is closing. */
  send(frame: string): void {
    if (!this.isOpen || this.#links.isSilent(this)) return;
    if (!this.#joins) {
      this.#socket.send(frame);
      return;
    }
    if (this.#unsent.length === 0) setImmediate(() => this.#flush());
    this.#unsent.push(frame);
  }

  subscribe(channel: string): boolean {
    if (this.#links.refused.has(channel)) return false;
    this.subscriptions.add(channel);
    this.#links.subscribedAnew(this, channel);
    return true;
  }

  unsubscribe(channel: string): boolean {
    const had = this.subscriptions.delete(channel);
    this.#links.changes.happened();
    return had;
  }

  cut(code?: number, reason = ''): void {
    if (code === undefined) {
      this.#socket.terminate();
      return;
    }
    this.#flush();
    this.#socket.close(code, reason);
  }

  #flush(): void {
    if (this.#unsent.length > 0 && this.isOpen) this.#socket.send(this.#unsent.join('\n'));
    this.#unsent = [];
  }
}

export class Links {
  readonly changes: Changes;
  /** Channels whose subscription is refused. */
  readonly refused = new Set<string>();
  /** What clients sent, oldest first, the newest 100,000. */
  readonly received: ReceivedFrame[] = [];
  /** Upgrades asked for since the start, also refused ones. */
  dials = 0;
  /** The most sockets that were open at once. */
  peak = 0;

  readonly #live = new Set<Link>();
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: CLIENT_FRAME_MAX,
    perMessageDeflate: false,
  });
  readonly #muted = new Map<string, { until: MuteUntil; on: Set<number> }>();
  readonly #silent = new Map<Transport, boolean>();
  readonly #refusing = new Map<Transport, Refusal>();
  readonly #closingNew = new Map<Transport, { code: number; reason: string }>();
  #nextId = 1;

  constructor(changes: Changes) {
    this.changes = changes;
  }

  /** Takes an upgrade request to the end its protocol and the controls give it. */
  accept(protocol: Protocol, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.dials += 1;
    const refusal = this.#refusing.get(protocol.transport);
    if (refusal === 'drop') socket.destroy();
    else if (typeof refusal === 'number')
      socket.end(`HTTP/1.1 ${refusal} Refused\r\ncontent-length: 0\r\n\r\n`);
    else if (refusal === undefined) {
      this.#server.handleUpgrade(request, socket, head, (client) => this.#begin(protocol, client, request));
    }
    this.changes.happened();
  }

  /** Sends one event to everyone subscribed to the channel; gives how many that were. */
  publish(protocols: readonly Protocol[], channel: string, event: string, data: unknown): number {
    if (this.#muted.has(channel)) return 0;
    let reached = 0;
    for (const protocol of protocols) {
      let frame: string | undefined;
      for (const link of this.#live) {
        if (link.transport !== protocol.transport || !link.subscriptions.has(channel)) continue;
        frame ??= protocol.publication(channel, event, data);
        link.send(frame);
        reached += 1;
      }
    }
    return reached;
  }

  /** The open sockets, oldest first. */
  open(which: Which = {}): Link[] {
    return [...this.#live].filter(
      (link) =>
        link.isOpen &&
        (which.transport === undefined || link.transport === which.transport) &&
        (which.connection === undefined || link.id === which.connection),
    );
  }

  refuse(how: Refusal | undefined, transports: readonly Transport[]): void {
    setOrDelete(this.#refusing, transports, how);
  }

  closeNew(how: { code: number; reason: string } | undefined, transports: readonly Transport[]): void {
    setOrDelete(this.#closingNew, transports, how);
  }

  silence(on: boolean, transports: readonly Transport[]): void {
    setOrDelete(this.#silent, transports, on ? true : undefined);
  }

  isSilent(link: Link): boolean {
    return this.#silent.has(link.transport);
  }

  mute(channel: string, until: MuteUntil | undefined): void {
    const on = new Set(this.open().flatMap((link) => (link.subscriptions.has(channel) ? [link.id] : [])));
    if (until === undefined) this.#muted.delete(channel);
    else this.#muted.set(channel, { until, on });
  }

  subscribedAnew(link: Link, channel: string): void {
    const mute = this.#muted.get(channel);
    const isCured = mute?.until === 'resubscribed' || (mute?.until === 'moved' && !mute.on.has(link.id));
    if (isCured) this.#muted.delete(channel);
    this.changes.happened();
  }

  /** Tears every socket off. */
  end(): void {
    for (const link of this.#live) link.cut();
    this.#server.close();
  }

  #begin(protocol: Protocol, socket: WebSocket, request: IncomingMessage): void {
    const link = new Link(this, socket, protocol, this.#nextId++);
    this.#live.add(link);
    this.peak = Math.max(this.peak, this.open().length);
    socket.on('error', () => socket.terminate());
    const closing = this.#closingNew.get(protocol.transport);
    const session = closing === undefined ? protocol.open(link, request) : undefined;
    socket.on('message', (data) => this.#heard(link, session, text(data)));
    socket.on('close', () => {
      this.#live.delete(link);
      session?.ended();
      this.changes.happened();
    });
    if (closing !== undefined) link.cut(closing.code, closing.reason);
    this.changes.happened();
  }

  #heard(link: Link, session: Session | undefined, frame: string): void {
    appendBounded(
      this.received,
      { at: Date.now(), connection: link.id, transport: link.transport, text: frame },
      FRAMES_KEPT,
    );
    if (!this.isSilent(link)) session?.receive(frame);
    this.changes.happened();
  }
}

function text(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data instanceof ArrayBuffer ? new Uint8Array(data) : data).toString('utf8');
}

function setOrDelete<K, V>(map: Map<K, V>, keys: readonly K[], value: V | undefined): void {
  for (const key of keys) {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
}
