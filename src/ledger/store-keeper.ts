/**
 * The keeper of the store: opens it, tries it again while it refuses, and knows whether it can be asked. When it
 * is tried again is the machine's to say (machines/store.ts).
 */
import { type ActorRefFrom, type AnyActorLogic, waitFor } from 'xstate';
import { storeMachine } from '../../machines/store.js';
import { bound, pathOf, wired } from '../actors/wired.js';
import { formatDuration } from '../durations.js';
import { StoreError } from '../errors.js';
import type { Log } from '../log.js';
import type { StatusReason } from '../sources/source.js';
import type { Store, StoreOptions } from '../store.js';
import type { World } from '../world.js';

const BACKOFF = { initialMs: 500, maxMs: 10_000 };

export interface StoreKeeperOptions {
  readonly world: Pick<World, 'clock' | 'random' | 'openStore'>;
  readonly store: StoreOptions;
  readonly log: Log;
}

/** What the keeper does with a store, at each turn of its fate. */
export interface StoreCare {
  /** It was opened for the first time. */
  begin(store: Store): void;
  /** Writes what waited for it: throws when it refuses still. */
  recover(store: Store): void;
  /** It can be asked now. */
  ready(): void;
  /** It cannot be asked any more. */
  down(): void;
}

export class StoreKeeper {
  /** The store's actor. */
  readonly logic: AnyActorLogic;
  readonly #options: StoreKeeperOptions;
  readonly #care: StoreCare;
  #actor: ActorRefFrom<typeof storeMachine> | undefined;
  #store: Store | undefined;
  #problem: StoreError | undefined;
  #downSince = 0;
  #unusable: (error: StoreError) => void = () => {};

  constructor(options: StoreKeeperOptions, care: StoreCare) {
    this.#options = options;
    this.#care = care;
    const seed = Math.floor(options.world.random() * 2 ** 32);
    this.logic = bound(
      wired(storeMachine, (self) => {
        this.#actor = self;
        self.on('store.trial', () => this.#try());
      }),
      () => ({ ...BACKOFF, seed }),
    );
  }

  get state(): string {
    return this.#actor?.getSnapshot().value ?? 'opening';
  }

  /** The store, opened and not closed; it may be down. */
  get store(): Store | undefined {
    return this.#store;
  }

  get isReady(): boolean {
    return this.#store !== undefined && this.#actor?.getSnapshot().hasTag('writes') === true;
  }

  /** Resolves once it is ready, or down for now; rejects with the StoreError when it cannot be used at all. */
  async opened(): Promise<void> {
    if (this.#actor === undefined) throw new Error('the store has not been started');
    const { value } = await waitFor(this.#actor, (snapshot) => snapshot.value !== 'opening');
    if (value === 'unusable' && this.#problem) throw this.#problem;
  }

  /** Calls `listener` when the store turns out to be past help after `opened()` has resolved. */
  onUnusable(listener: (error: StoreError) => void): void {
    this.#unusable = listener;
  }

  /** Asks the store; undefined when it cannot be asked, or refuses and is down from then on. */
  ask<T>(question: (store: Store) => T): T | undefined {
    if (this.#store === undefined || !this.isReady) return undefined;
    try {
      return question(this.#store);
    } catch (error) {
      this.#refused(error);
      return undefined;
    }
  }

  /** Asks the store for a person who waits for the answer: throws the StoreError when there is none. */
  demand<T>(question: (store: Store) => T): T {
    const answer = this.ask((store) => ({ value: question(store) }));
    if (answer !== undefined) return answer.value;
    throw (
      this.#problem ??
      new StoreError('busy', 'the store is not open', 'try again when `earshot status` says it is ready')
    );
  }

  reasons(): StatusReason[] {
    if (this.#problem === undefined) return [];
    const { message, remedy = '' } = this.#problem;
    return [
      {
        code: 'storeDown',
        severity: 'degraded',
        actor: 'store',
        sinceAt: this.#downSince,
        text: message,
        do: remedy,
      },
    ];
  }

  /** Closes it, after one last try to write what waits. */
  close(): void {
    if (this.state === 'closed') return;
    if (this.#store && !this.isReady) this.#recover(this.#store);
    this.#actor?.send({ type: 'store.closing' });
    this.#store?.close();
    this.#store = undefined;
    this.#actor?.send({ type: 'store.closed' });
  }

  #try(): void {
    this.#store ??= this.#open();
    if (this.#store === undefined || !this.#recover(this.#store)) return;
    this.#actor?.send({ type: 'store.opened', at: this.#options.world.clock.now() });
    // The machine takes the event after this turn of its own.
    this.#options.world.clock.soon(() => {
      if (this.isReady) this.#care.ready();
    });
  }

  #open(): Store | undefined {
    const { world, store: options } = this.#options;
    let store: Store | undefined;
    try {
      store = world.openStore(options);
      this.#care.begin(store);
      return store;
    } catch (error) {
      store?.close();
      this.#refused(error);
      return undefined;
    }
  }

  #recover(store: Store): boolean {
    const { clock } = this.#options.world;
    try {
      this.#care.recover(store);
    } catch (error) {
      this.#refused(error);
      return false;
    }
    if (this.#problem !== undefined) {
      const took = formatDuration(clock.wall() - this.#downSince);
      this.#options.log.info({ actor: this.#path, to: 'ready' }, `store ready again after ${took}`);
    }
    this.#problem = undefined;
    return true;
  }

  #refused(error: unknown): void {
    if (!(error instanceof StoreError)) throw error;
    const { world, log } = this.#options;
    const { code, message, remedy, passes } = error;
    if (this.#problem === undefined || !passes) {
      const to = passes ? 'down' : 'unusable';
      const advice = remedy === undefined ? '' : `; ${remedy}`;
      log.error({ actor: this.#path, to, code }, `store ${to}: ${message}${advice}`);
    }
    if (this.#problem === undefined) this.#downSince = world.clock.wall();
    this.#problem = error;
    this.#actor?.send({ type: 'store.refused', at: world.clock.now(), code, text: message, passes });
    // While it opens, whoever waits for that hears of it.
    if (!passes && this.state !== 'opening') this.#unusable(error);
    this.#care.down();
  }

  get #path(): string {
    return this.#actor ? pathOf(this.#actor) : 'store';
  }
}
