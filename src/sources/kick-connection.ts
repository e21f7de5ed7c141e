/**
 * One connection to Kick's chat and the channels on it: a branch whose members are the link's machine, its
 * breaker and the channels. What they do in the world belongs to one scope, which is closed when the branch is
 * started anew, so that no socket of an earlier life is ever left.
 */
import { type ActorRefFrom, type AnyActorLogic, fromCallback, fromPromise } from 'xstate';
import { branchMachine } from '../../machines/branch.js';
import {
  type ConnectionCondition,
  type ConnectionEvent,
  connectionCondition,
  connectionMachine,
  type Transport,
} from '../../machines/connection.js';
import { BreakerGate } from '../actors/breaker.js';
import type { Deadlines } from '../actors/deadline.js';
import { Scope } from '../actors/scope.js';
import { bound, pathOf, wired } from '../actors/wired.js';
import type { Config } from '../config.js';
import { formatDuration } from '../durations.js';
import type { LastError } from '../errors.js';
import type { Intake } from '../intake.js';
import type { Log } from '../log.js';
import type { World } from '../world.js';
import type { KickApi } from './kick-api.js';
import type { Carrier, KickChannel } from './kick-channel.js';
import { Link, type LinkTraffic } from './link.js';
import { negotiate } from './negotiation.js';
import type { Ending } from './realtime.js';
import type { ConnectionStatus } from './source.js';
import { type Subscriber, Subscriptions } from './subscriptions.js';

export interface KickConnectionDeps {
  readonly config: Pick<Config, 'kick' | 'limits' | 'timeouts' | 'reconnect'>;
  readonly world: Pick<World, 'clock' | 'random' | 'dial'>;
  readonly deadlines: Deadlines;
  readonly api: KickApi;
  readonly intake: Intake;
  readonly log: Log;
  /** Finds another connection for a channel; false when there is none. */
  move(channel: KickChannel, from: KickConnection): boolean;
}

/** What went wrong last, and what a person can do. */
export type ConnectionTrouble = LastError & { readonly remedy: string };

type ConnectionActor = ActorRefFrom<typeof connectionMachine>;

const TRANSPORTS: Readonly<Record<Config['kick']['transport'], readonly Transport[]>> = {
  auto: ['centrifugo', 'pusher'],
  centrifugo: ['centrifugo'],
  pusher: ['pusher'],
};
/** What was refused for good may be granted after this long: keys rotate. */
const ANEW_MS = 15 * 60_000;
const CLEAR_MS = 5_000;

export class KickConnection implements Carrier {
  readonly name: string;
  readonly logic: AnyActorLogic;
  readonly gate: BreakerGate;
  readonly channels = new Set<KickChannel>();
  readonly #deps: KickConnectionDeps;
  readonly #branch: typeof branchMachine;
  readonly #subscriptions: Subscriptions;
  readonly #traffic: LinkTraffic;
  #scope = new Scope();
  #branchActor: ActorRefFrom<typeof branchMachine> | undefined;
  #actor: ConnectionActor | undefined;
  #link: Link | undefined;
  /** As announced to the channels: they must never find up what they were told is down. */
  #isUp = false;
  #condition: ConnectionCondition = 'idle';
  #sinceAt: number;
  #trouble: ConnectionTrouble | undefined;
  /** The running attempt has said what is wrong with it. */
  #isExplained = false;
  #isClosing = false;

  constructor(deps: KickConnectionDeps, id: number) {
    this.#deps = deps;
    this.name = `connection-${id}`;
    this.#sinceAt = deps.world.clock.wall();
    this.#subscriptions = new Subscriptions(deps.world.clock, () => (this.#isUp ? this.#link : undefined));
    this.#traffic = this.#trafficOf();
    this.gate = this.#gateOf();
    this.#branch = branchMachine.provide({
      actors: { breaker: this.gate.logic, link: this.#linkLogic(), clear: this.#clearLogic() },
    });
    this.logic = bound(
      wired(this.#branch, (self) => {
        this.#branchActor = self;
      }),
      () => ({
        members: ['breaker', 'link', ...[...this.channels].map((channel) => channel.name)],
        seed: this.#seed(),
      }),
    );
  }

  get scope(): Scope {
    return this.#scope;
  }

  get condition(): ConnectionCondition {
    return this.#condition;
  }

  get trouble(): ConnectionTrouble | undefined {
    return this.#trouble;
  }

  get sinceAt(): number {
    return this.#sinceAt;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get path(): string {
    return this.#branchActor === undefined ? this.name : pathOf(this.#branchActor);
  }

  /** When it will be tried again, monotonic milliseconds; undefined while no timer runs. */
  get dueAt(): number | undefined {
    const isWaiting = this.#condition === 'backoff' || this.#condition === 'failed';
    return isWaiting ? this.#actor?.getSnapshot().context.dueAt : undefined;
  }

  /** Takes a channel on. XState looks members up by name when it spawns them, so the name is given its logic first. */
  adopt(channel: KickChannel): void {
    this.channels.add(channel);
    channel.carrier = this;
    this.#branch.implementations.actors[channel.name] = channel.logic;
    this.#branchActor?.send({ type: 'member.added', member: channel.name });
  }

  /** Gives a channel up, for another connection to take. */
  release(channel: KickChannel): void {
    channel.unsubscribe();
    this.#branchActor?.send({ type: 'member.removed', member: channel.name });
    this.channels.delete(channel);
    delete this.#branch.implementations.actors[channel.name];
  }

  wanted(): void {
    if (this.#condition === 'idle' && !this.#isClosing) this.#tell({ type: 'link.wanted', at: this.#now() });
  }

  subscribe(topic: string, subscriber: Subscriber): void {
    this.#subscriptions.subscribe(topic, subscriber);
  }

  unsubscribe(topic: string): void {
    this.#subscriptions.unsubscribe(topic);
  }

  moving(channel: KickChannel): void {
    if (this.#deps.move(channel, this)) return;
    // Nowhere to go: then the link itself is suspected, unless most of what it carries is well.
    if (this.#isMostlySilent(this.#now())) this.#suspect();
  }

  /** Once a second: liveness of the link and of what it carries. */
  sweep(now: number): void {
    this.#link?.sweep(now);
    for (const channel of this.channels) channel.sweep(now);
    const due = [...this.channels].filter((channel) => channel.isSilenceDue(now));
    if (due.length === 0) return;
    const isLinkSuspect = due.length > 1 && this.#isMostlySilent(now);
    for (const channel of due) channel.fellSilent();
    if (isLinkSuspect) this.#suspect();
  }

  status(): ConnectionStatus {
    const context = this.#actor?.getSnapshot().context;
    const trouble = this.#trouble;
    return {
      id: this.name,
      state: this.#condition,
      sinceAt: this.#sinceAt,
      transport: context?.transport ?? null,
      attempt: context?.attempt ?? 0,
      breaker: this.gate.status(),
      lastError: trouble === undefined ? null : { code: trouble.code, text: trouble.text, at: trouble.at },
    };
  }

  /** Takes no more, says goodbye, and resolves when the socket is closed. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const channel of this.channels) channel.leave();
    this.#tell({ type: 'link.close', at: this.#now() });
    await this.#link?.gone;
  }

  /** Ends everything this connection does in the world, whatever state it is in. */
  async clear(): Promise<void> {
    const scope = this.#scope;
    this.#subscriptions.forget();
    await scope.close(this.#deps.world.clock, CLEAR_MS);
    this.#scope = new Scope();
  }

  #linkLogic() {
    return bound(
      wired(
        connectionMachine.provide({
          actors: {
            link: fromCallback<ConnectionEvent, { transports: readonly Transport[] }>(({ input, sendBack }) =>
              this.#startLink(input.transports, sendBack),
            ),
          },
          actions: {
            ping: () => this.#link?.ping(),
            sayGoodbye: () => this.#link?.sayGoodbye(),
          },
        }),
        (self) => this.#born(self),
      ),
      () => this.#input(),
    );
  }

  #clearLogic() {
    return fromPromise(async () => {
      await this.clear();
      return { at: this.#now() };
    });
  }

  #gateOf(): BreakerGate {
    const { config, world, log } = this.#deps;
    const { failures, recovery } = config.reconnect.breaker;
    const gate = new BreakerGate({
      name: `kick ${this.name}`,
      clock: world.clock,
      log,
      seed: this.#seed(),
      failuresMax: failures,
      recoveryMs: recovery,
      // Each link of chat that is away is chat unheard: the wait stays what it is.
      recoveryMaxMs: recovery,
      probeMs: this.#negotiateMs + config.timeouts.connect + 5_000,
    });
    // At the end of the turn: asked for a permit in the middle of its own change, the breaker would answer
    // for the state it is about to leave.
    gate.onChange(() =>
      world.clock.soon(() => {
        if (gate.admits) this.#tell({ type: 'circuit.admits', at: this.#now() });
      }),
    );
    return gate;
  }

  /** Two requests, each of which may wait for a place and for its answer. */
  get #negotiateMs(): number {
    return 4 * this.#deps.config.timeouts.lookup + 1_000;
  }

  #input() {
    const { kick, timeouts, reconnect } = this.#deps.config;
    return {
      transports: TRANSPORTS[kick.transport],
      negotiateMs: this.#negotiateMs,
      connectMs: timeouts.connect,
      pongMs: timeouts.pong,
      closeMs: timeouts.close,
      initialMs: reconnect.initial,
      maxMs: reconnect.max,
      stableMs: reconnect.stableAfter,
      anewMs: ANEW_MS,
      attemptsMax: reconnect.attempts === 'unlimited' ? null : reconnect.attempts,
      seed: this.#seed(),
    };
  }

  #born(self: ConnectionActor): void {
    this.#isUp = false;
    this.#subscriptions.forget();
    this.#actor = self;
    self.on('connection.up', () => {
      this.#isUp = true;
      for (const channel of this.channels) channel.linkUp();
    });
    self.on('connection.down', () => {
      this.#isUp = false;
      this.#subscriptions.forget();
      for (const channel of this.channels) channel.linkDown();
    });
    self.subscribe({
      next: (snapshot) => {
        if (self === this.#actor) this.#note(connectionCondition(snapshot), snapshot.context.transport);
      },
      // The branch sees to it.
      error: () => {},
    });
  }

  #startLink(transports: readonly Transport[], tell: (event: ConnectionEvent) => void): () => void {
    const scope = this.#scope;
    const { config, world, api, deadlines } = this.#deps;
    const predecessor = this.#link?.gone ?? Promise.resolve();
    const link = new Link({
      world,
      clock: world.clock,
      gate: this.gate,
      dialling: {
        handshakeTimeoutMs: config.timeouts.connect,
        maxFrameBytes: config.limits.frameSize,
      },
      negotiate: (allowed, signal) => negotiate({ config, api }, allowed, this.#anyChannelId(), signal),
      token: async (signal) => {
        const answer = await api.token(signal);
        if (answer.kind === 'ok') return answer.value;
        this.#deps.log.warn({ actor: this.path }, `connection token not renewed (kick): ${answer.text}`);
        return undefined;
      },
      traffic: this.#traffic,
      measured: (tookMs) => deadlines.measured('kick parsing', tookMs, config.timeouts.parsing),
      failed: (ending) => this.#explain(ending),
      tell,
    });
    this.#link = link;
    this.#isExplained = false;
    const end = () => link.end(true);
    if (scope.isOpen) {
      void scope.run(() => link.gone);
      scope.signal.addEventListener('abort', end, { once: true });
      link.start(transports, predecessor);
    } else end();
    return () => {
      scope.signal.removeEventListener('abort', end);
      link.end(this.#isClosing);
    };
  }

  #trafficOf(): LinkTraffic {
    const { intake, log } = this.#deps;
    const subscriptions = this.#subscriptions;
    return {
      published: (topic, event, data, at) => subscriptions.of(topic)?.published(topic, event, data, at),
      subscribed: (topic) => subscriptions.of(topic)?.subscribed(topic),
      unsubscribed: (topic, why) => subscriptions.of(topic)?.unsubscribed(topic, why),
      complained: (text) => log.debug({ actor: this.path }, `connection complaint (kick): ${text}`),
      malformed: (why) => intake.malformed(undefined, why),
    };
  }

  #anyChannelId(): number | undefined {
    for (const { ids } of this.channels) if (ids?.channelId !== undefined) return ids.channelId;
    return undefined;
  }

  #isMostlySilent(now: number): boolean {
    const active = [...this.channels].filter((channel) => channel.isActive(now));
    const silent = active.filter((channel) => channel.isSilent(now));
    return silent.length * 2 >= active.length;
  }

  #suspect(): void {
    this.#explain({ code: 'stale', text: 'chat stopped flowing on an open connection', remedy: '' });
    this.#tell({ type: 'link.stale', at: this.#now() });
  }

  #explain({ code, text, remedy }: Pick<Ending, 'code' | 'text' | 'remedy'>): void {
    this.#isExplained = true;
    this.#trouble = { code, text, remedy, at: this.#deps.world.clock.wall() };
  }

  #note(condition: ConnectionCondition, transport: Transport | null): void {
    const from = this.#condition;
    if (condition === from) return;
    this.#condition = condition;
    this.#sinceAt = this.#deps.world.clock.wall();
    const isDown = condition === 'backoff' || condition === 'failed';
    if (isDown && !this.#isExplained) this.#explain(SILENT_ENDS[from] ?? SILENT_END);
    this.#say(from, condition, transport);
  }

  #say(from: ConnectionCondition, to: ConnectionCondition, transport: Transport | null) {
    const { log } = this.#deps;
    const fields = { actor: this.path, from, to, transport };
    const why = this.#trouble?.text ?? '';
    switch (to) {
      case 'connected':
        return log.info(fields, `connection up (kick ${this.name}, ${transport})`);
      case 'backoff': {
        const inMs = Math.max(0, (this.dueAt ?? 0) - this.#now());
        return log.warn(
          fields,
          `connection down (kick ${this.name}): ${why}; again in ${formatDuration(inMs)}`,
        );
      }
      case 'failed':
        return log.error(
          fields,
          `connection refused (kick ${this.name}): ${why}; ${this.#trouble?.remedy ?? ''}`,
        );
      default:
        return log.debug(fields, `connection ${to} (kick ${this.name})`);
    }
  }

  #seed(): number {
    return Math.floor(this.#deps.world.random() * 2 ** 32);
  }

  /** A closed one hears nothing more. */
  #tell(event: ConnectionEvent): void {
    if (this.#actor?.getSnapshot().status === 'active') this.#actor.send(event);
  }

  #now(): number {
    return this.#deps.world.clock.now();
  }
}

type Explanation = Pick<Ending, 'code' | 'text' | 'remedy'>;

/** What it means when nothing was said and the time was up. */
const SILENT_END: Explanation = { code: 'silent', text: 'no answer in time', remedy: '' };
const SILENT_ENDS: Partial<Record<ConnectionCondition, Explanation>> = {
  negotiating: { code: 'timeout', text: 'kick negotiation took too long', remedy: '' },
  connecting: { code: 'timeout', text: 'the connection was not opened in time', remedy: '' },
  handshaking: {
    code: 'timeout',
    text: 'the server said nothing after the connection was opened',
    remedy: '',
  },
  connected: { code: 'silent', text: 'the server answered no ping', remedy: '' },
};
