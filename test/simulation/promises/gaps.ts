/** What was missed is asked for, no mark passes what is not committed, and a room's messages keep their order. */
import type { Mark, Store } from '../../../src/store.js';
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
  /** How many messages the running life says it dropped. */
  readonly dropped: () => number;
}

const DONE = 'xstate.done.actor.fill';
const REFUSED_MS = 600_000;
const ID = /"id":"00000000-0000-4000-8000-(\d{12})"/g;

export class Gaps {
  readonly #parts: GapsParts;
  /** By slug, the message at which the committed mark stands. */
  readonly #marks = new Map<string, number>();
  /** By room, when the newest message that was accepted was written. */
  readonly #writtenAt = new Map<number, number>();
  /** By room, since when something may be missed that has not been asked for; absent when nothing may. */
  #openSince = new Map<number, number>();
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
    this.#pages = new Map();
    this.#openSince = new Map(this.#parts.hearings.rooms.map((room) => [room, 0]));
    this.#refusedUntil = 0;
  }

  /** Frames of the room change places, or are lost and may come back from the history later. */
  mixesOrder(room: number): void {
    this.#mixed.add(room);
  }

  /** The history answered; what of it is read shows when the channel goes on. */
  answered(path: string, status: number, text: string): void {
    const { hearings, timeline } = this.#parts;
    if (status === 403 || status === 429) this.#refusedUntil = timeline.now + REFUSED_MS;
    const numbers = [...text.matchAll(ID)].map(([, n]) => Number(n));
    hearings.page(numbers);
    const channelId = Number(/\/chat\/(\d+)\//.exec(path)?.[1]);
    const isNewest = status === 200 && !path.includes('start_time');
    if (isNewest) this.#pages.set(channelId - roomOf(0).channelId, numbers);
  }

  /** A channel is in another state; `isOpen`: the store can be asked for its mark. */
  turned(slug: string, from: string | undefined, to: string, event: string, isOpen: boolean): void {
    const room = roomIndexOf(slug);
    if (to === 'filling') this.#pages.delete(room);
    // Broken off, it lets go what it held; what it did not get comes with the next one.
    if (from === 'filling' && event !== DONE) this.mixesOrder(room);
    const isCaughtUp = to === 'live' || to === 'silent' || to === 'moving';
    if (isCaughtUp) this.#openSince.delete(room);
    else if (!this.#openSince.has(room)) this.#openSince.set(room, this.#parts.timeline.now);
    if (to !== 'live' && to !== 'silent') return;
    if (from === 'filling' && event === DONE) this.#filled(slug, room);
    else if (from === 'subscribing.asked') this.#notAsked(slug, room, isOpen);
  }

  committed({ arrivals, marks = [] }: Parameters<Store['commit']>[0], duplicates: readonly number[]): void {
    const { hearings } = this.#parts;
    for (const [index, { message, rows }] of arrivals.entries()) {
      if (!duplicates.includes(index) && rows.length > 0)
        this.#follows(hearings.message(numberOfId(message.id)));
    }
    for (const mark of marks) {
      this.#marked(mark);
      this.#marks.set(mark.channel, numberOfId(mark.id));
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
    const openSince = this.#openSince.get(roomIndexOf(channel));
    verdict.holds(
      'a mark never passes a gap that is still open',
      openSince === undefined || upTo.at <= openSince,
      () =>
        `the mark of ${channel} is at message ${numberOfId(id)}, and what was missed before is not asked for yet`,
    );
    if (this.#mixed.has(roomIndexOf(channel))) return;
    const left = [...hearings.all()].filter(
      ([n, { at, isSure }]) =>
        isSure &&
        at <= upTo.at &&
        roomOf(hearings.message(n).room).slug === channel &&
        hearings.rules(n).includes('me') &&
        !ledger.accepted.has(n),
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

function roomIndexOf(slug: string): number {
  return Number(slug.slice('room'.length));
}
