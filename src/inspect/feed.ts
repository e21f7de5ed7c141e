/**
 * The feed: gathers what happens to the machines while somebody looks on, and tells the viewers of it many times a
 * second. Nothing is written down in the machines' own steps, and nothing at all while nobody looks; what a busy
 * daemon does more than a viewer could follow is told by its outcome. So its cost is bounded, whatever happens.
 */
import type { AnyActorRef, AnyMachineSnapshot, EventObject } from 'xstate';
import type { Log } from '../log.js';
import type { Life, Lives } from '../trace/lives.js';
import type { Clock, TimerId } from '../world.js';
import { type Outlet, type Telling, Viewer } from './viewer.js';
import type { StatelyWire } from './wire.js';

export interface FeedOptions {
  readonly lives: Lives;
  readonly wire: StatelyWire;
  readonly clock: Pick<Clock, 'wall' | 'setTimeout' | 'clearTimeout'>;
  readonly log: Log;
}

/** As it was at that moment; snapshots and events never change. */
type Happening = { readonly wall: number } & (
  | { readonly kind: 'born'; readonly life: Life; readonly snapshot: AnyMachineSnapshot }
  | {
      readonly kind: 'sent';
      readonly to: AnyActorRef;
      readonly event: EventObject;
      readonly from: AnyActorRef | undefined;
    }
  | {
      readonly kind: 'took';
      readonly life: Life;
      readonly event: EventObject;
      readonly snapshot: AnyMachineSnapshot;
      readonly events: number;
    }
);

const TELL_EVERY_MS = 50;
/** Told of at most, each time. */
const HAPPENINGS_MAX = 200;
/** Of whom it is told how they stand, each time: a registration is long, and the chat must not wait for it. */
const STANDINGS_MAX = 50;

export class Feed {
  readonly #options: FeedOptions;
  readonly #viewers = new Set<Viewer>();
  /** Of those who were said to be slow. */
  readonly #slow = new WeakSet<Viewer>();
  #happenings: Happening[] = [];
  /** How many there were; more than are kept when there were too many. */
  #happened = 0;
  #unwatch: (() => void) | undefined;
  #timer: TimerId | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Returns what ends it. */
  attach(outlet: Outlet): () => void {
    const { lives, wire } = this.#options;
    const viewer = new Viewer(outlet, lives, wire);
    this.#viewers.add(viewer);
    this.#unwatch ??= this.#watch();
    this.#arm();
    return () => this.#detach(viewer);
  }

  /** Tells at once what there is to tell: to those who lag, of at most so many how they stand. Never throws. */
  flush(standingsMax = STANDINGS_MAX): void {
    this.#disarm();
    try {
      this.#tell(standingsMax);
    } catch (error) {
      // A fault in looking on must not end what is looked at.
      this.#options.log.error(
        { actor: 'inspector', err: error },
        'inspector: failed; its viewers are let go',
      );
      for (const viewer of this.#viewers) viewer.cut();
    }
  }

  #detach(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#disarm();
    this.#taken();
  }

  #watch(): () => void {
    const { lives, clock } = this.#options;
    return lives.watch({
      born: (life) => this.#happen({ kind: 'born', life, snapshot: life.snapshot, wall: clock.wall() }),
      sent: (to, event, from) => this.#happen({ kind: 'sent', to, event, from, wall: clock.wall() }),
      took: (life, event) => this.#took(life, event),
      // One that threw took nothing; every other end was told as the state it led to.
      ended: (life) => life.snapshot.status === 'error' && this.#took(life, { type: 'xstate.error' }),
    });
  }

  #took(life: Life, event: EventObject): void {
    const { snapshot, events } = life;
    this.#happen({ kind: 'took', life, event, snapshot, events, wall: this.#options.clock.wall() });
  }

  #happen(it: Happening): void {
    this.#happened += 1;
    if (this.#happenings.length < HAPPENINGS_MAX) this.#happenings.push(it);
    this.#arm();
  }

  #taken(): { happenings: Happening[]; happened: number } {
    const taken = { happenings: this.#happenings, happened: this.#happened };
    this.#happenings = [];
    this.#happened = 0;
    return taken;
  }

  #tell(standingsMax: number): void {
    const { happenings, happened } = this.#taken();
    const following = [...this.#viewers].filter(({ isBehind }) => !isBehind);
    const tellings = happened > HAPPENINGS_MAX || following.length === 0 ? [] : this.#tellings(happenings);
    for (const viewer of following) {
      if (viewer.isFull) this.#saySlow(viewer);
      if (viewer.isFull || happened > HAPPENINGS_MAX) viewer.fallBehind();
      else viewer.tell(tellings);
    }
    const behind = [...this.#viewers].filter(({ isBehind }) => isBehind);
    const wall = this.#options.clock.wall();
    for (const viewer of behind) viewer.catchUp(Math.ceil(standingsMax / behind.length), wall);
    if (behind.length > 0) this.#arm();
  }

  /** Births first, parents before their children: XState starts a child before its parent is shown. */
  #tellings(happenings: readonly Happening[]): Telling[] {
    const births = new Map<Life, Telling>();
    const others: Telling[] = [];
    for (const it of happenings) {
      const telling = this.#telling(it);
      if (telling?.kind === 'born') births.set(telling.life, telling);
      else if (telling !== undefined) others.push(telling);
    }
    const first = this.#options.lives.parentsFirst(births.keys()).flatMap((life) => births.get(life) ?? []);
    return [...first, ...others];
  }

  #telling(it: Happening): Telling | undefined {
    const { lives, wire } = this.#options;
    const { kind, wall } = it;
    if (kind === 'sent') {
      const life = lives.of(it.to);
      if (life === undefined) return undefined;
      const frame = wire.event(life, it.event, it.from && lives.of(it.from), wall);
      return { kind, life, events: 0, hasEnded: false, frame };
    }
    const { life, snapshot } = it;
    const hasEnded = snapshot.status !== 'active';
    if (kind === 'born') {
      return { kind, life, events: 0, hasEnded, frame: wire.registration(life, snapshot, wall) };
    }
    return { kind, life, events: it.events, hasEnded, frame: wire.snapshot(life, snapshot, it.event, wall) };
  }

  #saySlow(viewer: Viewer): void {
    if (this.#slow.has(viewer)) return;
    this.#slow.add(viewer);
    const text =
      'inspector: a viewer is too slow; it is not told of every event any more, only of the states they led to';
    this.#options.log.warn({ actor: 'inspector' }, text);
  }

  #arm(): void {
    this.#timer ??= this.#options.clock.setTimeout(() => this.flush(), TELL_EVERY_MS);
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
