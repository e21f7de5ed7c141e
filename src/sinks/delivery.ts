/**
 * One sink as a branch of the tree: its queue, breaker and delivery live and die together, and what they do in
 * the world belongs to one scope. What a restart must not forget stands here: refusal, breaker, what was out.
 */
import { type ActorRefFrom, type AnyActorLogic, fromPromise } from 'xstate';
import { branchMachine } from '../../machines/branch.js';
import {
  type AttemptEnd,
  type DeliveryCondition,
  type DeliveryEvent,
  deliveryCondition,
  deliveryMachine,
} from '../../machines/delivery.js';
import { BreakerGate } from '../actors/breaker.js';
import type { HttpPool } from '../actors/http.js';
import { Scope } from '../actors/scope.js';
import { bound, wired } from '../actors/wired.js';
import { formatDuration } from '../durations.js';
import type { LastError } from '../errors.js';
import type { Ledger, Outlet } from '../ledger.js';
import type { Log } from '../log.js';
import type { OutboxRow } from '../store.js';
import type { World } from '../world.js';
import { Condition } from './condition.js';
import type { Host } from './host.js';
import { Pump } from './pump.js';
import { type Refusal, Refusals } from './refusals.js';
import type { Outcome, Sink, SinkStatus } from './sink.js';
import { OutboxWindow } from './window.js';

export interface DeliveryOptions {
  readonly sink: Sink;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly http: Pick<HttpPool, 'lease'>;
  readonly ledger: Pick<
    Ledger,
    'read' | 'settle' | 'crashed' | 'rested' | 'memory' | 'remember' | 'attach' | 'detach' | 'figures'
  >;
  readonly host: Host | undefined;
  readonly log: Log;
  readonly breaker: { readonly failures: number; readonly recovery: number };
  /** Milliseconds one request may take. */
  readonly timeoutMs: number;
}

const BACKOFF_MS = { initialMs: 500, maxMs: 60_000 } as const;
const RECOVERY_MAX_MS = 600_000;
/** A probe's lease outlasts its request. */
const PROBE_GRACE_MS = 5_000;
const CLEAR_MS = 5_000;

export class Delivery implements Outlet {
  readonly sink: string;
  readonly logic: AnyActorLogic;
  readonly gate: BreakerGate;
  readonly #options: DeliveryOptions;
  readonly #window: OutboxWindow;
  readonly #pump: Pump;
  readonly #refusals: Refusals;
  readonly #condition: Condition;
  readonly #path: string;
  #scope = new Scope();
  #actor: ActorRefFrom<typeof deliveryMachine> | undefined;
  #branch: ActorRefFrom<typeof branchMachine> | undefined;
  /** What an earlier process left was there when this one began. */
  #isRecalled = false;
  #isLooking = false;
  #isClosing = false;

  constructor(options: DeliveryOptions) {
    const { sink, world, ledger, http, host } = options;
    const { clock } = world;
    this.#options = options;
    this.sink = sink.name;
    this.#path = `sinks/${sink.name}`;
    this.#condition = new Condition(clock);
    this.#window = new OutboxWindow(sink.name, ledger, clock);
    this.#refusals = new Refusals(sink, ledger);
    this.gate = this.#gateOf();
    this.#pump = new Pump({
      sink,
      clock,
      ledger,
      http,
      host,
      window: this.#window,
      gate: this.gate,
      started: () => this.#tell({ type: 'request.started', at: clock.now() }),
      refused: (refusal) => this.#refused(refusal),
      limited: ({ text }) => options.log.info({ actor: this.#path }, `rate limit (${sink.name}): ${text}`),
      buried: (row, error) => this.#buried(row, error),
    });
    host?.onOpen(() => {
      this.#tell({ type: 'limit.lifted', at: clock.now() });
    });
    this.logic = this.#branchLogic();
  }

  get inFlight(): readonly number[] {
    return this.#pump.inFlight;
  }

  /** Rows of a refused sink wait for a person, however long that takes. */
  get ages(): boolean {
    return this.refusal === undefined;
  }

  /** Why the endpoint refuses; undefined while it does not. */
  get refusal(): Refusal | undefined {
    return this.#refusals.current;
  }

  /**
   * Nothing is left, or nothing can be done about it before `untilAt` (monotonic): nobody has to wait for this sink.
   * One that fails is not waited for either: its rows are safe in the outbox.
   */
  isDrained(untilAt: number): boolean {
    const isRunning = this.#branch?.getSnapshot().matches('running') === true;
    const snapshot = this.#actor?.getSnapshot();
    if (!isRunning || snapshot === undefined || snapshot.hasTag('unwell')) return true;
    if (this.#condition.now === 'settling' || snapshot.matches({ waiting: 'backingOff' })) return true;
    if (snapshot.matches('waiting') && snapshot.context.dueAt >= untilAt) return true;
    return this.#options.ledger.figures(this.sink).pending === 0;
  }

  onChange(listener: () => void): () => void {
    return this.#condition.onChange(listener);
  }

  /** The store can be asked. If it could not before, nothing has gone out either: begun anew, it is as it was left. */
  recall(): void {
    if (this.#isRecalled) return;
    this.gate.forget();
    const members = ['breaker', 'delivery'];
    for (const member of [...members].reverse()) this.#branch?.send({ type: 'member.removed', member });
    for (const member of members) this.#branch?.send({ type: 'member.added', member });
  }

  /** From now on it is given rows, and sends them. */
  start(): void {
    this.#options.ledger.attach(this);
  }

  put(rows: readonly OutboxRow[]): number {
    // Between two lives nothing is taken in: the next one reads it from the store.
    if (!this.#scope.isOpen) return 0;
    this.look();
    return this.#window.put(rows);
  }

  spill(): void {
    this.#window.spill();
  }

  expired(seqs: readonly number[]): void {
    this.#window.forget(seqs);
    this.look();
  }

  /** However often it is asked for in a turn, it looks once, at the turn's end: then every machine is at rest. */
  look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#options.world.clock.soon(() => {
      this.#isLooking = false;
      this.#lookNow();
    });
  }

  resume(): 'resumed' | 'notRefused' {
    if (this.refusal === undefined) return 'notRefused';
    this.#refusals.lift();
    this.#remember();
    this.#options.log.info({ actor: this.#path, from: 'refused' }, `resumed (${this.sink}): by hand`);
    this.#tell({ type: 'sink.resumed', at: this.#now() });
    return 'resumed';
  }

  /** Begins nothing any more. */
  leave(): void {
    this.#isClosing = true;
    if (this.#actor?.getSnapshot().status !== 'active') return;
    this.#tell({ type: 'sink.close', at: this.#now() });
  }

  /** Resolves when nothing is out any more: ended by itself within `limitMs`, or aborted. Rows stay in the outbox. */
  async close(limitMs: number): Promise<void> {
    const { world, ledger, log } = this.#options;
    this.leave();
    if (this.#condition.now === 'draining') await this.#condition.turnedWithin(limitMs);
    await this.#scope.close(world.clock, CLEAR_MS);
    this.#remember();
    ledger.detach(this.sink);
    const { pending } = ledger.figures(this.sink);
    log.info({ actor: this.#path, pending }, `sink closed (${this.sink}): ${pending} left in the outbox`);
  }

  /** Ends what this life does in the world, and makes room for the next one. */
  async clear(): Promise<void> {
    await this.#scope.close(this.#options.world.clock, CLEAR_MS);
    this.#pump.ended(!this.#isClosing);
    this.#scope = new Scope();
  }

  status(): SinkStatus {
    const { sink, ledger, world } = this.#options;
    const { delivered, dead, expired, pending } = ledger.figures(sink.name);
    const { requests, retried, lastError, lastDeliveredAt } = this.#pump.figures;
    const [oldest] = this.#window.first(1);
    const wall = world.clock.wall();
    return {
      name: sink.name,
      type: sink.type,
      state: this.#state,
      sinceAt: this.#condition.sinceAt,
      waitUntil: this.#waitUntil,
      lastError: this.refusal?.error ?? lastError,
      lastDeliveredAt,
      breaker: this.gate.status(),
      queue: {
        size: this.#window.size,
        limit: this.#window.limit,
        outbox: pending,
        oldestMs: oldest === undefined ? 0 : Math.max(0, wall - oldest.acceptedAt),
      },
      delivered,
      retried,
      dead,
      expired,
      pending,
      requests,
      rateLimitedMs: Math.round(this.#condition.limitedMs),
    };
  }

  get #state(): string {
    const branch = this.#branch?.getSnapshot();
    if (branch === undefined || this.#isClosing || branch.matches('running')) return this.#condition.now;
    return branch.matches('failed') ? 'failed' : 'restarting';
  }

  /** Epoch milliseconds; null while it waits for nothing. */
  get #waitUntil(): number | null {
    if (this.#condition.now !== 'waiting') return null;
    const dueAt = this.#actor?.getSnapshot().context.dueAt ?? 0;
    return Math.round(this.#options.world.clock.wall() + Math.max(0, dueAt - this.#now()));
  }

  #lookNow(): void {
    const snapshot = this.#actor?.getSnapshot();
    // A branch that is started anew while the daemon stops must not begin anything, nor one that does not know yet
    // whether its endpoint refused.
    if (snapshot?.status !== 'active' || !this.#scope.isOpen || this.#isClosing || !this.#isRecalled) return;
    if (snapshot.matches('settling')) {
      if (this.#pump.settle()) this.#tell({ type: 'settlement.taken', at: this.#now() });
      return;
    }
    const event = snapshot.hasTag('looks') ? this.#pump.judge() : undefined;
    if (event !== undefined) this.#tell(event);
  }

  #gateOf(): BreakerGate {
    const { sink, world, ledger, log, breaker, timeoutMs } = this.#options;
    const gate = new BreakerGate({
      name: sink.name,
      clock: world.clock,
      log,
      seed: this.#seed(),
      failuresMax: breaker.failures,
      recoveryMs: breaker.recovery,
      recoveryMaxMs: Math.max(RECOVERY_MAX_MS, breaker.recovery),
      probeMs: timeoutMs + PROBE_GRACE_MS,
      get memory() {
        return ledger.memory(sink.name)?.breaker;
      },
    });
    gate.onChange((state) => {
      // A probe that is out is no news for the next process: it will find the circuit open.
      if (state !== 'probing') this.#remember();
      if (gate.admits) this.#tell({ type: 'circuit.admits', at: this.#now() });
      this.look();
    });
    return gate;
  }

  #branchLogic(): AnyActorLogic {
    const delivery = bound(
      wired(
        deliveryMachine.provide({
          actors: { attempt: fromPromise<AttemptEnd>(({ signal }) => this.#attempt(signal)) },
        }),
        (self) => this.#born(self),
      ),
      () => {
        this.#isRecalled = this.#options.ledger.memory(this.sink) !== undefined;
        return { ...BACKOFF_MS, seed: this.#seed(), at: this.#now(), isRefused: this.#refusals.recall() };
      },
    );
    const clear = fromPromise(async () => {
      await this.clear();
      return { at: this.#now() };
    });
    const branch = branchMachine.provide({
      actors: { queue: this.#window.logic, breaker: this.gate.logic, delivery, clear },
    });
    return bound(
      wired(branch, (self) => {
        this.#branch = self;
        this.#sayWhatHappens(self);
      }),
      () => ({ members: ['queue', 'breaker', 'delivery'], seed: this.#seed() }),
    );
  }

  /** Runs inside the scope, and ends with the state that wanted it. */
  async #attempt(signal: AbortSignal): Promise<AttemptEnd> {
    const scope = this.#scope;
    const abort = new AbortController();
    const end = () => abort.abort();
    signal.addEventListener('abort', end, { once: true });
    scope.signal.addEventListener('abort', end, { once: true });
    try {
      return await scope.run(() => this.#pump.attempt(abort.signal));
    } finally {
      scope.signal.removeEventListener('abort', end);
    }
  }

  #born(self: ActorRefFrom<typeof deliveryMachine>): void {
    this.#actor = self;
    // The queue, started before this, is empty: what it held may have ended in the crash.
    this.#window.reopen();
    self.subscribe({
      next: (snapshot) => {
        if (self === this.#actor)
          this.#turned(deliveryCondition(snapshot), snapshot.matches({ waiting: 'limited' }));
      },
      // Its branch starts it anew.
      error: () => {},
    });
  }

  #turned(condition: DeliveryCondition, isLimited: boolean): void {
    if (condition === 'idle') this.look();
    const from = this.#condition.turn(condition, isLimited);
    if (from === undefined) return;
    this.#options.log.debug(
      { actor: `${this.#path}/delivery`, from, to: condition },
      condition === 'blocked' ? this.gate.refusal() : `delivery ${condition} (${this.sink})`,
    );
  }

  #refused(outcome: Extract<Outcome, { kind: 'refused' }>): void {
    const { error, remedy } = outcome;
    this.#refusals.note(outcome, this.#options.world.clock.wall());
    this.#remember();
    this.#options.log.error(
      { actor: this.#path, to: 'refused', code: error.code },
      `refused (${this.sink}): ${error.text}; ${remedy}`,
    );
  }

  #buried({ seq }: OutboxRow, { code, text }: LastError): void {
    this.#options.log.warn(
      { actor: this.#path, seq, code },
      `dead letter (${this.sink}): ${text}; \`earshot dead\` shows it`,
    );
  }

  #sayWhatHappens(branch: ActorRefFrom<typeof branchMachine>): void {
    const { log } = this.#options;
    branch.on('branch.crashed', ({ member, text }) =>
      log.error({ actor: this.#path, member }, `crashed (${this.sink}): its ${member}: ${text}`),
    );
    branch.on('branch.restarting', ({ inMs }) =>
      log.warn({ actor: this.#path, to: 'restarting' }, `restart (${this.sink}) in ${formatDuration(inMs)}`),
    );
    branch.on('branch.failed', ({ retryInMs }) =>
      log.error(
        { actor: this.#path, to: 'failed' },
        `failed (${this.sink}): it crashes again and again; tried again in ${formatDuration(retryInMs)}`,
      ),
    );
  }

  /** Not before the earlier memory is known: it would be overwritten unread. */
  #remember(): void {
    if (!this.#isRecalled) return;
    this.#refusals.remember(this.gate.memory());
  }

  #tell(event: DeliveryEvent): void {
    this.#actor?.send(event);
  }

  #seed(): number {
    return Math.floor(this.#options.world.random() * 2 ** 32);
  }

  #now(): number {
    return this.#options.world.clock.now();
  }
}
