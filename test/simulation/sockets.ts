/**
 * The sockets between a life and Kick: what is sent arrives in order and a little later, or not at all. What the
 * frames say is the server's; this plays what happens to a conversation on its way.
 */
import type { Line, Protocol, Session } from '../../src/demo/realtime-links.js';
import type { DialOptions, Socket, SocketListener } from '../../src/world.js';
import type { Chance } from './chance.js';
import type { Life } from './life.js';
import type { DialFault, Fault, FrameFault } from './plan.js';
import type { Appointment, Timeline } from './timeline.js';

/** How `ws` gives up on a close frame that is never answered. */
const CLOSE_MS = 30_000;
const LATENCY_MS = [5, 60] as const;

export interface SocketStage {
  readonly timeline: Timeline;
  readonly chance: Chance;
  /** What this dial meets; undefined when all is well. */
  dialFault(protocol: Protocol): DialFault | { readonly code: number } | undefined;
  /** What becomes of one frame on its way down. */
  frameFault(): FrameFault | undefined;
  /** False when this subscription is to be refused. */
  subscribes(link: Wire, channel: string): boolean;
  /** A whole frame reaches the daemon, which has not closed the socket. */
  handed(link: Wire, text: string): void;
  /** The daemon sent a frame. */
  sent(link: Wire, text: string): void;
  /** The daemon is about to be told that it is closed. */
  over(link: Wire, code: number, reason: string, error: Error | undefined): void;
  closed(link: Wire): void;
}

/** Who dials what. */
export interface Dialled {
  readonly id: number;
  readonly life: Life;
  readonly url: string;
  readonly protocol: Protocol;
}

type State = 'connecting' | 'open' | 'closing' | 'closed';

export class Wire implements Line {
  readonly id: number;
  readonly life: Life;
  readonly protocol: Protocol;
  readonly url: string;
  readonly dialledAt: number;
  readonly subscriptions = new Set<string>();
  /** The daemon's side of it. */
  state: State = 'connecting';
  /** Nothing passes any more, and nobody is told. */
  isDeaf = false;
  /** When a frame last reached the daemon. */
  heardAt = 0;
  /** It has been closed by the daemon, politely or not. */
  isGivenUp = false;
  /** The daemon has ended it, and can do no more. */
  isTerminated = false;
  readonly #stage: SocketStage;
  readonly #options: DialOptions;
  readonly #listener: SocketListener;
  readonly #latencyMs: number;
  #session: Session | undefined;
  #unsent: string[] = [];
  /** One after the other: nothing overtakes on a wire. */
  #upAt = 0;
  #downAt = 0;
  /** Kept back, to come after the next one. */
  #heldBack: string | undefined;
  readonly #arriving = new Set<Appointment>();

  constructor(dialled: Dialled, options: DialOptions, listener: SocketListener, stage: SocketStage) {
    this.id = dialled.id;
    this.life = dialled.life;
    this.url = dialled.url;
    this.protocol = dialled.protocol;
    this.dialledAt = stage.timeline.now;
    this.#options = options;
    this.#listener = listener;
    this.#stage = stage;
    this.#latencyMs = stage.chance.between(...LATENCY_MS);
    this.#dial(stage.dialFault(dialled.protocol));
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  // The daemon's side

  /** As the daemon has it in hand. */
  get socket(): Socket {
    return {
      send: (text) => this.#sendUp(text),
      ping: () => {
        if (this.state === 'open') this.#up(() => this.#down(() => this.#listener.pong()));
      },
      close: (code, reason) => this.#close(code, reason),
      terminate: () => this.#terminate(),
    };
  }

  #close(code = 1005, reason = ''): void {
    this.isGivenUp = true;
    if (this.state === 'connecting') return this.#terminate();
    if (this.state !== 'open') return;
    this.state = 'closing';
    this.#up(() => {
      this.#leave();
      this.#down(() => this.#over(code, reason));
    });
    this.life.reach(CLOSE_MS, () => this.#over(1006, ''));
  }

  #terminate(): void {
    this.isGivenUp = true;
    this.isTerminated = true;
    if (this.state === 'closed') return;
    const error =
      this.state === 'connecting'
        ? new Error('WebSocket was closed before the connection was established')
        : undefined;
    this.#drop();
    this.state = 'closing';
    // The system takes its time over a socket now and then.
    const lingersMs = this.#stage.chance.is(0.3) ? this.#stage.chance.between(1, 900) : 0;
    this.life.reach(lingersMs, () => this.#over(1006, '', error));
    this.#stage.timeline.after(this.#latencyMs, () => this.#leave());
  }

  #sendUp(text: string): void {
    if (this.state !== 'open' || !this.life.begins('send')) return;
    this.#stage.sent(this, text);
    this.#up(() => this.#session?.receive(text));
    this.life.hasDone('send');
  }

  /** The process is gone: the system shuts what it left. */
  orphaned(): void {
    this.state = 'closed';
    this.#stage.timeline.after(this.#latencyMs, () => this.#leave());
  }

  // The server's side

  send(frame: string): void {
    if (this.#session === undefined || this.isDeaf) return;
    if (!this.protocol.joinsFrames) return this.#travel(frame);
    if (this.#unsent.length === 0) this.#stage.timeline.after(0, () => this.#flush());
    this.#unsent.push(frame);
  }

  subscribe(channel: string): boolean {
    if (!this.#stage.subscribes(this, channel)) return false;
    this.subscriptions.add(channel);
    return true;
  }

  unsubscribe(channel: string): boolean {
    return this.subscriptions.delete(channel);
  }

  cut(code?: number, reason = ''): void {
    if (this.#session === undefined) return;
    this.#flush();
    this.#leave();
    if (code === undefined) this.#down(() => this.#over(1006, ''));
    else this.#down(() => this.#over(code, reason));
  }

  /** What happens to it all at once. */
  suffer(fault: Extract<Fault, { what: 'sockets' }>): void {
    switch (fault.how) {
      case 'cut':
        return this.cut();
      case 'cutInAFrame':
        return this.cutInAFrame();
      case 'closed':
        return this.cut(fault.code, 'as planned');
      case 'deaf':
        this.isDeaf = true;
        return;
      case 'pinged':
        return this.send(this.protocol.transport === 'pusher' ? PUSHER_PING : '{}');
      case 'told':
        return this.send(
          this.protocol.transport === 'pusher' ? pusherError(fault.code) : disconnect(fault.code),
        );
    }
  }

  /** Cut while a frame is on its way: what was not there whole never was. */
  cutInAFrame(): void {
    this.#leave();
    this.#drop();
    this.#down(() => this.#over(1006, ''));
  }

  #dial(fault: DialFault | { readonly code: number } | undefined): void {
    const rttMs = 2 * this.#latencyMs;
    const failed = (code: string, message: string, ms = rttMs) =>
      this.life.reach(ms, () => this.#over(1006, '', Object.assign(new Error(message), { code })));
    if (typeof fault === 'object') {
      this.#accept(() => this.cut(fault.code, 'as told'));
      return;
    }
    switch (fault) {
      case 'refused':
        failed('ECONNREFUSED', 'connect ECONNREFUSED 192.0.2.1:443');
        return;
      case 'dns':
        failed('ENOTFOUND', 'getaddrinfo ENOTFOUND');
        return;
      case 'tls':
        failed('CERT_HAS_EXPIRED', 'certificate has expired');
        return;
      case 'status':
        failed('', 'Unexpected server response: 502');
        return;
      case 'hang':
        failed('', 'Opening handshake has timed out', this.#options.handshakeTimeoutMs);
        return;
      case 'mute':
        this.life.reach(rttMs, () => this.#opened());
        this.isDeaf = true;
        return;
      case undefined:
        this.#accept(() => {
          this.#session = this.protocol.open(this, { url: pathOf(this.url), headers: {} });
        });
    }
  }

  #accept(begin: () => void): void {
    const { timeline } = this.#stage;
    timeline.after(this.#latencyMs, () => {
      if (this.state !== 'connecting' || this.life.isDead) return;
      this.#session = NOBODY;
      this.#down(() => this.#opened());
      begin();
    });
  }

  #opened(): void {
    if (this.state !== 'connecting') return;
    this.state = 'open';
    this.heardAt = this.#stage.timeline.now;
    this.#listener.opened();
  }

  #flush(): void {
    const frame = this.#unsent.join('\n');
    this.#unsent = [];
    if (frame !== '') this.#travel(frame);
  }

  /** One frame on its way down, and what may happen to it there. */
  #travel(frame: string): void {
    const fault = this.#stage.frameFault();
    switch (fault) {
      case 'duplicated':
        this.#frame(frame);
        break;
      case 'reordered':
        if (this.#heldBack === undefined) {
          this.#heldBack = frame;
          return;
        }
        break;
      case 'cut':
        return this.#frame(frame.slice(0, Math.floor(frame.length * this.#stage.chance.next())));
      case 'garbled':
        this.#frame('{"event":[}\u0000');
        break;
      case 'binary':
        this.#down(() => this.#listener.frame(Buffer.from([0, 1, 2]), true));
        break;
      case 'huge':
        this.#leave();
        this.#down(() => this.#tooLarge());
        return;
      case 'late':
        this.#downAt = Math.max(
          this.#downAt,
          this.#stage.timeline.now + this.#stage.chance.between(200, 3_000),
        );
        break;
      case undefined:
        break;
    }
    this.#frame(frame);
    const held = this.#heldBack;
    this.#heldBack = undefined;
    if (held !== undefined) this.#frame(held);
  }

  #frame(text: string): void {
    this.#down(() => {
      this.heardAt = this.#stage.timeline.now;
      if (!this.isGivenUp) this.#stage.handed(this, text);
      this.#listener.frame(Buffer.from(text), false);
    });
  }

  #tooLarge(): void {
    this.#over(1009, '', new RangeError('Max payload size exceeded'));
  }

  #up(arrive: () => void): void {
    const { timeline } = this.#stage;
    if (this.isDeaf) return;
    this.#upAt = Math.max(this.#upAt, timeline.now + this.#latencyMs);
    timeline.at(this.#upAt, () => {
      if (!this.isDeaf && this.#session !== undefined) arrive();
    });
  }

  #down(arrive: () => void): void {
    if (this.isDeaf) return;
    const { now } = this.#stage.timeline;
    this.#downAt = Math.max(this.#downAt, now + this.#latencyMs);
    const arrival = this.life.reach(this.#downAt - now, () => {
      this.#arriving.delete(arrival);
      if (!this.isDeaf && this.state !== 'closed') arrive();
    });
    this.#arriving.add(arrival);
  }

  /** Nothing of what is on its way arrives. */
  #drop(): void {
    for (const arrival of this.#arriving) this.life.forget(arrival);
    this.#arriving.clear();
  }

  /** The server's side of it is over. */
  #leave(): void {
    this.#session?.ended();
    this.#session = undefined;
    this.subscriptions.clear();
  }

  #over(code: number, reason: string, error?: Error): void {
    if (this.state === 'closed') return;
    this.#drop();
    this.state = 'closed';
    this.#stage.over(this, code, reason, error);
    this.#stage.closed(this);
    this.#listener.closed(code, reason, error);
  }
}

const PUSHER_PING = JSON.stringify({ event: 'pusher:ping', data: '{}' });

function pusherError(code: number): string {
  return JSON.stringify({ event: 'pusher:error', data: { code, message: 'as planned' } });
}

function disconnect(code: number): string {
  return JSON.stringify({ push: { disconnect: { code, reason: 'as planned' } } });
}

const NOBODY: Session = { receive() {}, ended() {} };

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
