/** Who is told of a message: the sinks of its rules and nobody else, and none while a rule cools down. */
import type { Arrival, Store } from '../../../src/store.js';
import { type Message, numberOfId } from '../chat.js';
import type { Life } from '../life.js';
import { COOLDOWN_MS, type Shape } from '../shape.js';
import type { Timeline } from '../timeline.js';
import type { Hearing, Hearings } from './hearings.js';
import type { Verdict } from './verdict.js';

/** The cooldown of a room's rule, as told from outside. */
interface Cooldown {
  lastAt: number | undefined;
  /** Until then it cannot be told for sure. */
  unsureUntil: number;
}

export class Judgements {
  readonly #shape: Shape;
  readonly #dropped: () => number;
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;
  readonly #all: string;
  #cooldowns = new Map<number, Cooldown>();
  /** By message, whether the rule was free for it; absent when that is not for sure. */
  #free = new Map<number, boolean>();

  /** @param dropped how many messages the running life says it dropped. */
  constructor(shape: Shape, dropped: () => number, timeline: Timeline, verdict: Verdict) {
    this.#shape = shape;
    this.#dropped = dropped;
    this.#timeline = timeline;
    this.#verdict = verdict;
    this.#all = namesOf(shape.sinks.map(({ name }) => name));
  }

  began(): void {
    this.#cooldowns = new Map();
    this.#free = new Map();
  }

  /** The rule's own count of the time, at the moment at which the message is judged. */
  heard({ n, room }: Message, rules: readonly string[], { isSure }: Hearing): void {
    if (!rules.includes('words')) return;
    const { now } = this.#timeline;
    const cooldown = this.#cooldowns.get(room) ?? { lastAt: undefined, unsureUntil: 0 };
    this.#cooldowns.set(room, cooldown);
    // As long as it is unsure whether the rule was free, it is unsure whether this one took its turn.
    if (!isSure || now < cooldown.unsureUntil) cooldown.unsureUntil = now + COOLDOWN_MS;
    const isFree = cooldown.lastAt === undefined || now - cooldown.lastAt >= COOLDOWN_MS;
    if (isFree) cooldown.lastAt = now;
    if (now >= cooldown.unsureUntil) this.#free.set(n, isFree);
  }

  doubted(room: number): void {
    for (const [n] of this.#free) this.#free.delete(n);
    this.#cooldowns.set(room, { lastAt: undefined, unsureUntil: this.#timeline.now + COOLDOWN_MS });
  }

  committed(
    life: Life,
    { arrivals }: Parameters<Store['commit']>[0],
    duplicates: readonly number[],
    hearings: Hearings,
  ): void {
    for (const [index, arrival] of arrivals.entries()) {
      const n = numberOfId(arrival.message.id);
      const hearing = hearings.of(n);
      if (hearing === undefined) {
        this.#verdict.breaks(
          'nothing is invented',
          `message ${n} is archived and was never heard (life ${life.number})`,
        );
      } else if (!duplicates.includes(index)) this.#judged(hearings.message(n), hearings.rules(n), arrival);
    }
  }

  #judged(message: Message, rules: readonly string[], { rows, notification }: Arrival): void {
    const { n, kind } = message;
    const sinks = namesOf(rows.map(({ sink }) => sink));
    if (rules.length === 0) {
      const isAllowed = rows.length === 0 && notification === undefined && this.#shape.archive === 'all';
      this.#verdict.holds(
        'what matches no rule is told to nobody',
        isAllowed,
        () => `message ${n} (${kind}) goes to ${sinks || 'the archive'}`,
      );
    } else if (rules.includes('me')) {
      this.#verdict.holds(
        'a message goes to every sink of its rules',
        sinks === this.#all,
        () => `message ${n} goes to ${sinks || 'nobody'}, and should to ${this.#all}`,
      );
    } else this.#cools(message, sinks);
  }

  #cools({ n, kind, room }: Message, sinks: string): void {
    const isFree = this.#free.get(n);
    const isTold = sinks !== '';
    if (isFree === undefined || isFree === isTold) return;
    // What was dropped and is heard again is judged again.
    if (this.#dropped() > 0) return;
    this.#verdict.breaks(
      'a rule is silent in a room for its cooldown, and no longer',
      `message ${n} (${kind}) of room ${room} goes to ${sinks || 'nobody'}, and the rule was ${isFree ? '' : 'not '}free`,
    );
  }
}

function namesOf(names: readonly string[]): string {
  return [...names].sort().join(', ');
}
