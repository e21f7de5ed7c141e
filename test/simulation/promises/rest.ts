/**
 * Nobody sleeps while there is work, and nothing is waited for without an end: looked at from outside, by the
 * states that the machines are in and since when.
 */
import type { Config } from '../../../src/config.js';
import type { Actor, Actors } from '../actors.js';
import type { SinkShape } from '../shape.js';
import type { Wire } from '../sockets.js';
import type { Timeline } from '../timeline.js';
import type { Exchange } from '../web.js';
import type { Deliveries } from './deliveries.js';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verdict.js';

/** What is there to be looked at. */
export interface Scene {
  readonly actors: Actors;
  readonly config: Config;
  readonly sinks: readonly SinkShape[];
  readonly ledger: Ledger;
  readonly deliveries: Deliveries;
  readonly exchanges: ReadonlySet<Exchange>;
  readonly wires: ReadonlySet<Wire>;
  /** The process was held up until then: its timers are as late. */
  readonly stalledUntil: number;
}

const AWAKE = 'nobody sleeps while there is work';
const ENDS = 'every wait has an end';
/** By then whoever had reason to wake has woken. */
const SOON_MS = 2_000;
/** Liveness is looked at once a second: what came is seen at the next look, and missed at the one after its time. */
const SWEEP_MS = 2_100;
const SLACK_MS = 100;
/** States of a connection that a timer ends. */
const TIMED: ReadonlySet<string> = new Set([
  'backoff',
  'failed',
  'attached.negotiating',
  'attached.opening.connecting',
  'attached.opening.handshaking',
  'attached.connected.awaitingPong',
]);
const CENTRIFUGO_QUIET_MS = 25_000;

export class Rest {
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;

  constructor(timeline: Timeline, verdict: Verdict) {
    this.#timeline = timeline;
    this.#verdict = verdict;
  }

  /** While it runs, and is not stopping. */
  look(scene: Scene): void {
    if (this.#timeline.now < scene.stalledUntil + SOON_MS) return;
    for (const sink of scene.sinks) this.#lookAtSink(scene, sink);
    this.#lookAtConnections(scene);
    const store = scene.actors.alive.get('store');
    if (store?.state === 'down') this.#isDue(store, 'the store');
  }

  /** Also while it stops. */
  lookAtWaits({ config, exchanges, wires, stalledUntil }: Scene): void {
    const { now } = this.#timeline;
    const late = (since: number, limitMs: number) => now > Math.max(since + limitMs, stalledUntil) + SLACK_MS;
    for (const { id, startedAt, service, asked } of exchanges) {
      const limitMs = this.#limitOf(config, service.name);
      this.#verdict.holds(
        ENDS,
        !late(startedAt, limitMs),
        () => `request ${id} (${service.name} ${asked.path}) is out for ${(now - startedAt) / 1_000} s`,
      );
    }
    const { connect, close, pingEvery, pong } = config.timeouts;
    for (const wire of wires) {
      const { state, dialledAt, id, isGivenUp } = wire;
      // What came just before it stood still is seen when it goes on.
      const heardAt = Math.max(wire.heardAt, dialledAt, stalledUntil);
      const quietMs =
        (wire.protocol.transport === 'pusher' ? pingEvery : CENTRIFUGO_QUIET_MS) + pong + SWEEP_MS;
      const isLate =
        state === 'connecting'
          ? late(dialledAt, connect)
          : state === 'open' && !isGivenUp
            ? late(heardAt, Math.max(quietMs, connect))
            : late(heardAt, Math.max(quietMs, connect) + close + 30_000);
      this.#verdict.holds(
        ENDS,
        !isLate,
        () => `socket ${id} is ${state} and says nothing since ${(heardAt / 1_000).toFixed(3)} s`,
      );
    }
  }

  #lookAtSink({ actors, ledger, deliveries }: Scene, { name, type }: SinkShape): void {
    const delivery = actors.alive.get(`sinks/${name}/delivery`);
    const breaker = actors.alive.get(`sinks/${name}/breaker`);
    const store = actors.alive.get('store');
    if (delivery === undefined || breaker === undefined || store === undefined) return;
    const isWritable = store.state === 'ready' && this.#isOld(store);
    const pending = ledger.pendingOf(name).size;
    const idle =
      delivery.state === 'idle' && this.#isOld(delivery) && isWritable && ledger.refusesSince === undefined;
    this.#verdict.holds(AWAKE, !(idle && pending > 0), () => `${name} is idle, and ${pending} rows wait`);
    const queue = actors.alive.get(`sinks/${name}/queue`);
    const spills = queue?.state === 'spilling' && this.#isOld(queue) && delivery.state === 'idle';
    this.#verdict.holds(
      'a queue spills no longer than there is something outside',
      !(spills && isWritable && this.#isOld(delivery) && pending === 0),
      () => `the queue of ${name} is spilling, and nothing waits`,
    );
    const isBlocked = delivery.state === 'blocked' && this.#isOld(delivery);
    const admits = (breaker.state === 'closed' || breaker.state === 'halfOpen') && this.#isOld(breaker);
    this.#verdict.holds(
      AWAKE,
      !(isBlocked && admits),
      () => `${name} is blocked, and its circuit is ${breaker.state}`,
    );
    const settles = delivery.state === 'settling' && this.#isOld(delivery) && isWritable;
    this.#verdict.holds(AWAKE, !settles, () => `${name} waits for a store that is ready`);
    if (delivery.state.startsWith('waiting')) this.#isDue(delivery, name);
    if (breaker.state === 'open') this.#isDue(breaker, `the circuit of ${name}`);
    const leases = delivery.state === 'delivering.leasing' && this.#age(delivery) > SLACK_MS;
    this.#verdict.holds(
      'one place is kept for each sink',
      !leases,
      () => `${name} waits for a place in the pool`,
    );
    if (type === 'console') return;
    const isOut = deliveries.inFlight(name) !== undefined;
    const isStuck = delivery.state === 'delivering.sending' && !isOut && this.#age(delivery) > SLACK_MS;
    this.#verdict.holds(ENDS, !isStuck, () => `${name} is sending, and nothing is out`);
    const leaks = breaker.state === 'probing' && !isOut && this.#age(breaker) > SLACK_MS;
    this.#verdict.holds(
      'a probe gives its permit back',
      !leaks,
      () => `the circuit of ${name} waits for a probe that has ended`,
    );
  }

  #lookAtConnections({ actors }: Scene): void {
    for (const link of actors.alive.values()) {
      if (link.machine !== 'connection') continue;
      const base = link.path.slice(0, -'/link'.length);
      const breaker = actors.alive.get(`${base}/breaker`);
      const admits =
        breaker !== undefined &&
        (breaker.state === 'closed' || breaker.state === 'halfOpen') &&
        this.#isOld(breaker);
      this.#verdict.holds(
        AWAKE,
        !(link.state === 'suspended' && this.#isOld(link) && admits),
        () => `${base} is suspended, and its circuit is ${breaker?.state}`,
      );
      if (TIMED.has(link.state)) this.#isDue(link, base);
      const isTrying = link.state.startsWith('attached.');
      const leaks =
        breaker?.state === 'probing' &&
        !isTrying &&
        this.#age(breaker) > SLACK_MS &&
        this.#age(link) > SLACK_MS;
      this.#verdict.holds(
        'a probe gives its permit back',
        !leaks,
        () => `the circuit of ${base} waits for a dial that has ended`,
      );
      for (const channel of actors.alive.values()) {
        if (channel.machine !== 'channel' || !channel.path.startsWith(`${base}/`)) continue;
        const isUp = link.state.startsWith('attached.connected') && this.#isOld(link);
        const waits = channel.state === 'waiting' && this.#isOld(channel);
        this.#verdict.holds(
          AWAKE,
          !(waits && (isUp || (link.state === 'idle' && this.#isOld(link)))),
          () => `${channel.path} waits for a link that is ${link.state}`,
        );
        if (
          [
            'subscribing.resting',
            'resolving.resting',
            'refused',
            'filling',
            'moving',
            'subscribing.asked',
          ].includes(channel.state)
        )
          this.#isDue(channel, channel.path);
      }
    }
  }

  /** The timer of a state that ends by itself is not lost. */
  #isDue({ snapshot, state }: Actor, who: string): void {
    const { dueAt } = snapshot.context as { dueAt?: number };
    if (dueAt === undefined) return;
    const lateMs = this.#timeline.now - dueAt;
    this.#verdict.holds(
      ENDS,
      lateMs <= SOON_MS,
      () => `${who} is ${state}, and was due ${(lateMs / 1_000).toFixed(1)} s ago`,
    );
  }

  #limitOf({ timeouts, sinks }: Config, service: string): number {
    if (service === 'kick') return timeouts.lookup;
    const type = service === 'discord' ? 'discord' : 'postgrest';
    return Math.max(...sinks.map((sink) => (sink.type === type ? sink.timeout : 0)));
  }

  #age({ sinceAt }: Actor): number {
    return this.#timeline.now - sinceAt;
  }

  #isOld(actor: Actor): boolean {
    return this.#age(actor) > SOON_MS;
  }
}
