/**
 * What was said to a life, and what became of it: whatever it surely heard is accepted, waits, or was dropped and
 * counted; nothing is invented; no mark passes what is not committed; a room's messages keep their order.
 */

import type { StatusDocument } from '../../../src/status.js';
import type { Arrival, Mark, Store } from '../../../src/store.js';
import { type Chat, type Message, numberOfId, rulesOf } from '../chat.js';
import type { Life } from '../life.js';
import { COOLDOWN_MS, roomOf, type Shape } from '../shape.js';
import type { Wire } from '../sockets.js';
import type { Timeline } from '../timeline.js';
import { chatsIn, wishOf } from './frames.js';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verdict.js';

interface Hearing {
  readonly at: number;
  /** The daemon cannot but have heard it. */
  isSure: boolean;
}

/** The cooldown of a room's rule, as told from outside. */
interface Cooldown {
  lastAt: number | undefined;
  /** Until then it cannot be told for sure. */
  unsureUntil: number;
}

const HEARD = 'what is heard is accepted, waits, or is dropped and counted';
const ORDER = 'a room’s messages are accepted in the order in which they were written';
const COOLS = 'a rule is silent in a room for its cooldown, and no longer';
/** An unsubscription that is decided may take so long to be said. */
const UNSAID_MS = 1_000;

export class Heard {
  readonly #chat: Chat;
  readonly #shape: Shape;
  readonly #ledger: Ledger;
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;
  #hearings = new Map<number, Hearing>();
  /** Messages handed over, as often as they were. */
  #handed = 0;
  #acceptedHere = 0;
  #cooldowns = new Map<number, Cooldown>();
  readonly #wishes = new WeakMap<Wire, Set<string>>();
  /** By room, when the newest message that was accepted was written. */
  readonly #writtenAt = new Map<number, number>();
  #keepsOrder = true;

  constructor(parts: { chat: Chat; shape: Shape; ledger: Ledger; timeline: Timeline; verdict: Verdict }) {
    this.#chat = parts.chat;
    this.#shape = parts.shape;
    this.#ledger = parts.ledger;
    this.#timeline = parts.timeline;
    this.#verdict = parts.verdict;
  }

  began(): void {
    this.#hearings = new Map();
    this.#handed = 0;
    this.#acceptedHere = 0;
    this.#cooldowns = new Map();
  }

  /** Frames change their order, or something was given up: nothing can be said of the order any more. */
  mixesOrder(): void {
    this.#keepsOrder = false;
  }

  /** The daemon asked for a topic, or for no more of it. */
  sent(wire: Wire, text: string): void {
    const wish = wishOf(text);
    if (wish === undefined) return;
    const wishes = this.#wishes.get(wire) ?? new Set<string>();
    this.#wishes.set(wire, wishes);
    if (wish.isOn) wishes.add(wish.topic);
    else if (wishes.delete(wish.topic)) this.#leaves(wish.topic);
  }

  handed(wire: Wire, text: string): void {
    for (const { topic, n } of chatsIn(text)) {
      this.#hear(n, this.#wishes.get(wire)?.has(topic) === true);
    }
  }

  /** A page of the history was answered; whether all of it is read is not for sure. */
  handedPage(text: string): void {
    for (const [, n] of text.matchAll(/"id":"00000000-0000-4000-8000-(\d{12})"/g))
      this.#hear(Number(n), false);
  }

  committed(
    life: Life,
    { arrivals, marks = [] }: Parameters<Store['commit']>[0],
    duplicates: readonly number[],
  ): void {
    for (const [index, arrival] of arrivals.entries()) {
      const n = numberOfId(arrival.message.id);
      this.#verdict.holds(
        'nothing is invented',
        this.#hearings.has(n),
        () => `message ${n} is archived and was never heard (life ${life.number})`,
      );
      if (duplicates.includes(index)) continue;
      this.#judged(this.#chat.of(n), arrival);
      if (arrival.rows.length === 0) continue;
      this.#acceptedHere += 1;
      this.#follows(this.#chat.of(n));
    }
    for (const mark of marks) this.#marked(mark);
  }

  /** Looks at the account of the life that runs. */
  poll({ account }: StatusDocument): void {
    const { heard, malformed, unmatched, ignored, suppressed, dropped, waiting, accepted } = account;
    if (dropped > 0) this.#keepsOrder = false;
    const most = (what: string, count: number, bound: number) =>
      this.#verdict.holds(
        'the same message once',
        count <= bound,
        () => `${count} counted as ${what}, and ${bound} were heard`,
      );
    most('heard', heard - malformed, this.#handed);
    most(
      'unmatched',
      unmatched,
      this.#distinct((rules, { kind }) => rules.length === 0 && !isOwn(kind)),
    );
    most(
      'ignored',
      ignored,
      this.#distinct((_, { kind }) => isOwn(kind)),
    );
    most(
      'suppressed',
      suppressed,
      this.#distinct((rules) => rules.includes('words')),
    );
    most(
      'accepted',
      accepted + waiting,
      this.#distinct((rules) => rules.length > 0),
    );
    this.#verdict.holds(
      'the account adds up',
      accepted === this.#acceptedHere,
      () => `${accepted} counted as accepted, and ${this.#acceptedHere} were committed`,
    );
    const open = this.#open();
    this.#verdict.holds(
      HEARD,
      open.length <= waiting + dropped,
      () =>
        `messages ${open.slice(0, 10).join(', ')} were heard; ${waiting} wait and ${dropped} were dropped`,
    );
  }

  /** Surely heard, surely wanted, and not accepted. */
  #open(): number[] {
    const open: number[] = [];
    for (const [n, { isSure }] of this.#hearings) {
      if (isSure && !this.#ledger.accepted.has(n) && this.#rules(n).includes('me')) open.push(n);
    }
    return open;
  }

  #distinct(isOne: (rules: readonly string[], message: Message) => boolean): number {
    let count = 0;
    for (const n of this.#hearings.keys()) if (isOne(this.#rules(n), this.#chat.of(n))) count += 1;
    return count;
  }

  #rules(n: number): readonly ('me' | 'words')[] {
    return rulesOf(this.#chat.of(n).kind, this.#shape);
  }

  #hear(n: number, isSure: boolean): void {
    this.#handed += 1;
    const known = this.#hearings.get(n);
    if (known !== undefined) {
      known.isSure ||= isSure;
      return;
    }
    this.#hearings.set(n, { at: this.#timeline.now, isSure });
    this.#cools(n, isSure);
  }

  /** The rule's own count of the time, at the moment at which the message is judged. */
  #cools(n: number, isSure: boolean): void {
    if (!this.#rules(n).includes('words')) return;
    const { room } = this.#chat.of(n);
    const { now } = this.#timeline;
    const cooldown = this.#cooldowns.get(room) ?? { lastAt: undefined, unsureUntil: 0 };
    this.#cooldowns.set(room, cooldown);
    // As long as it is unsure whether the rule was free, it is unsure whether this one took its turn.
    if (!isSure || now < cooldown.unsureUntil) cooldown.unsureUntil = now + COOLDOWN_MS;
    if (cooldown.lastAt === undefined || now - cooldown.lastAt >= COOLDOWN_MS) cooldown.lastAt = now;
  }

  /** Given up by the daemon: what came in the last moment may not have been heard. */
  #leaves(topic: string): void {
    const { now } = this.#timeline;
    for (const [n, hearing] of this.#hearings) {
      if (now - hearing.at > UNSAID_MS || topicOf(this.#chat.of(n)) !== topic) continue;
      hearing.isSure = false;
      this.#cooldowns.set(this.#chat.of(n).room, { lastAt: undefined, unsureUntil: now + COOLDOWN_MS });
    }
  }

  /** Goes to the sinks of its rules, and to no others. */
  #judged({ n, kind, room }: Message, { rows, notification }: Arrival): void {
    const rules = rulesOf(kind, this.#shape);
    const sinks = rows
      .map(({ sink }) => sink)
      .sort()
      .join(', ');
    const all = this.#shape.sinks
      .map(({ name }) => name)
      .sort()
      .join(', ');
    if (rules.length === 0) {
      const isAllowed = rows.length === 0 && notification === undefined && this.#shape.archive === 'all';
      this.#verdict.holds(
        'what matches no rule is told to nobody',
        isAllowed,
        () => `message ${n} (${kind}) goes to ${sinks || 'the archive'}`,
      );
      return;
    }
    if (rules.includes('me')) {
      this.#verdict.holds(
        'a message goes to every sink of its rules',
        sinks === all,
        () => `message ${n} goes to ${sinks || 'nobody'}, and should to ${all}`,
      );
      return;
    }
    const at = this.#hearings.get(n)?.at ?? 0;
    const cooldown = this.#cooldowns.get(room);
    if (cooldown === undefined || at < cooldown.unsureUntil || this.#ledger.refusals > 0) return;
    const isFree = cooldown.lastAt === at;
    this.#verdict.holds(
      COOLS,
      isFree === rows.length > 0,
      () =>
        `message ${n} (${kind}) goes to ${sinks || 'nobody'}; the rule was last free at ${((cooldown.lastAt ?? 0) / 1_000).toFixed(3)} s`,
    );
  }

  #follows({ n, room, createdAt }: Message): void {
    const before = this.#writtenAt.get(room) ?? 0;
    this.#writtenAt.set(room, Math.max(before, createdAt));
    if (this.#keepsOrder) {
      this.#verdict.holds(
        ORDER,
        createdAt >= before,
        () =>
          `message ${n} of room ${room} was written ${(before - createdAt) / 1_000} s before the one accepted last`,
      );
    }
  }

  /** Everything that was heard up to the mark is committed: after a crash nobody would ask for it again. */
  #marked({ channel, id }: Mark): void {
    const upTo = this.#hearings.get(numberOfId(id));
    if (upTo === undefined) return;
    const left = [...this.#hearings].filter(
      ([n, { at, isSure }]) =>
        isSure &&
        at <= upTo.at &&
        roomOf(this.#chat.of(n).room).slug === channel &&
        this.#rules(n).includes('me') &&
        !this.#ledger.accepted.has(n),
    );
    if (!this.#keepsOrder) return;
    this.#verdict.holds(
      'a mark never passes what is not committed',
      left.length === 0,
      () =>
        `the mark of ${channel} is at message ${numberOfId(id)}, and message ${left[0]?.[0]} is not committed`,
    );
  }
}

function isOwn(kind: Message['kind']): boolean {
  return kind === 'own' || kind === 'ignored';
}

function topicOf({ room }: Message): string {
  return `chatrooms.${roomOf(room).chatroomId}.v2`;
}
