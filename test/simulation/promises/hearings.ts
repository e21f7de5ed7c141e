/** What the present life heard, as told from outside: which messages, when, and whether it cannot but have heard them. */
import { type Chat, type Message, rulesOf } from '../chat.js';
import { roomOf, type Shape } from '../shape.js';
import type { Wire } from '../sockets.js';
import type { Timeline } from '../timeline.js';
import { chatsIn, wishOf } from './frames.js';

export interface Hearing {
  readonly at: number;
  /** Many are heard at one moment: this tells which was heard before which. */
  readonly order: number;
  /** The daemon cannot but have heard it. */
  isSure: boolean;
}

export interface HearingsWatch {
  /** Heard for the first time in this life. */
  first(message: Message, hearing: Hearing): void;
  /** Heard live, for the first time or again; `isSure`: it cannot but have been. */
  live(room: number, isSure: boolean): void;
  /** It may have been heard after all, or not: nothing is sure of this room for a while. */
  doubted(room: number): void;
}

/** An unsubscription that is decided may take so long to be said. */
const UNSAID_MS = 1_000;

export class Hearings {
  readonly #chat: Chat;
  readonly #shape: Shape;
  readonly #timeline: Timeline;
  readonly #watch: HearingsWatch;
  readonly #wishes = new WeakMap<Wire, Set<string>>();
  #hearings = new Map<number, Hearing>();
  /** Of them, those that concern the user; whoever looks leaves out what is accepted by then, for good. */
  #wanted = new Map<number, Hearing>();
  /** By room, the newest message that was surely heard. */
  #upTo = new Map<number, number>();
  /** Messages handed over, as often as they were. */
  handed = 0;

  constructor(chat: Chat, shape: Shape, timeline: Timeline, watch: HearingsWatch) {
    this.#chat = chat;
    this.#shape = shape;
    this.#timeline = timeline;
    this.#watch = watch;
  }

  began(): void {
    this.#hearings = new Map();
    this.#wanted = new Map();
    this.#upTo = new Map();
    this.handed = 0;
  }

  /** Every room there is. */
  get rooms(): number[] {
    return Array.from({ length: this.#shape.channels }, (_, index) => index);
  }

  of(n: number): Hearing | undefined {
    return this.#hearings.get(n);
  }

  all(): Iterable<readonly [n: number, hearing: Hearing]> {
    return this.#hearings;
  }

  /** What cannot but have been heard and concerns the user, and is not accepted, in the order of hearing. */
  *owed(accepted: { has(n: number): boolean }): Iterable<readonly [n: number, hearing: Hearing]> {
    for (const heard of this.#wanted) {
      const [n, { isSure }] = heard;
      if (accepted.has(n)) this.#wanted.delete(n);
      else if (isSure) yield heard;
    }
  }

  /** The newest message of a room that was surely heard live; 0 before the first. */
  upTo(room: number): number {
    return this.#upTo.get(room) ?? 0;
  }

  /** By which rules it concerns somebody. */
  rules(n: number): readonly ('me' | 'words')[] {
    return rulesOf(this.#chat.of(n).kind, this.#shape);
  }

  message(n: number): Message {
    return this.#chat.of(n);
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

  handedOver(wire: Wire, text: string): void {
    for (const { topic, n } of chatsIn(text)) {
      const isSure = this.#wishes.get(wire)?.has(topic) === true;
      this.#hear(n, isSure);
      const { room } = this.#chat.of(n);
      this.#watch.live(room, isSure);
      if (!isSure) continue;
      this.#upTo.set(room, Math.max(this.upTo(room), n));
    }
  }

  /** A page of the history; what of it is read is not for sure. */
  page(numbers: readonly number[]): void {
    for (const n of numbers) this.#hear(n, false);
  }

  sure(n: number): void {
    const hearing = this.#hearings.get(n);
    if (hearing !== undefined) hearing.isSure = true;
  }

  #hear(n: number, isSure: boolean): void {
    this.handed += 1;
    const known = this.#hearings.get(n);
    if (known !== undefined) {
      known.isSure ||= isSure;
      return;
    }
    const hearing = { at: this.#timeline.now, order: this.#hearings.size, isSure };
    this.#hearings.set(n, hearing);
    if (this.rules(n).includes('me')) this.#wanted.set(n, hearing);
    this.#watch.first(this.#chat.of(n), hearing);
  }

  /** Given up by the daemon: what came in the last moment may not have been heard. */
  #leaves(topic: string): void {
    const { now } = this.#timeline;
    for (const [n, hearing] of this.#hearings) {
      const message = this.#chat.of(n);
      if (now - hearing.at > UNSAID_MS || topicOf(message) !== topic) continue;
      hearing.isSure = false;
      this.#watch.doubted(message.room);
    }
  }
}

function topicOf({ room }: Message): string {
  return `chatrooms.${roomOf(room).chatroomId}.v2`;
}
