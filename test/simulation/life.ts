/**
 * One life of the daemon's process, from its start to its end or its death: the world as it sees it. After its
 * death nothing that is left of it can do anything any more: its timers are gone, its sockets are shut, what it
 * asks for is never answered, and the disk refuses it.
 */
import type { Server } from 'node:http';
import { StoreError } from '../../src/errors.js';
import type { Store, StoreOptions } from '../../src/store.js';
import type { DialOptions, HttpCall, SignalName, Socket, SocketListener, World } from '../../src/world.js';
import type { Chance } from './chance.js';
import type { Effect } from './plan.js';
import type { Appointment, Owner, Timeline } from './timeline.js';

/** What is there outside, for every life alike. */
export interface Surroundings {
  readonly timeline: Timeline;
  /** Epoch milliseconds, as this machine's clock has them. */
  wall(): number;
  dial(life: Life, url: string, options: DialOptions, listener: SocketListener): Socket;
  fetch(life: Life, url: string, call: HttpCall): Promise<Response>;
  openStore(life: Life, options: StoreOptions): Store;
  /** The life has ended by this moment, whatever it was doing. */
  died(life: Life): void;
}

/** Where a life is to end: beside the nth such effect from now on. */
export interface Trap {
  readonly effect: Effect;
  readonly nth: number;
  readonly when: 'before' | 'after';
  /** Called when it was. */
  sprung(): void;
}

const PORT = 40_747;

export class Life implements Owner {
  readonly number: number;
  readonly world: World;
  stalledUntil = 0;
  isDead = false;
  /** It stopped in order, with exit code 0. */
  endedWell = false;
  /** Servers that may be reached, by their addresses. */
  readonly servers = new Map<string, Server>();
  readonly #around: Surroundings;
  readonly #chance: Chance;
  readonly #timers = new Set<Appointment>();
  readonly #arrivals = new Set<Appointment>();
  readonly #signalled = new Set<(signal: SignalName) => void>();
  #soon: (() => void)[] = [];
  #trap: (Trap & { left: number }) | undefined;
  #uuids = 0;

  constructor(number: number, around: Surroundings, chance: Chance) {
    this.number = number;
    this.#around = around;
    this.#chance = chance;
    this.world = this.#worldOf();
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  get listensToSignals(): boolean {
    return this.#signalled.size > 0;
  }

  /** What was to run at the end of this turn. */
  takeSoon(): readonly (() => void)[] {
    if (this.#soon.length === 0) return NOTHING;
    const soon = this.#soon;
    this.#soon = [];
    return soon;
  }

  /** Something from outside reaches this life after so long; never after its death. */
  reach(ms: number, run: () => void): Appointment {
    return this.#appoint(this.#arrivals, run, ms);
  }

  forget(arrival: Appointment): void {
    this.#arrivals.delete(arrival);
    this.#around.timeline.cancel(arrival);
  }

  /** Sent now; it takes effect when the process runs, and `takesEffect` is called just before. */
  signal(signal: SignalName, takesEffect: () => void): void {
    this.reach(0, () => {
      takesEffect();
      for (const listener of [...this.#signalled]) listener(signal);
    });
  }

  setTrap(trap: Trap | undefined): void {
    this.#trap = trap && { ...trap, left: trap.nth };
  }

  /** Before an effect: false when the life has ended, or ends here, and the effect never happens. */
  begins(effect: Effect): boolean {
    if (!this.isDead) this.#spring(effect, 'before');
    return !this.isDead;
  }

  /** After an effect, which has happened whatever comes of the life. */
  hasDone(effect: Effect): void {
    if (!this.isDead) this.#spring(effect, 'after');
  }

  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    for (const appointment of [...this.#timers, ...this.#arrivals]) this.#around.timeline.cancel(appointment);
    this.#timers.clear();
    this.#arrivals.clear();
    this.#soon = [];
    this.#signalled.clear();
    this.#around.died(this);
  }

  #worldOf(): World {
    const { timeline, wall, dial, fetch, openStore } = this.#around;
    return {
      clock: {
        now: () => timeline.now,
        wall,
        setTimeout: (callback, ms) => this.#appoint(this.#timers, callback, ms),
        clearTimeout: (timer) => this.#clear(timer),
        soon: (callback) => {
          if (!this.isDead) this.#soon.push(callback);
        },
      },
      pid: 1_000 + this.number,
      random: () => this.#chance.next(),
      uuid: () => {
        this.#uuids += 1;
        return `00000000-0000-4000-8000-${String(this.number * 1_000 + this.#uuids).padStart(12, '0')}`;
      },
      dial: (url, options, listener) => {
        if (!this.begins('dial')) return NO_SOCKET;
        const socket = dial(this, url, options, listener);
        this.hasDone('dial');
        return socket;
      },
      fetch: (url, call) => {
        if (!this.begins('fetch')) return NEVER;
        const answer = fetch(this, url, call);
        this.hasDone('fetch');
        return answer;
      },
      listen: async (server, place) => {
        const address = 'socket' in place ? place.socket : `http://${place.host}:${place.port || PORT}`;
        this.servers.set(address, server);
        return address;
      },
      openStore: (options) => {
        if (this.isDead) throw new StoreError('io', 'this life is over');
        return openStore(this, options);
      },
      onSignal: (listener) => {
        this.#signalled.add(listener);
        return () => this.#signalled.delete(listener);
      },
      rssBytes: () => 50 * 1024 * 1024,
      close: async () => {},
    };
  }

  #spring(effect: Effect, when: Trap['when']): void {
    const trap = this.#trap;
    if (trap === undefined || trap.effect !== effect || trap.when !== when) return;
    trap.left -= 1;
    if (trap.left > 0) return;
    this.#trap = undefined;
    this.die();
    trap.sprung();
  }

  #appoint(kept: Set<Appointment>, run: () => void, ms: number): Appointment {
    const { timeline } = this.#around;
    const appointment = timeline.after(
      ms,
      () => {
        kept.delete(appointment);
        run();
      },
      this,
    );
    if (this.isDead) timeline.cancel(appointment);
    else kept.add(appointment);
    return appointment;
  }

  #clear(timer: unknown): void {
    const own = timer as Appointment;
    if (this.#timers.delete(own)) this.#around.timeline.cancel(own);
  }
}

const NOTHING: readonly (() => void)[] = [];
const NO_SOCKET: Socket = { send() {}, ping() {}, close() {}, terminate() {} };
const NEVER = new Promise<Response>(() => {});
