/**
 * A host as its sinks see it: may anything be sent there now, and if not, until when. The decision is the
 * machine's (machines/host.ts); this tells it of requests and of what their answers mean to everybody.
 */
import { type ActorRefFrom, type AnyActorLogic, fromPromise } from 'xstate';
import { branchMachine } from '../../machines/branch.js';
import { hostMachine } from '../../machines/host.js';
import { bound, pathOf, wired } from '../actors/wired.js';
import { formatDuration } from '../durations.js';
import type { Log } from '../log.js';
import type { World } from '../world.js';
import type { Outcome } from './sink.js';

/** Discord's bound for one address; no service that is asked here allows less. */
const PER_SECOND_MAX = 50;
const BAN_MS = 60_000;
const BAN_MAX_MS = 3_600_000;
/** As long as the slowest request may take, and a little more. */
const TRIAL_MS = 30_000;
/** Half of what brings Discord's ban: other programs behind the same address are counted too. */
const INVALID_MAX = 5_000;
/** Who waits is woken when it opens; should that fail, he looks so much later. */
const OPENING_MS = 250;

export interface HostOptions {
  readonly origin: string;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly log: Log;
}

type HostActor = ActorRefFrom<typeof hostMachine>;

const WHY: Readonly<Record<string, string>> = {
  held: 'it asked everybody to wait',
  banned: 'it asked to wait and gave no time, which is a ban',
  wary: 'it has refused so often that more of it would bring a ban',
};

export class Host {
  /** Its name in the tree: `host-discord.com`. */
  readonly name: string;
  /** A branch of its own: a fault here starts the host anew, and none of its sinks. */
  readonly logic: AnyActorLogic;
  readonly #options: HostOptions;
  readonly #listeners = new Set<() => void>();
  #actor: HostActor | undefined;
  #state = 'open';
  /** What a restarted machine goes on from. */
  #restored: { readonly dueAt: number; readonly bans: number } | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    this.name = `host-${new URL(options.origin).host}`;
    const { clock, random } = options.world;
    const seed = () => Math.floor(random() * 2 ** 32);
    const host = bound(
      wired(hostMachine, (self) => this.#born(self)),
      () => ({
        perSecondMax: PER_SECOND_MAX,
        banMs: BAN_MS,
        banMaxMs: BAN_MAX_MS,
        trialMs: TRIAL_MS,
        invalidMax: INVALID_MAX,
        seed: seed(),
        at: clock.now(),
        ...(this.#restored && { restored: this.#restored }),
      }),
    );
    const clear = fromPromise(async () => ({ at: clock.now() }));
    this.logic = bound(branchMachine.provide({ actors: { host, clear } }), () => ({
      members: ['host'],
      seed: seed(),
    }));
  }

  /**
   * Until when nothing may be sent there, monotonic milliseconds; 0 when something may. It is the machine that opens,
   * not the clock: a sink that woke a moment earlier, by a timer of its own, would escape the trial that follows a ban.
   */
  get heldUntil(): number {
    const snapshot = this.#actor?.getSnapshot();
    if (snapshot?.status !== 'active') return this.#restored?.dueAt ?? 0;
    return snapshot.hasTag('admits') ? 0 : Math.max(snapshot.context.dueAt, this.#now()) + OPENING_MS;
  }

  /** A request goes out in this turn. */
  sent(): void {
    this.#actor?.send({ type: 'request.sent', at: this.#now() });
  }

  /** What came of it, for everybody on this host. */
  answered(outcome: Outcome): void {
    const at = this.#now();
    switch (outcome.kind) {
      case 'later':
        if (outcome.noTime) this.#actor?.send({ type: 'host.banned', at });
        else if (outcome.hold.scope === 'host')
          this.#actor?.send({ type: 'host.held', at, forMs: outcome.hold.forMs });
        else this.#heard(at, outcome.countsAsInvalid);
        break;
      case 'refused':
        this.#heard(at, true);
        break;
      case 'failed':
      case 'cancelled':
        if (this.#state === 'tried') this.#actor?.send({ type: 'request.lost', at });
        break;
      default:
        this.#heard(at, false);
    }
  }

  /** Called when it admits again. */
  onOpen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** A welcome answer can only change a host that is on trial. */
  #heard(at: number, invalid: boolean): void {
    if (invalid || this.#state === 'tried') this.#actor?.send({ type: 'request.answered', at, invalid });
  }

  #born(self: HostActor): void {
    this.#actor = self;
    self.on('host.opened', () => {
      // At the end of the turn: by then the machine is where it said it would be.
      for (const listener of this.#listeners) this.#options.world.clock.soon(listener);
    });
    self.subscribe({
      next: ({ value, context }) => {
        if (self !== this.#actor) return;
        const isHolding = value in WHY;
        this.#restored = isHolding ? { dueAt: context.dueAt, bans: context.bans } : undefined;
        if (value === this.#state) return;
        const from = this.#state;
        this.#state = value;
        if (isHolding) this.#say(self, from, context.dueAt);
      },
      // Its branch starts it anew.
      error: () => {},
    });
  }

  #say(self: HostActor, from: string, dueAt: number): void {
    const forMs = dueAt - this.#now();
    this.#options.log.warn(
      { actor: pathOf(self), from, to: this.#state },
      `rate limit (${this.name}): ${WHY[this.#state]}; nothing goes there for ${formatDuration(forMs)}`,
    );
  }

  #now(): number {
    return this.#options.world.clock.now();
  }
}
