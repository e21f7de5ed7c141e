/**
 * Kick: the source. Spreads the configured channels over connections, and answers for them all: what state
 * they are in, what is wrong, and what a person can do. The work is done by kick-connection.ts and
 * kick-channel.ts; what Kick's protocols and payloads look like is in pusher.ts, centrifugo.ts, kick-message.ts.
 */
import { type AnyActorLogic, fromPromise } from 'xstate';
import { branchMachine } from '../../machines/branch.js';
import type { Deadlines } from '../actors/deadline.js';
import type { HttpPool } from '../actors/http.js';
import { bound } from '../actors/wired.js';
import type { Config } from '../config.js';
import { formatDuration } from '../durations.js';
import type { Intake } from '../intake.js';
import type { SourceLedger } from '../ledger.js';
import type { Log } from '../log.js';
import type { ChannelIds } from '../store.js';
import type { World } from '../world.js';
import { History } from './history.js';
import { KickApi } from './kick-api.js';
import { type ChannelCondition, channelLogic, KickChannel, nameOf, unknownChannel } from './kick-channel.js';
import { KickConnection } from './kick-connection.js';
import { kickReasons } from './kick-reasons.js';
import { Lookups } from './lookups.js';
import type { Source } from './source.js';
import { Turnstile } from './turnstile.js';

export interface KickDeps {
  readonly config: Pick<Config, 'kick' | 'limits' | 'timeouts' | 'reconnect'>;
  readonly world: Pick<World, 'clock' | 'random' | 'uuid' | 'dial'>;
  readonly http: HttpPool;
  readonly deadlines: Deadlines;
  readonly intake: Intake;
  readonly ledger: SourceLedger;
  readonly log: Log;
}

/** More are in use elsewhere; this leaves room for channels that move in. */
export const CHANNELS_PER_CONNECTION = 80;
/** Of the pool's four places for what is no delivery, one stays free for negotiation. */
const BACKGROUND_MAX = 3;
/** A summary waits for stragglers: lookups come one a second. */
const SUMMARY_AFTER_MS = 1_500;

export function createKick(deps: KickDeps): Source {
  return new Kick(deps);
}

class Kick implements Source {
  readonly name = 'kick';
  readonly logic: AnyActorLogic;
  readonly #deps: KickDeps;
  readonly #connections: readonly KickConnection[];
  /** By name. */
  readonly #channels = new Map<string, KickChannel>();
  readonly #history: History;
  readonly #summary: SubscribedSummary;

  constructor(deps: KickDeps) {
    this.#deps = deps;
    const { config, world, http, log } = deps;
    const { clock } = world;
    const api = new KickApi({ config, http, clientId: world.uuid() });
    const background = new Turnstile(BACKGROUND_MAX);
    const lookups = new Lookups({ api, clock, background });
    this.#history = new History({ api, clock, background });
    this.#summary = new SubscribedSummary(deps);
    const move = (channel: KickChannel, from: KickConnection) => this.#move(channel, from);
    const { channels } = config.kick;
    const count = Math.ceil(channels.length / CHANNELS_PER_CONNECTION);
    this.#connections = Array.from(
      { length: count },
      (_, index) => new KickConnection({ ...deps, api, move }, index + 1),
    );
    const changed = (channel: KickChannel, _from: ChannelCondition, to: ChannelCondition) =>
      this.#summary.changed(channel, to);
    const machine = channelLogic((name) => this.#channels.get(name));
    // Dealt out evenly, so that each connection has room for channels that move.
    channels.forEach((configured, index) => {
      const connection = this.#connections[index % count];
      if (connection === undefined || this.#channels.has(nameOf(configured.slug))) return;
      const channel = new KickChannel(
        { ...deps, machine, lookups, history: this.#history, changed },
        configured,
        connection,
      );
      this.#channels.set(channel.name, channel);
      connection.adopt(channel);
    });
    this.logic = this.#branch();
    log.debug({ actor: 'sources/kick' }, `${channels.length} channels on ${count} connections`);
  }

  status() {
    return {
      platform: 'kick',
      connections: this.#connections.map((connection) => connection.status()),
      channels: [...this.#channels.values()].map((channel) => channel.status()),
    };
  }

  reasons() {
    const { config, world } = this.#deps;
    return kickReasons({
      connections: this.#connections,
      channels: [...this.#channels.values()],
      gapFill: config.kick.gapFill,
      historyRefusal: this.#history.refusal,
      clock: world.clock,
    });
  }

  recall(): void {
    for (const channel of this.#channels.values()) channel.recall();
  }

  sweep(): void {
    const now = this.#deps.world.clock.now();
    for (const connection of this.#connections) connection.sweep(now);
    this.#summary.sweep(now);
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  gate(name: string) {
    return this.#connections.find((connection) => connection.name === name)?.gate;
  }

  addChannel(slug: string, ids: ChannelIds): void {
    const channel = this.#channels.get(nameOf(slug.toLowerCase()));
    if (channel === undefined) throw unknownChannel(slug, [...this.#channels.values()]);
    this.#deps.ledger.rememberChannel(channel.slug, ids);
    channel.giveIds(ids);
  }

  #branch(): AnyActorLogic {
    const { world } = this.#deps;
    const logics = Object.fromEntries(this.#connections.map(({ name, logic }) => [name, logic]));
    const clear = fromPromise(async () => {
      await Promise.all(this.#connections.map((connection) => connection.clear()));
      return { at: world.clock.now() };
    });
    return bound(branchMachine.provide({ actors: { ...logics, clear } }), () => ({
      members: Object.keys(logics),
      seed: Math.floor(world.random() * 2 ** 32),
    }));
  }

  /** To the emptiest of the other connections that are up. */
  #move(channel: KickChannel, from: KickConnection): boolean {
    const [to] = this.#connections
      .filter((it) => it !== from && it.isUp && it.channels.size < CHANNELS_PER_CONNECTION)
      .sort((one, other) => one.channels.size - other.channels.size);
    if (to === undefined) return false;
    // Not in the middle of the channel's own transition: moving ends its actor.
    this.#deps.world.clock.soon(() => {
      if (channel.carrier !== from) return;
      from.release(channel);
      to.adopt(channel);
      this.#deps.log.info({ actor: channel.path }, `channel moved (${channel.slug}) to ${to.name}: silent`);
    });
    return true;
  }
}

/** Says once how many channels were subscribed and how long it took, instead of a line each. */
class SubscribedSummary {
  readonly #deps: Pick<KickDeps, 'world' | 'log'>;
  readonly #waiting = new Set<KickChannel>();
  #count = 0;
  #beganAt = 0;
  #lastAt = 0;

  constructor(deps: Pick<KickDeps, 'world' | 'log'>) {
    this.#deps = deps;
  }

  changed(channel: KickChannel, to: ChannelCondition): void {
    const now = this.#deps.world.clock.now();
    if (to === 'subscribing') {
      if (this.#waiting.size === 0 && this.#count === 0) this.#beganAt = now;
      this.#waiting.add(channel);
    } else if (this.#waiting.delete(channel) && channel.isSubscribed) {
      this.#count += 1;
      this.#lastAt = now;
    }
  }

  /** Once a second: lookups let one channel after the other in, and they are one story. */
  sweep(now: number): void {
    if (this.#count === 0 || this.#waiting.size > 0 || now - this.#lastAt < SUMMARY_AFTER_MS) return;
    const count = this.#count === 1 ? '1 channel' : `${this.#count} channels`;
    this.#count = 0;
    this.#deps.log.info(
      { actor: 'sources/kick' },
      `${count} subscribed, ${formatDuration(this.#lastAt - this.#beganAt)}`,
    );
  }
}
