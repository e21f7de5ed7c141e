/**
 * The link to the chat, as told from its sockets: how long is waited before the next attempt, which transport is
 * tried, what is said and when, and when it is given up.
 */
import type { Config } from '../../../src/config.js';
import { asNumber, asObject, asObjectOrJson, parseJson } from '../../../src/untrusted-json.js';
import type { Wire } from '../sockets.js';
import type { Timeline } from '../timeline.js';
import { Jitter } from './jitter.js';
import type { Verdict } from './verdict.js';

type Transport = 'pusher' | 'centrifugo';

/** What one socket has said so far. */
interface Talk {
  /** The server has granted what is asked for first. */
  isUp: boolean;
  /** It said that this is the end. */
  isOver: boolean;
  /** When the server asked for a sign of life that it has not got; undefined while it waits for none. */
  pingedAt: number | undefined;
  /** When the daemon asked for one. */
  asksAt: number;
}

/** The wait before the next attempt. */
interface Wait {
  readonly from: number;
  readonly ceilingMs: number;
  readonly floorMs: number;
}

const ANEW_MS = 15 * 60_000;
const SERVER_PINGS_MS = 25_000;
/** A timer's share of a millisecond, and what a slow disk holds up. */
const SLACK_MS = 150;
/** Liveness is looked at once a second. */
const SWEEPS_MS = 2_500;
const TOKEN_MS = 90_000;
const BACKOFF = 'a link is tried again after full jitter, which grows, and starts afresh after a stable link';
const NEVER = 'a transport that said never to come back is left alone for a while';
const CIRCUIT = 'failed dials in a row open the circuit, and nothing else does';

export class Links {
  readonly #config: Config;
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;
  readonly #jitter = new Jitter();
  readonly #talks = new WeakMap<Wire, Talk>();
  #wire: Wire | undefined;
  #refusedUntil: Record<Transport, number> = { pusher: 0, centrifugo: 0 };
  /** The order of the next attempt; empty while it is not for sure. */
  #order: readonly Transport[] = [];
  #attempt = 0;
  #failures = 0;
  #upAt: number | undefined;
  #wait: Wait | undefined;
  /** How the last socket ended, if that was by a code of its protocol. */
  #code: number | undefined;
  #stalledUntil = 0;
  #tokenLostAt = Number.NEGATIVE_INFINITY;

  constructor(config: Config, timeline: Timeline, verdict: Verdict) {
    this.#config = config;
    this.#timeline = timeline;
    this.#verdict = verdict;
  }

  began(): void {
    this.#wire = undefined;
    this.#refusedUntil = { pusher: 0, centrifugo: 0 };
    this.#order = [];
    this.#isBorn();
  }

  /** The process stands still: its timers are late, and count from when they were due. */
  stalls(until: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, until);
    this.#wait = undefined;
  }

  /** A person acts on the circuit. */
  byHand(): void {
    this.#failures = 0;
  }

  /** Where the chat is to be had is asked. */
  negotiates(): void {
    const { now } = this.#timeline;
    const all = this.#transports();
    if (!this.#isSingle || all.some((it) => this.#refusedUntil[it] <= now + 1)) return;
    this.#verdict.breaks(NEVER, `it negotiates, and every transport refused it for good`);
  }

  tokenLost(): void {
    this.#tokenLostAt = this.#timeline.now;
  }

  dialled(wire: Wire, circuit: string | undefined): void {
    if (!this.#isSingle) return;
    const { transport } = wire.protocol;
    this.#wire = wire;
    this.#code = undefined;
    const leftMs = this.#refusedUntil[transport] - this.#timeline.now;
    this.#verdict.holds(
      NEVER,
      leftMs <= 1,
      () => `${transport} is dialled ${Math.round(leftMs / 1_000)} s too early`,
    );
    this.#verdict.holds(
      'nothing is dialled while the circuit is open',
      circuit === 'closed' || circuit === 'probing' || circuit === undefined,
      () => `socket ${wire.id} is dialled, and its circuit is ${circuit}`,
    );
    const [first] = this.#order.filter((it) => this.#refusedUntil[it] <= this.#timeline.now);
    // Pusher needs nobody's answer: when it is its turn, it is had.
    this.#verdict.holds(
      'an attempt that never came up lets the other transport go first',
      first !== 'pusher' || transport === 'pusher',
      () => `${transport} is dialled again, and it is pusher's turn`,
    );
  }

  handed(wire: Wire, text: string): void {
    const talk = this.#talk(wire);
    if (wire.protocol.transport === 'pusher') {
      if (!text.includes('"pusher:')) return;
      const message = asObject(parseJson(text));
      if (message?.event === 'pusher:connection_established') talk.isUp = true;
      else if (message?.event === 'pusher:ping') talk.pingedAt = this.#timeline.now;
      else if (message?.event === 'pusher:error')
        this.#told(wire, talk, asNumber(asObjectOrJson(message.data)?.code) ?? 0);
      return;
    }
    for (const line of text.split('\n')) {
      if (talk.isOver) return;
      if (line === '{}') talk.pingedAt = this.#timeline.now;
      else if (!talk.isUp && line.includes('"connect":{') && parseJson(line) !== undefined) talk.isUp = true;
      else if (line.includes('"disconnect"')) {
        const end = asObject(asObject(asObject(parseJson(line))?.push)?.disconnect);
        if (end !== undefined) this.#told(wire, talk, asNumber(end.code) ?? 3000);
      }
    }
  }

  sent(wire: Wire, text: string): void {
    const talk = this.#talk(wire);
    if (text === '{}' || text.includes('"pusher:pong"')) talk.pingedAt = undefined;
    else if (text.includes('"pusher:ping"')) talk.asksAt = this.#timeline.now;
    else if (text.includes('subscribe'))
      this.#verdict.holds(
        'nothing is subscribed before the link is up',
        talk.isUp,
        () => `socket ${wire.id}: ${text}`,
      );
  }

  /** The socket is closed, for the daemon too. */
  over(wire: Wire, code: number, reason: string, error: Error | undefined): void {
    if (!this.#isSingle || wire !== this.#wire || wire.isGivenUp || this.#talk(wire).isOver) return;
    this.#code = error === undefined && code !== 1006 ? code : undefined;
    if (this.#code !== undefined) this.#noteRefusal(wire, code);
    const { now } = this.#timeline;
    const isOurs = reason === 'connection expired';
    const hadTime = now - this.#tokenLostAt > TOKEN_MS && now - this.#stalledUntil > TOKEN_MS;
    this.#verdict.holds(
      'a token is renewed before it runs out',
      !(isOurs && hadTime),
      () => `the server of socket ${wire.id} says: ${reason}`,
    );
  }

  /** The connection's machine is in another state. */
  turned(from: string | undefined, to: string, event: string): void {
    if (!this.#isSingle) return;
    if (from === undefined) this.#isBorn();
    const { now } = this.#timeline;
    if (to.startsWith('attached.') && from === 'backoff') this.#waited();
    if (to.startsWith('attached.connected') && from?.startsWith('attached.connected') !== true) {
      this.#upAt = now;
      this.#failures = 0;
    }
    const isEnd = (to === 'backoff' || to === 'failed') && from?.startsWith('attached.') === true;
    if (isEnd) this.#ended(from, to, event);
  }

  /** Its breaker is in another state. */
  circuitTurned(from: string | undefined, to: string): void {
    if (from === undefined) this.#failures = 0;
    if (!this.#isSingle || from !== 'closed' || to !== 'open') return;
    const most = this.#config.reconnect.breaker.failures;
    // It opens before the machine hears of the last one.
    this.#verdict.holds(
      CIRCUIT,
      this.#failures + 1 >= most,
      () => `it opens after ${this.#failures + 1} failures in a row, and may after ${most}`,
    );
  }

  /** Every now and then, while it runs and is not stopping. */
  look(circuit: string | undefined): void {
    const wire = this.#wire;
    const { now } = this.#timeline;
    if (!this.#isSingle || wire === undefined || now < this.#stalledUntil + SWEEPS_MS) return;
    const { failures: most } = this.#config.reconnect.breaker;
    this.#verdict.holds(
      CIRCUIT,
      circuit !== 'closed' || this.#failures < most,
      () => `${this.#failures} dials failed in a row, and it is closed`,
    );
    if (!wire.isOpen || wire.isGivenUp) return;
    const { pingedAt, isUp, asksAt } = this.#talk(wire);
    this.#verdict.holds(
      'a ping is answered',
      pingedAt === undefined,
      () => `socket ${wire.id} was pinged at ${((pingedAt ?? 0) / 1_000).toFixed(3)} s`,
    );
    if (wire.protocol.transport !== 'pusher' || !isUp) return;
    const quietMs = now - Math.max(wire.heardAt, asksAt);
    this.#verdict.holds(
      'a link that is quiet is asked for a sign of life',
      quietMs <= this.#config.timeouts.pingEvery + SWEEPS_MS || asksAt > wire.heardAt,
      () => `socket ${wire.id} says nothing for ${(quietMs / 1_000).toFixed(1)} s, and is not asked`,
    );
  }

  #isBorn(): void {
    this.#attempt = 0;
    this.#failures = 0;
    this.#upAt = undefined;
    this.#wait = undefined;
    this.#code = undefined;
    this.#order = this.#transports();
  }

  #told(wire: Wire, talk: Talk, code: number): void {
    const isPusher = wire.protocol.transport === 'pusher';
    if (isPusher && (code < 4000 || code >= 4300)) return;
    talk.isOver = true;
    if (wire !== this.#wire || !this.#isSingle) return;
    this.#code = code;
    this.#noteRefusal(wire, code);
  }

  #noteRefusal(wire: Wire, code: number): void {
    const { transport } = wire.protocol;
    if (isForGood(transport, code)) this.#refusedUntil[transport] = this.#timeline.now + ANEW_MS;
  }

  #ended(from: string, to: string, event: string): void {
    const { now } = this.#timeline;
    const { initial, max, stableAfter } = this.#config.reconnect;
    const isClosed = event === 'link.closed';
    const code = isClosed ? this.#code : undefined;
    const transport = this.#wire?.protocol.transport;
    const wasUp = from.startsWith('attached.connected');
    if (wasUp) this.#isPatient(from, event);
    const isNever = code !== undefined && transport !== undefined && isForGood(transport, code);
    if (!wasUp && !isNever) this.#failures += 1;
    const isOthersTurn =
      event === 'link.stale' || (!wasUp && !isNever && from.startsWith('attached.opening'));
    if (isOthersTurn && transport !== undefined)
      this.#order = [...this.#order.filter((it) => it !== transport), transport];
    const isStable = wasUp && this.#upAt !== undefined && now - this.#upAt >= stableAfter;
    this.#attempt = to === 'failed' ? 0 : isStable ? 1 : this.#attempt + 1;
    this.#upAt = undefined;
    if (to === 'failed') return;
    const isPusher = transport === 'pusher' && code !== undefined;
    const isAtOnce = isStable && isPusher && code >= 4200 && code < 4300;
    const first = isAtOnce ? Math.min(initial, 1_000) : initial;
    this.#wait = {
      from: now,
      ceilingMs: Math.min(first * 2 ** (this.#attempt - 1), max),
      floorMs: isPusher && code >= 4100 && code < 4200 ? 1_000 : 0,
    };
    // A timer that was late counts from when it was due.
    if (now < this.#stalledUntil + SWEEPS_MS) this.#wait = undefined;
  }

  #waited(): void {
    const wait = this.#wait;
    this.#wait = undefined;
    if (wait === undefined) return;
    const { from, ceilingMs, floorMs } = wait;
    const ms = this.#timeline.now - from;
    const isWithin = ms <= Math.max(ceilingMs, floorMs) + SLACK_MS && ms >= floorMs - 1;
    this.#verdict.holds(
      BACKOFF,
      isWithin,
      () =>
        `${ms.toFixed(0)} ms were waited, and it may be ${floorMs} to ${ceilingMs} (${this.#attempt} failed)`,
    );
    const wrong = floorMs > 0 ? undefined : this.#jitter.add(ms, ceilingMs);
    this.#verdict.holds(BACKOFF, wrong === undefined, () => `the waits are ${wrong}`);
  }

  /** Given up as dead: not before it was silent for as long as it may be. */
  #isPatient(from: string, event: string): void {
    const wire = this.#wire;
    if (wire === undefined || event === 'link.closed' || event === 'link.stale') return;
    const { pingEvery, pong } = this.#config.timeouts;
    const limitMs = (from.endsWith('.awaitingPong') ? pingEvery : SERVER_PINGS_MS) + pong;
    const quietMs = this.#timeline.now - wire.heardAt;
    this.#verdict.holds(
      'a link is not given up before its time',
      quietMs >= limitMs - 1,
      () =>
        `socket ${wire.id} was silent for ${(quietMs / 1_000).toFixed(3)} s, and may be for ${limitMs / 1_000}`,
    );
  }

  #transports(): readonly Transport[] {
    const { transport } = this.#config.kick;
    return transport === 'auto' ? ['centrifugo', 'pusher'] : [transport];
  }

  get #isSingle(): boolean {
    return this.#config.kick.channels.length <= 80;
  }

  #talk(wire: Wire): Talk {
    const known = this.#talks.get(wire);
    if (known !== undefined) return known;
    const talk: Talk = { isUp: false, isOver: false, pingedAt: undefined, asksAt: Number.NEGATIVE_INFINITY };
    this.#talks.set(wire, talk);
    return talk;
  }
}

/** The protocol's codes after which nobody comes back unchanged. */
function isForGood(transport: Transport, code: number): boolean {
  if (transport === 'pusher') return code >= 4000 && code < 4100;
  return (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000);
}
