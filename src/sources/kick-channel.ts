/**
 * One watched channel: carries out what its machine decides, and hands its chat to the intake. The way of a
 * message is `published`, and nothing on it is asked of a machine unless the channel is doubted.
 */
import type { ActorRefFrom, AnyActorLogic } from 'xstate';
import { fromPromise } from 'xstate';
import { type ChannelEvent, channelMachine, type LookupEnd, silenceMs } from '../../machines/channel.js';
import type { ConnectionCondition } from '../../machines/connection.js';
import type { Scope } from '../actors/scope.js';
import { bound, pathOf, wired } from '../actors/wired.js';
import type { Config } from '../config.js';
import { EarshotError, type LastError } from '../errors.js';
import type { ChannelIntake, Intake } from '../intake.js';
import type { SourceLedger } from '../ledger.js';
import type { Log } from '../log.js';
import type { ChannelIds } from '../store.js';
import type { World } from '../world.js';
import type { History } from './history.js';
import { CHAT_EVENT, readKickMessage, readPastMessage } from './kick-message.js';
import type { Lookups } from './lookups.js';
import { ReadMark } from './read-mark.js';
import type { ChannelStatus } from './source.js';
import type { Subscriber } from './subscriptions.js';

/** What a channel asks of the connection it is on. */
export interface Carrier {
  readonly scope: Scope;
  readonly isUp: boolean;
  readonly condition: ConnectionCondition;
  wanted(): void;
  subscribe(topic: string, subscriber: Subscriber): void;
  unsubscribe(topic: string): void;
  /** The channel would rather be on another link. */
  moving(channel: KickChannel): void;
}

export interface KickChannelDeps {
  /** From `channelLogic`; one for all channels. */
  readonly machine: typeof channelMachine;
  readonly config: Pick<Config, 'kick' | 'timeouts' | 'reconnect'>;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly intake: Intake;
  readonly ledger: SourceLedger;
  readonly lookups: Lookups;
  readonly history: History;
  readonly log: Log;
  /** Its condition changed. */
  changed(channel: KickChannel, from: ChannelCondition, to: ChannelCondition): void;
}

/** A channel as the configuration names it. */
export interface ConfiguredChannel {
  readonly slug: string;
  /** Whether the whole is degraded when this one is not live. */
  readonly critical: boolean;
  readonly channelId?: number | undefined;
  readonly chatroomId?: number | undefined;
}

export type ChannelCondition = keyof (typeof channelMachine)['states'];

/** What is wrong with a channel, and what a person can do. */
export type ChannelTrouble = LastError & { readonly remedy: string };

type ChannelActor = ActorRefFrom<typeof channelMachine>;

const FILL_MS = 10_000;
const LEAVE_MS = 1_000;
const LOOKUP_INITIAL_MS = 30_000;
const LOOKUP_MAX_MS = 3_600_000;
const REFUSED_MS = 10 * 60_000;
const SILENT_MAX_MS = 6 * 3_600_000;
const LIVE_EVENT = 'App\\Events\\StreamerIsLive';
const ENDED_EVENT = 'App\\Events\\StopStreamBroadcast';

export class KickChannel implements Subscriber {
  readonly slug: string;
  readonly critical: boolean;
  readonly logic: AnyActorLogic;
  readonly intake: ChannelIntake;
  ids: ChannelIds | undefined;
  carrier: Carrier;
  trouble: ChannelTrouble | undefined;
  readonly #deps: KickChannelDeps;
  readonly #configured: ConfiguredChannel;
  readonly #mark: ReadMark;
  #actor: ChannelActor | undefined;
  #condition: ChannelCondition = 'begun';
  #sinceAt: number;
  /** Kept here so that it outlives a move. */
  #doubts = 0;
  #isDoubted = false;
  /** Since when its chat is held, monotonic milliseconds; null while it is not. */
  #heldSince: number | null = null;
  /** Monotonic milliseconds; silence is counted from here at the earliest. */
  #subscribedAt = 0;
  /** The stream is known to have ended: nobody is expected to talk. */
  #isOffline = false;

  constructor(deps: KickChannelDeps, configured: Config['kick']['channels'][number], carrier: Carrier) {
    this.#deps = deps;
    this.#configured = configured;
    this.slug = configured.slug;
    this.critical = configured.critical;
    this.carrier = carrier;
    this.intake = deps.intake.channel(this.slug);
    this.#mark = new ReadMark(this.slug, deps.ledger);
    this.#sinceAt = deps.world.clock.wall();
    this.logic = bound(
      wired(deps.machine, (self) => this.#born(self)),
      () => this.#input(),
    );
  }

  get name(): string {
    return nameOf(this.slug);
  }

  get condition(): ChannelCondition {
    return this.#condition;
  }

  get sinceAt(): number {
    return this.#sinceAt;
  }

  /** Its chat arrives. */
  get isSubscribed(): boolean {
    return this.#actor?.getSnapshot().hasTag('subscribed') ?? false;
  }

  get path(): string {
    return this.#actor === undefined ? this.name : pathOf(this.#actor);
  }

  linkUp(): void {
    this.#tell({ type: 'link.up', at: this.#now() });
  }

  linkDown(): void {
    this.#mark.interrupted();
    this.#tell({ type: 'link.down', at: this.#now() });
  }

  /** The store can be asked: its ids and its mark are as good as if they had been there from the start. */
  recall(): void {
    if (this.ids === undefined) {
      this.#recall();
      if (this.ids !== undefined) this.#tell({ type: 'ids.found', at: this.#now() });
    } else if (this.#mark.recall()) this.#tell({ type: 'link.down', at: this.#now() });
  }

  giveIds(ids: ChannelIds): void {
    // Unsubscribed by the old ids first: afterwards nobody knows them.
    this.unsubscribe();
    this.ids = ids;
    this.trouble = undefined;
    this.#tell({ type: 'ids.found', at: this.#now() });
  }

  leave(): void {
    this.#tell({ type: 'channel.leave', at: this.#now() });
  }

  // What its machine asks for

  askForLink(): void {
    this.carrier.wanted();
    if (this.carrier.isUp) this.linkUp();
  }

  subscribe(): void {
    // Whatever an unanswered attempt brought: while it is asked for anew, something may be missed.
    this.#mark.interrupted();
    if (this.#chatTopic !== undefined) this.carrier.subscribe(this.#chatTopic, this);
  }

  unsubscribe(): void {
    this.#mark.interrupted();
    if (this.#chatTopic !== undefined) this.carrier.unsubscribe(this.#chatTopic);
    if (this.ids?.channelId !== undefined) this.carrier.unsubscribe(`channel.${this.ids.channelId}`);
    this.#tell({ type: 'subscription.ended', at: this.#now() });
  }

  async lookUp(signal: AbortSignal): Promise<LookupEnd> {
    const { lookups, ledger, log, world } = this.#deps;
    const answer = await lookups.find(this.slug, AbortSignal.any([signal, this.carrier.scope.signal]));
    const at = this.#now();
    if (answer.kind === 'ok') {
      this.ids = answer.value;
      this.trouble = undefined;
      ledger.rememberChannel(this.slug, answer.value);
      return { kind: 'found', at };
    }
    const { code, text, remedy, floorMs } = answer;
    if (!signal.aborted) {
      const isNews = this.trouble?.code !== code;
      this.trouble = { code, text, at: world.clock.wall(), remedy };
      if (isNews) log.warn({ actor: this.path, code }, `channel ${this.slug} cannot be looked up: ${text}`);
    }
    return { kind: 'failed', at, floorMs };
  }

  async fill(signal: AbortSignal): Promise<{ at: number }> {
    const { history, log } = this.#deps;
    const channelId = this.ids?.channelId;
    const since = this.#mark.gapFrom;
    if (channelId !== undefined && since !== undefined) {
      const both = AbortSignal.any([signal, this.carrier.scope.signal]);
      const end = await history.fill(channelId, since, (messages) => this.#hearPast(messages, both), both);
      const fields = { actor: this.path, end: end.kind };
      if (end.kind === 'failed') log.info(fields, `gap not filled (${this.slug}): ${end.text}`);
      else if (end.kind === 'partly') log.info(fields, `gap filled in part (${this.slug})`);
      else log.debug(fields, `gap filled (${this.slug}): ${end.read} messages read`);
    }
    return { at: this.#now() };
  }

  // The way of a message

  published(topic: string, event: string, data: unknown, at: number): void {
    if (event !== CHAT_EVENT) {
      if (event === ENDED_EVENT) this.#isOffline = true;
      else if (event === LIVE_EVENT) this.#isOffline = false;
      return;
    }
    const message = readKickMessage(data, this.slug);
    if (typeof message === 'string') {
      this.#deps.intake.malformed(this.slug, `${message}, on ${topic}`);
      return;
    }
    if (this.#isDoubted) this.#tell({ type: 'channel.heard', at: this.#now() });
    this.#isOffline = false;
    this.intake.hear(message, at);
    this.#mark.heard(message);
  }

  subscribed(topic: string): void {
    if (topic !== this.#chatTopic) return;
    this.#subscribedAt = this.#now();
    this.trouble = undefined;
    const { channelId } = this.ids ?? {};
    // Only once the chat is there: whether the stream runs is a comfort, the chat is the purpose.
    if (channelId !== undefined) this.carrier.subscribe(`channel.${channelId}`, this);
    this.#tell({ type: 'subscription.confirmed', at: this.#subscribedAt, gap: this.#hasGap });
  }

  unsubscribed(topic: string, why: { readonly text: string; readonly temporary: boolean }): void {
    if (topic !== this.#chatTopic) return;
    this.#mark.interrupted();
    const type = why.temporary ? 'subscription.lost' : 'subscription.refused';
    const remedy = `check the ids of ${this.slug} (earshot channel add ${this.slug} FILE), or whether it still exists`;
    this.trouble = { code: type, text: why.text, at: this.#deps.world.clock.wall(), remedy };
    this.#tell({ type, at: this.#now() });
  }

  // Silence

  /** Heard within the last while, so that silence would mean something. */
  isActive(now: number): boolean {
    const heardAt = this.intake.lastHeardAt;
    return (
      this.isSubscribed &&
      !this.#isOffline &&
      heardAt !== undefined &&
      now - heardAt < 6 * this.#deps.config.kick.silentAfter
    );
  }

  /** Its silence is being seen to, or due to be. */
  isSilent(now: number): boolean {
    return this.#isDoubted || this.isSilenceDue(now);
  }

  /** It was active, and has said nothing for as long as it may. */
  isSilenceDue(now: number): boolean {
    const context = this.#actor?.getSnapshot().context;
    const heardAt = this.intake.lastHeardAt;
    if (context === undefined || heardAt === undefined || this.#isOffline) return false;
    if (this.#condition !== 'live' && this.#condition !== 'silent') return false;
    return now - Math.max(heardAt, this.#subscribedAt) >= silenceMs(context);
  }

  fellSilent(): void {
    this.#tell({ type: 'channel.silent', at: this.#now() });
  }

  /** Once a second. */
  sweep(now: number): void {
    // While it fills, the machine's own timer sees to it.
    const isOver = this.#heldSince !== null && now - this.#heldSince >= FILL_MS;
    if (isOver && this.#condition !== 'filling') this.#tell({ type: 'hold.over', at: now });
  }

  status(): ChannelStatus {
    const { clock } = this.#deps.world;
    const { heard, matched, dropped, duplicates, lastHeardAt } = this.intake;
    const { size, limit, highWater } = this.intake.queueStatus();
    return {
      slug: this.slug,
      state: this.#condition,
      sinceAt: this.#sinceAt,
      heard,
      matched,
      dropped,
      duplicates,
      lastHeardAt: lastHeardAt === undefined ? null : Math.round(clock.wall() - (clock.now() - lastHeardAt)),
      queue: { size, limit, highWater },
    };
  }

  get #chatTopic(): string | undefined {
    return this.ids === undefined ? undefined : `chatrooms.${this.ids.chatroomId}.v2`;
  }

  get #hasGap(): boolean {
    return (
      this.#deps.config.kick.gapFill &&
      this.ids?.channelId !== undefined &&
      this.#mark.gapFrom !== undefined &&
      this.#deps.history.refusal === undefined
    );
  }

  /** Only at its birth is the store surely open. What the configuration says goes before what was found once. */
  #recall(): void {
    const { ledger } = this.#deps;
    this.#mark.interrupted();
    if (this.ids !== undefined) return;
    const { chatroomId, channelId } = this.#configured;
    const found = ledger.channelIds(this.slug);
    const room = chatroomId ?? found?.chatroomId;
    if (room === undefined) return;
    const foundId = found?.chatroomId === room ? found.channelId : undefined;
    const id = channelId ?? foundId;
    this.ids = id === undefined ? { chatroomId: room } : { chatroomId: room, channelId: id };
  }

  #input() {
    this.#recall();
    const { kick, timeouts, reconnect } = this.#deps.config;
    return {
      known: this.ids !== undefined,
      doubts: this.#doubts,
      subscribeMs: timeouts.lookup,
      fillMs: FILL_MS,
      leaveMs: LEAVE_MS,
      lookupInitialMs: LOOKUP_INITIAL_MS,
      lookupMaxMs: LOOKUP_MAX_MS,
      initialMs: reconnect.initial,
      maxMs: reconnect.max,
      refusedMs: REFUSED_MS,
      silentMs: kick.silentAfter,
      silentMaxMs: Math.max(SILENT_MAX_MS, kick.silentAfter),
      seed: Math.floor(this.#deps.world.random() * 2 ** 32),
    };
  }

  #born(self: ChannelActor): void {
    // A crash may have left the chat held.
    if (this.#actor !== undefined) this.intake.release();
    this.#actor = self;
    self.on('channel.moving', () => this.carrier.moving(this));
    self.subscribe({
      next: (snapshot) => {
        if (self !== this.#actor) return;
        this.#doubts = snapshot.context.doubts;
        this.#isDoubted = this.#doubts > 0;
        this.#heldSince = snapshot.context.heldSince;
        this.#note(typeof snapshot.value === 'string' ? snapshot.value : conditionOf(snapshot.value));
      },
      // Its branch sees to it.
      error: () => {},
    });
  }

  #note(condition: ChannelCondition): void {
    const from = this.#condition;
    if (condition === from) return;
    this.#condition = condition;
    if (condition === 'live' || condition === 'silent') this.#mark.caughtUp();
    this.#sinceAt = this.#deps.world.clock.wall();
    this.#deps.log.debug({ actor: this.path, from, to: condition }, `channel ${condition} (${this.slug})`);
    this.#deps.changed(this, from, condition);
  }

  #hearPast(messages: readonly unknown[], signal: AbortSignal): void {
    for (const raw of messages) {
      if (signal.aborted) return;
      const message = readPastMessage(raw, this.slug);
      if (typeof message === 'string') this.#deps.intake.malformed(this.slug, `${message}, in the history`);
      else {
        this.intake.hear(message, this.#now());
        this.#mark.heardPast(message);
      }
    }
  }

  /** One that has left hears nothing more. */
  #tell(event: ChannelEvent): void {
    if (this.#actor?.getSnapshot().status === 'active') this.#actor.send(event);
  }

  #now(): number {
    return this.#deps.world.clock.now();
  }
}

function conditionOf(value: object): ChannelCondition {
  return 'resolving' in value ? 'resolving' : 'subscribing';
}

/** The name of a channel's actor. */
export function nameOf(slug: string): string {
  return `channel-${slug}`;
}

/**
 * The channel machine with its effects, for all channels together: a machine of its own would cost each of them
 * more memory than all the rest of it. An actor's id is its channel's name.
 */
export function channelLogic(find: (name: string) => KickChannel | undefined): typeof channelMachine {
  return channelMachine.provide({
    actors: {
      lookup: fromPromise(async ({ input, signal }) => find(input.name)?.lookUp(signal) ?? LEFT),
      fill: fromPromise(async ({ input, signal }) => find(input.name)?.fill(signal) ?? LEFT),
    },
    actions: {
      askForLink: ({ self }) => find(self.id)?.askForLink(),
      subscribe: ({ self }) => find(self.id)?.subscribe(),
      unsubscribe: ({ self }) => find(self.id)?.unsubscribe(),
      hold: ({ self }) => find(self.id)?.intake.hold(),
      release: ({ self }) => find(self.id)?.intake.release(),
    },
  });
}

const LEFT: LookupEnd = { kind: 'failed', at: 0, floorMs: 0 };

/** For `addChannel`. */
export function unknownChannel(slug: string, known: readonly KickChannel[]): EarshotError {
  const some = known.slice(0, 10).map((channel) => channel.slug);
  return new EarshotError(
    'unknownChannel',
    `${slug} is not a configured channel`,
    `add it under kick.channels (there are: ${some.join(', ')}) and restart`,
  );
}
