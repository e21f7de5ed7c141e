/**
 * What a watched room waits for, and for how long: after a failed lookup, after a subscription that was refused or
 * not answered, and before its silence is doubted.
 */
import type { Config } from '../../../src/config.js';
import { roomOf } from '../shape.js';
import type { Timeline } from '../timeline.js';
import { Jitter } from './jitter.js';
import type { Verdict } from './verdict.js';

interface Room {
  /** Since when it rests, and for how long it may and must. */
  rest: { readonly from: number; readonly floorMs: number; readonly ceilingMs: number } | undefined;
  /** Not looked up again before so long after the last answer. */
  lookupFloorMs: number;
  lookups: number;
  asks: number;
  refusedAt: number;
  /** When it was surely heard at the latest. */
  heardAt: number;
  /** Since when it is subscribed; undefined while it is not. */
  subscribedAt: number | undefined;
  /** How often its silence was doubted since it was heard: for sure, and perhaps. */
  doubts: number;
  doubtsMin: number;
  /** Since when it is to be subscribed anew; undefined while it is not. */
  unaskedAt: number | undefined;
  askedAt: number;
  /** Its stream is known to have ended, perhaps. */
  isOffline: boolean;
}

const LOOKUP_MS = 30_000;
const LOOKUP_MAX_MS = 3_600_000;
const REFUSED_MS = 600_000;
/** After these answers to a lookup, nobody asks again for so long. */
const FLOORS_MS: Readonly<Record<number, number>> = { 403: 5 * 60_000, 404: LOOKUP_MAX_MS, 429: 5_000 };
const SLACK_MS = 150;
const SWEEPS_MS = 3_000;
const AGAIN =
  'a lookup or a subscription that failed is tried again after growing waits, and not before its time';
const SILENCE = 'silence is doubted after its time, which doubles, and ends with any message';

export class Rooms {
  readonly #config: Config;
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;
  readonly #jitter = new Jitter();
  #rooms = new Map<string, Room>();
  #stalledUntil = 0;

  constructor(config: Config, timeline: Timeline, verdict: Verdict) {
    this.#config = config;
    this.#timeline = timeline;
    this.#verdict = verdict;
  }

  began(): void {
    this.#rooms = new Map();
  }

  stalls(until: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, until);
    for (const room of this.#rooms.values()) room.rest = undefined;
  }

  /** A chat message was handed over; `isSure`: the daemon cannot but have heard it. */
  heard(index: number, isSure: boolean): void {
    const room = this.#of(roomOf(index).slug);
    room.doubtsMin = 0;
    if (!isSure) return;
    room.heardAt = this.#timeline.now;
    room.isOffline = false;
    room.doubts = 0;
  }

  /** Its stream has ended: nobody is expected to talk. */
  streamEnded(index: number): void {
    this.#of(roomOf(index).slug).isOffline = true;
  }

  /** The daemon sent a frame. */
  sent(text: string): void {
    if (!text.includes('"chatrooms.') || text.includes('unsubscribe')) return;
    const chatroomId = Number(/"chatrooms\.(\d+)\./.exec(text)?.[1]);
    const room = this.#of(roomOf(chatroomId - roomOf(0).chatroomId).slug);
    room.askedAt = this.#timeline.now;
    room.unaskedAt = undefined;
  }

  /** A lookup has ended: with this status, or with none. */
  lookedUp(path: string, status: number | undefined): void {
    this.#of(path.split('/').at(-1) ?? '').lookupFloorMs =
      status === undefined ? 0 : (FLOORS_MS[status] ?? 0);
  }

  turned(slug: string, from: string | undefined, to: string, event: string): void {
    const room = this.#of(slug);
    const { now } = this.#timeline;
    if (from === undefined)
      Object.assign(room, { rest: undefined, lookups: 0, asks: 0, unaskedAt: undefined });
    const isTimer = event.startsWith('xstate.after');
    if (from?.endsWith('.resting') && isTimer) this.#rested(slug, room);
    room.rest = undefined;
    if (to === 'resolving.resting') {
      room.lookups += 1;
      const ceilingMs = Math.min(LOOKUP_MS * 2 ** (room.lookups - 1), LOOKUP_MAX_MS);
      this.#rests(room, room.lookupFloorMs, ceilingMs);
    } else if (to === 'subscribing.resting') {
      room.asks += 1;
      const { initial, max } = this.#config.reconnect;
      this.#rests(room, 0, Math.min(initial * 2 ** (room.asks - 1), max));
    } else if (to === 'refused') room.refusedAt = now;
    if (event === 'link.up' || to === 'live' || to === 'silent') room.asks = 0;
    const refusedMs = now - room.refusedAt;
    this.#verdict.holds(
      AGAIN,
      from !== 'refused' || !isTimer || refusedMs >= REFUSED_MS - SLACK_MS,
      () => `${slug} was refused ${(refusedMs / 1_000).toFixed(1)} s ago, and is asked for again`,
    );
    if (event === 'channel.silent') {
      this.#doubted(slug, room);
      // Asked within the transition that is told of here.
      if (from === 'live' && room.askedAt !== now) room.unaskedAt = now;
    } else if (to === 'waiting' || to === 'leaving' || to === 'left') room.unaskedAt = undefined;
    const isSubscribed = to === 'live' || to === 'silent';
    if (!isSubscribed) room.subscribedAt = undefined;
    else if (from !== 'live' && from !== 'silent') room.subscribedAt = now;
  }

  /** Every now and then, while it runs and is not stopping. */
  look(): void {
    const { now } = this.#timeline;
    if (now < this.#stalledUntil + SWEEPS_MS) return;
    for (const [slug, { heardAt, subscribedAt, doubts, isOffline, unaskedAt }] of this.#rooms) {
      this.#verdict.holds(
        SILENCE,
        now - (unaskedAt ?? now) <= SWEEPS_MS,
        () => `${slug} is doubted, and is not subscribed anew`,
      );
      if (subscribedAt === undefined || heardAt === 0 || isOffline) continue;
      const quietMs = now - Math.max(heardAt, subscribedAt, this.#stalledUntil);
      this.#verdict.holds(
        SILENCE,
        quietMs <= this.#silentMs(doubts) + SWEEPS_MS,
        () =>
          `${slug} says nothing for ${(quietMs / 1_000).toFixed(1)} s (doubted ${doubts} times), and that is left`,
      );
    }
  }

  #doubted(slug: string, room: Room): void {
    const quietMs = this.#timeline.now - room.heardAt;
    this.#verdict.holds(
      SILENCE,
      quietMs >= this.#silentMs(room.doubtsMin) - 1,
      () =>
        `${slug} is silent for ${(quietMs / 1_000).toFixed(1)} s, and is doubted for the ${room.doubts + 1}th time`,
    );
    room.doubts += 1;
    room.doubtsMin += 1;
  }

  #silentMs(doubts: number): number {
    return Math.min(6 * 3_600_000, this.#config.kick.silentAfter * 2 ** doubts);
  }

  #rests(room: Room, floorMs: number, ceilingMs: number): void {
    const { now } = this.#timeline;
    if (now >= this.#stalledUntil + SWEEPS_MS) room.rest = { from: now, floorMs, ceilingMs };
  }

  #rested(slug: string, { rest }: Room): void {
    if (rest === undefined) return;
    const { from, floorMs, ceilingMs } = rest;
    const ms = this.#timeline.now - from;
    this.#verdict.holds(
      AGAIN,
      ms >= floorMs - SLACK_MS && ms <= Math.max(floorMs, ceilingMs) + SLACK_MS,
      () => `${slug} is asked for after ${ms.toFixed(0)} ms, and it may be ${floorMs} to ${ceilingMs}`,
    );
    const wrong = floorMs > 0 ? undefined : this.#jitter.add(Math.min(ms, ceilingMs), ceilingMs);
    this.#verdict.holds(AGAIN, wrong === undefined, () => `the waits of the rooms are ${wrong}`);
  }

  #of(slug: string): Room {
    const known = this.#rooms.get(slug);
    if (known !== undefined) return known;
    const room: Room = {
      rest: undefined,
      lookupFloorMs: 0,
      lookups: 0,
      asks: 0,
      refusedAt: 0,
      heardAt: 0,
      subscribedAt: undefined,
      doubts: 0,
      doubtsMin: 0,
      unaskedAt: undefined,
      askedAt: 0,
      isOffline: false,
    };
    this.#rooms.set(slug, room);
    return room;
  }
}
