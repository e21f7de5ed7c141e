/**
 * A link: one attempt at a conversation with Kick's chat, from the circuit's permit to the end of its socket.
 * It carries out what the connection machine invoked it for and tells it the edges. Once it has been ended,
 * whatever its socket still says falls dead.
 */
import type { ConnectionEvent, Transport } from '../../machines/connection.js';
import type { Gate, Permit } from '../actors/breaker.js';
import type { Clock, DialOptions, Socket, SocketListener, World } from '../world.js';
import type { Endpoint, Negotiated } from './negotiation.js';
import { brokenLink, type Ending, type RealtimeListener, type Terms } from './realtime.js';

/** What arrives on an established link. */
export interface LinkTraffic
  extends Pick<RealtimeListener, 'subscribed' | 'unsubscribed' | 'complained' | 'malformed'> {
  /** As the codec says it; `at` is when it was read, monotonic milliseconds. */
  published(channel: string, event: string, data: unknown, at: number): void;
}

export interface LinkDeps {
  readonly world: Pick<World, 'dial'>;
  readonly clock: Clock;
  readonly gate: Gate;
  readonly dialling: DialOptions;
  negotiate(transports: readonly Transport[], signal: AbortSignal): Promise<Negotiated>;
  /** A new token for a link whose own runs out. */
  token(signal: AbortSignal): Promise<string | undefined>;
  readonly traffic: LinkTraffic;
  /** How long the reading of what came together took, all the way through to the rules. */
  measured(tookMs: number): void;
  /** What went wrong, for status and log. */
  failed(ending: Pick<Ending, 'code' | 'text' | 'remedy'>, transport: Transport | null): void;
  tell(event: ConnectionEvent): void;
}

/** A token is renewed when this much of its life is over, and again this long after it could not be had. */
const RENEW_AT = 0.8;
const RENEW_RETRY_MS = 10_000;
/** `ws` closes with this when a frame is larger than allowed. */
const TOO_LARGE = 1009;
/** The end that this side asked for. */
const GOODBYE: Ending = brokenLink('goodbye', 'closed by this side');

export class Link implements SocketListener, RealtimeListener {
  /** Resolves when this link's socket is closed (at once when it never dialled). */
  readonly gone: Promise<void>;
  readonly #deps: LinkDeps;
  readonly #controller = new AbortController();
  #isGone: () => void = () => {};
  #permit: Permit | undefined;
  #endpoint: Endpoint | undefined;
  #socket: Socket | undefined;
  #terms: Terms | undefined;
  /** The server's own words, which its close frame need not repeat. */
  #lastWords: Ending | undefined;
  /** Monotonic milliseconds, as of the last sweep: reading a clock for every frame would cost more than it tells. */
  #heardAt = 0;
  #hasHeard = false;
  #isAsked = false;
  /** When what is being read began to be; undefined while nothing is. */
  #readingAt: number | undefined;
  #renewAt = Number.POSITIVE_INFINITY;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    this.gone = new Promise((resolve) => {
      this.#isGone = resolve;
    });
  }

  get isUp(): boolean {
    return this.#terms !== undefined && this.#isOpen;
  }

  get #isOpen(): boolean {
    return !this.#controller.signal.aborted;
  }

  /** @param predecessor the link before this one: its socket must be gone before another is dialled. */
  start(transports: readonly Transport[], predecessor: Promise<void>): void {
    this.#permit = this.#deps.gate.admit();
    if (this.#permit === undefined) {
      this.#isGone();
      this.#tell({ type: 'circuit.refused', at: this.#now() });
      return;
    }
    void this.#open(transports, predecessor);
  }

  /** Ends it at once. `byUs`: not because anything was wrong with it. */
  end(byUs: boolean): void {
    if (!this.#isOpen) return;
    this.#controller.abort();
    if (byUs) this.#permit?.ignored();
    else this.#permit?.failed();
    if (this.#socket === undefined) this.#isGone();
    else this.#socket.terminate();
  }

  sayGoodbye(): void {
    this.#lastWords = GOODBYE;
    this.#renewAt = Number.POSITIVE_INFINITY;
    this.#socket?.close(1000);
  }

  ping(): void {
    this.#isAsked = true;
    const frame = this.#endpoint?.codec.ping();
    if (frame === undefined) this.#socket?.ping();
    else this.#socket?.send(frame);
  }

  subscribe(channel: string): void {
    if (this.isUp && this.#endpoint) this.#socket?.send(this.#endpoint.codec.subscribe(channel));
  }

  unsubscribe(channel: string): void {
    if (this.isUp && this.#endpoint) this.#socket?.send(this.#endpoint.codec.unsubscribe(channel));
  }

  /** Once a second: has it been quiet for too long, does its token run out? */
  sweep(now: number): void {
    if (!this.isUp || this.#terms === undefined) return;
    if (this.#hasHeard) {
      this.#hasHeard = false;
      this.#heardAt = now;
    } else if (!this.#isAsked && now - this.#heardAt >= this.#terms.quietAfterMs) {
      this.#tell({ type: 'link.quiet', at: now });
    }
    if (now >= this.#renewAt) void this.#renew(now);
  }

  // What the socket says

  opened(): void {
    if (!this.#isOpen) return;
    this.#tell({ type: 'link.opened', at: this.#now() });
    const greeting = this.#endpoint?.codec.greeting();
    if (greeting !== undefined) this.#socket?.send(greeting);
  }

  frame(data: Buffer, isBinary: boolean): void {
    if (!this.#isOpen) return;
    this.#heard();
    if (this.#readingAt === undefined) this.#beginReading();
    if (isBinary) this.malformed('a binary frame');
    else this.#endpoint?.codec.read(data, this);
  }

  pong(): void {
    if (this.#isOpen) this.#heard();
  }

  closed(code: number, reason: string, error?: Error): void {
    this.#isGone();
    if (!this.#isOpen) return;
    if (code === TOO_LARGE) this.malformed('a frame over the limit');
    this.#over(this.#lastWords ?? this.#endingOf(code, reason, error));
  }

  // What the codec reads

  published(channel: string, event: string, data: unknown): void {
    this.#deps.traffic.published(channel, event, data, this.#readingAt ?? this.#now());
  }

  established(terms: Terms): void {
    if (!this.#isOpen || this.#terms !== undefined) return;
    const now = this.#now();
    this.#terms = terms;
    this.#heardAt = now;
    this.renewed(terms.expiresInMs);
    this.#permit?.succeeded();
    this.#tell({ type: 'link.established', at: now, serverPings: terms.serverPings });
  }

  renewed(expiresInMs: number | undefined): void {
    this.#renewAt =
      expiresInMs === undefined ? Number.POSITIVE_INFINITY : this.#now() + expiresInMs * RENEW_AT;
  }

  subscribed(channel: string): void {
    this.#deps.traffic.subscribed(channel);
  }

  unsubscribed(channel: string, why: { readonly text: string; readonly temporary: boolean }): void {
    this.#deps.traffic.unsubscribed(channel, why);
  }

  ended(ending: Ending): void {
    if (!this.#isOpen) return;
    this.#lastWords = ending;
    this.#over(ending);
  }

  reply(frame: string): void {
    this.#socket?.send(frame);
  }

  complained(text: string): void {
    this.#deps.traffic.complained(text);
  }

  malformed(why: string): void {
    this.#deps.traffic.malformed(why);
  }

  async #open(transports: readonly Transport[], predecessor: Promise<void>): Promise<void> {
    const { signal } = this.#controller;
    const [negotiated] = await Promise.all([this.#deps.negotiate(transports, signal), predecessor]);
    if (!this.#isOpen) return;
    if (negotiated.kind === 'nothing') {
      this.#isGone();
      this.#permit?.failed();
      this.#deps.failed(negotiated, null);
      this.#tell({ type: 'link.unavailable', at: this.#now() });
      return;
    }
    const { endpoint } = negotiated;
    this.#endpoint = endpoint;
    this.#tell({ type: 'link.dialled', at: this.#now(), transport: endpoint.transport });
    if (this.#isOpen) this.#socket = this.#deps.world.dial(endpoint.url, this.#deps.dialling, this);
  }

  /** This conversation is over; the machine decides what comes next. */
  #over(ending: Ending): void {
    // Terminal: the service is well, it does not want this client as it is.
    if (ending.verdict === 'never' || ending === GOODBYE) this.#permit?.ignored();
    else this.#permit?.failed();
    if (ending !== GOODBYE) this.#deps.failed(ending, this.#endpoint?.transport ?? null);
    const { verdict, floorMs } = ending;
    this.#tell({ type: 'link.closed', at: this.#now(), verdict, floorMs });
  }

  #endingOf(code: number, reason: string, error: Error | undefined): Ending {
    const name = this.#endpoint?.transport === 'centrifugo' ? 'Centrifugo' : 'Pusher';
    if (error !== undefined) return brokenLink(codeOf(error), `${name}: ${error.message}`);
    if (code === 1006) return brokenLink('cut', `${name}: the connection was cut`);
    return this.#endpoint?.codec.ending(code, reason) ?? brokenLink(String(code), reason);
  }

  /** What one read of the socket brings has one time, and is measured as a whole: looks at a clock cost more than they tell. */
  #beginReading(): void {
    const began = this.#now();
    this.#readingAt = began;
    queueMicrotask(() => {
      this.#readingAt = undefined;
      this.#deps.measured(this.#now() - began);
    });
  }

  #heard(): void {
    this.#hasHeard = true;
    if (!this.#isAsked) return;
    this.#isAsked = false;
    this.#tell({ type: 'link.heard', at: this.#now() });
  }

  async #renew(now: number): Promise<void> {
    this.#renewAt = now + RENEW_RETRY_MS;
    const token = await this.#deps.token(this.#controller.signal);
    if (token === undefined || !this.#isOpen) return;
    const frame = this.#endpoint?.codec.renew(token);
    if (frame !== undefined) this.#socket?.send(frame);
  }

  #tell(event: ConnectionEvent): void {
    if (this.#isOpen || event.type === 'circuit.refused') this.#deps.tell(event);
  }

  #now(): number {
    return this.#deps.clock.now();
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'dial';
}
