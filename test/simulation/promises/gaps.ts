/** What was missed is asked for, no mark passes what is not committed, and a room's messages keep their order. */
import type { Arrival, Mark, Store } from '../../../src/store.js';
import { type Message, numberOfId } from '../chat.js';
import { roomOf, type Shape } from '../shape.js';
import type { Timeline } from '../timeline.js';
import type { Hearings } from './hearings.js';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verdict.js';

export interface GapsParts {
  readonly shape: Shape;
  readonly hearings: Hearings;
  readonly ledger: Ledger;
  readonly timeline: Timeline;
  readonly verdict: Verdict;
  /** How many messages the running life says it dropped; dear to ask. */
  readonly dropped: () => number;
}

const DONE = 'xstate.done.actor.fill';
const REFUSED_MS = 600_000;
/** What is missed is waited for so long. */
const HELD_MS = 10_000;
const ID = /"id":"00000000-0000-4000-8000-(\d{12})"/g;

export class Gaps {
  readonly #parts: GapsParts;
  /** By slug, the message at which the committed mark stands. */
  readonly #marks = new Map<string, number>();
  /** By room, when the newest message that was accepted was written. */
  readonly #writtenAt = new Map<number, number>();
  /** By room, since when something may be missed that has not been asked for; absent when nothing may. */
  #openSince = new Map<number, number>();
  /** By room, since when its chat is held: what was missed is asked for, or was until that was broken off. */
  #heldSince = new Map<number, number>();
  /** By room, when an answer of its history was last lost: another life may ask for all of that again. */
  readonly #lostAt = new Map<number, number>();
  /** By room, when its chat was last let go that had been held. */
  #releasedAt = new Map<number, number>();
  /** By room, how far it was surely read when the stop was asked for. */
  #readTo = new Map<number, number>();
  /** By room, the newest page of its history. */
  #pages = new Map<number, readonly number[]>();
  /** Until then the history is not asked: it refused. */
  #refusedUntil = 0;
  /** Rooms of whose order nothing can be said any more. */
  readonly #mixed = new Set<number>();

  constructor(parts: GapsParts) {
    this.#parts = parts;
  }

  began(): void {
    for (const room of this.#lostAt.keys()) this.mixesOrder(room);
    this.#lostAt.clear();
    this.#pages = new Map();
    this.#heldSince = new Map();
    this.#releasedAt = new Map();
    this.#readTo = new Map();
    this.#openSince = new Map(this.#parts.hearings.rooms.map((room) => [room, 0]));
    this.#refusedUntil = 0;
  }

  /** Frames of the room change places, or are lost and may come back from the history later. */
  mixesOrder(room: number): void {
    this.#mixed.add(room);
  }

  /** An answer of the history was lost, or holds nothing: the gap is given up, until another life finds the old mark. */
  lost(path: string): void {
    this.#lostAt.set(roomOfPath(path), this.#parts.timeline.now);
  }

  /** The history answered; what of it is read shows when the channel goes on. */
  answered(path: string, status: number, text: string): void {
    const { hearings, timeline } = this.#parts;
    if (status === 403 || status === 429) this.#refusedUntil = timeline.now + REFUSED_MS;
    const numbers = [...text.matchAll(ID)].map(([, n]) => Number(n));
    hearings.page(numbers);
    if (status !== 200 || !text.includes('"messages"')) return this.lost(path);
    if (!path.includes('start_time')) this.#pages.set(roomOfPath(path), numbers);
  }

  /** A channel is in another state; `isOpen`: the store can be asked for its mark. */
  turned(slug: string, from: string | undefined, to: string, event: string, isOpen: boolean): void {
    const room = roomIndexOf(slug);
    if (to === 'filling') this.#fills(room);
    // Until the store is open nobody knows of a gap: what is heard by then goes before what was missed.
    if (to === 'live' && !isOpen) this.mixesOrder(room);
    // What is held goes on at the end of a life; what was missed before it comes in the next.
    if ((to === 'leaving' || to === 'left') && this.#heldSince.has(room)) this.mixesOrder(room);
    const isCaughtUp = to === 'live' || to === 'silent' || to === 'moving';
    if (isCaughtUp) this.#openSince.delete(room);
    else if (!this.#openSince.has(room)) this.#openSince.set(room, this.#parts.timeline.now);
    if (to !== 'live' && to !== 'silent') return;
    if (this.#heldSince.delete(room)) this.#releasedAt.set(room, this.#parts.timeline.now);
    if (from === 'filling' && event === DONE) this.#filled(slug, room);
    else if (from === 'subscribing.asked') this.#notAsked(slug, room, isOpen);
  }

  /** The stop is asked for: how far has been read up to now is written before its end. */
  stops(): void {
    const { hearings } = this.#parts;
    if (this.#readTo.size > 0) return;
    for (const room of hearings.rooms)
      if (!this.#openSince.has(room) && !this.#mixed.has(room)) this.#readTo.set(room, hearings.upTo(room));
  }

  /** It ended well, and the store could be written. */
  endedWell(): void {
    for (const [room, upTo] of this.#readTo) {
      const { slug } = roomOf(room);
      const mark = this.#marks.get(slug) ?? 0;
      this.#parts.verdict.holds(
        'a clean end leaves a mark at what was read',
        mark >= upTo || this.#mixed.has(room),
        () => `the mark of ${slug} is at message ${mark}, and ${upTo} was read before the stop`,
      );
    }
  }

  committed({ arrivals, marks = [] }: Parameters<Store['commit']>[0], duplicates: readonly number[]): void {
    const { hearings } = this.#parts;
    for (const [index, { message, rows }] of arrivals.entries()) {
      if (!duplicates.includes(index) && rows.length > 0)
        this.#follows(hearings.message(numberOfId(message.id)));
    }
    this.#isOldestDropped(arrivals, duplicates);
    for (const mark of marks) {
      this.#marked(mark);
      this.#marks.set(mark.channel, numberOfId(mark.id));
    }
  }

  /** Held since an earlier attempt that was broken off, the chat waits for this one: unless that was too long ago. */
  #fills(room: number): void {
    const { now } = this.#parts.timeline;
    this.#pages.delete(room);
    const since = this.#heldSince.get(room) ?? now;
    if (now - since > HELD_MS) this.mixesOrder(room);
    this.#heldSince.set(room, now - since > HELD_MS ? now : since);
  }

  /** Of what waited, the oldest went: nothing that is accepted now was there before something that is not. */
  #isOldestDropped(arrivals: readonly Arrival[], duplicates: readonly number[]): void {
    const { hearings, ledger, timeline, verdict, dropped } = this.#parts;
    const oldest = new Map<number, { readonly n: number; readonly at: number }>();
    for (const [index, { message, rows }] of arrivals.entries()) {
      const n = numberOfId(message.id);
      const at = hearings.of(n)?.at;
      if (at === undefined || rows.length === 0 || duplicates.includes(index)) continue;
      const { room } = hearings.message(n);
      if (at < (oldest.get(room)?.at ?? Number.POSITIVE_INFINITY)) oldest.set(room, { n, at });
    }
    for (const [room, first] of oldest) {
      const isHeld = this.#heldSince.has(room) || (this.#releasedAt.get(room) ?? 0) >= first.at;
      if (isHeld || this.#mixed.has(room)) continue;
      for (const [n, { at }] of hearings.owed(ledger.accepted)) {
        if (at <= first.at || at >= timeline.now || hearings.message(n).room !== room) continue;
        // Asked last: the whole status is made for it.
        if (dropped() === 0) return;
        verdict.breaks(
          'of what waits, the oldest is dropped first',
          `message ${first.n} is accepted, and message ${n}, which came after it, is gone`,
        );
      }
    }
  }

  /** What the newest page has beyond what was heard is heard now. */
  #filled(slug: string, room: number): void {
    const { hearings } = this.#parts;
    const upTo = hearings.upTo(room);
    const mark = this.#marks.get(slug) ?? (upTo > 0 ? 0 : Number.POSITIVE_INFINITY);
    for (const n of this.#pages.get(room) ?? []) if (n > Math.max(upTo, mark)) hearings.sure(n);
  }

  #notAsked(slug: string, room: number, isOpen: boolean): void {
    const { shape, hearings, timeline, verdict } = this.#parts;
    if (!shape.gapFill || shape.ids === 'room' || timeline.now < this.#refusedUntil) return;
    const hasGap = hearings.upTo(room) > 0 || (isOpen && this.#marks.has(slug));
    verdict.holds(
      'what was missed while the chat was away is asked for',
      !hasGap,
      () => `${slug} is heard again, and nobody asked what was said meanwhile`,
    );
  }

  #follows({ n, room, createdAt }: Message): void {
    const before = this.#writtenAt.get(room) ?? 0;
    this.#writtenAt.set(room, Math.max(before, createdAt));
    if (createdAt >= before || this.#mixed.has(room)) return;
    // What was dropped may come back later.
    if (this.#parts.dropped() > 0) this.mixesOrder(room);
    else {
      this.#parts.verdict.breaks(
        'a room’s messages are accepted in the order in which they were written',
        `message ${n} of room ${room} was written ${(before - createdAt) / 1_000} s before the one accepted last`,
      );
    }
  }

  /** Everything that was heard up to the mark is committed: after a crash nobody would ask for it again. */
  #marked({ channel, id }: Mark): void {
    const { hearings, ledger, verdict, dropped } = this.#parts;
    const upTo = hearings.of(numberOfId(id));
    if (upTo === undefined) return;
    const room = roomIndexOf(channel);
    if (upTo.at > (this.#lostAt.get(room) ?? upTo.at)) this.#lostAt.delete(room);
    // Nothing was ever read there: before it nothing can have been missed.
    if (!this.#marks.has(channel)) this.#openSince.delete(room);
    const openSince = this.#openSince.get(room);
    verdict.holds(
      'a mark never passes a gap that is still open',
      openSince === undefined || upTo.at <= openSince,
      () =>
        `the mark of ${channel} is at message ${numberOfId(id)}, and what was missed before is not asked for yet`,
    );
    if (this.#mixed.has(room)) return;
    const left = [...hearings.owed(ledger.accepted)].filter(
      ([n, { order }]) => order <= upTo.order && hearings.message(n).room === room,
    );
    if (left.length === 0) return;
    verdict.holds(
      'a mark never passes what is not committed',
      left.length <= dropped(),
      () =>
        `the mark of ${channel} is at message ${numberOfId(id)}, and message ${left[0]?.[0]} is not committed`,
    );
  }
}

function roomOfPath(path: string): number {
  return Number(/\/chat\/(\d+)\//.exec(path)?.[1]) - roomOf(0).channelId;
}

function roomIndexOf(slug: string): number {
  return Number(slug.slice('room'.length));
}
