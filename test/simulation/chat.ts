/** What is said in the chats: each message once, numbered, so that it is known again wherever it turns up. */
import type { Say } from '../../src/demo/kick-message.js';
import type { Chance } from './chance.js';
import { IGNORED, KEYWORD, type Shape, WATCHED } from './shape.js';

/** What a message is to the rules. */
export type Kind = 'plain' | 'mention' | 'reply' | 'keyword' | 'both' | 'own' | 'ignored';

export interface Message {
  readonly n: number;
  readonly room: number;
  readonly kind: Kind;
  readonly id: string;
  readonly say: Say;
  /** Epoch milliseconds, as Kick writes it: whole seconds. */
  readonly createdAt: number;
  /** Sinks that refuse it for good. */
  readonly poisons: ReadonlySet<string>;
}

const MIX: readonly [Kind, ...Kind[]] = [
  'plain',
  'plain',
  'plain',
  'mention',
  'mention',
  'reply',
  'keyword',
  'both',
  'own',
  'ignored',
];

export class Chat {
  /** By number; the first is 1. */
  readonly messages: Message[] = [];
  readonly #chance: Chance;
  readonly #poison = new Map<string, number>();

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  anyKind(): Kind {
    return this.#chance.pick(MIX);
  }

  /** So many of the next mentions are what this sink refuses for good. */
  poison(sink: string, count: number): void {
    this.#poison.set(sink, (this.#poison.get(sink) ?? 0) + count);
  }

  /** Nothing more is poison. */
  lift(): void {
    this.#poison.clear();
  }

  /** @param wall Kick's clock, epoch milliseconds. */
  next(room: number, kind: Kind, wall: number): Message {
    const n = this.messages.length + 1;
    const createdAt = Math.floor(wall / 1_000) * 1_000;
    const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
    const chance = this.#chance;
    const username =
      kind === 'own'
        ? spelt(chance, WATCHED)
        : kind === 'ignored'
          ? spelt(chance, IGNORED)
          : `user${chance.whole(1, 40)}`;
    const replyTo =
      kind === 'reply'
        ? { replyTo: { username: spelt(chance, WATCHED), text: 'before', messageId: 'before' } }
        : {};
    const say: Say = { id, username, userId: n, text: textOf(n, kind, chance), createdAt: wall, ...replyTo };
    const message = { n, room, kind, id, say, createdAt, poisons: this.#poisonsOf(kind) };
    this.messages.push(message);
    return message;
  }

  of(n: number): Message {
    const message = this.messages[n - 1];
    if (message === undefined) throw new Error(`no message ${n} was ever said`);
    return message;
  }

  #poisonsOf(kind: Kind): ReadonlySet<string> {
    const poisons = new Set<string>();
    if (kind !== 'mention') return poisons;
    for (const [sink, count] of this.#poison) {
      if (count === 0) continue;
      poisons.add(sink);
      this.#poison.set(sink, count - 1);
    }
    return poisons;
  }
}

/** What names nobody and is no keyword, however near it comes. */
const NEARLY: readonly [string, ...string[]] = [
  'so it goes',
  'so it goes',
  `${WATCHED}by`,
  `@${WATCHED}by`,
  `the${WATCHED}`,
  `${WATCHED}_x`,
  `${WATCHED}-smith`,
  `[emote:37226:${WATCHED}]`,
  `https://x.example/${WATCHED}`,
  `mail@${WATCHED}.example`,
  `${KEYWORD}s`,
  `no${KEYWORD}`,
  `[emote:37227:${KEYWORD}]`,
];

function textOf(n: number, kind: Kind, chance: Chance): string {
  const isNamed = kind === 'mention' || kind === 'both' || kind === 'ignored' || kind === 'own';
  const hasWord = kind === 'keyword' || kind === 'both';
  const name = chance.pick(['@%', '@%', '%:', '@%,', '(%)', '%!']).replace('%', spelt(chance, WATCHED));
  const word = chance.pick(['a % now', 'a % now', '%!', '(%)', '%,']).replace('%', spelt(chance, KEYWORD));
  const parts = [...(isNamed ? [name] : []), ...(hasWord ? [word] : []), chance.pick(NEARLY), `msg${n}`];
  return parts.join(' ');
}

/** A name or a word as people write it. */
function spelt(chance: Chance, word: string): string {
  const capital = `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
  return chance.pick([word, word, word, word.toUpperCase(), capital]);
}

const MARK = /\bmsg(\d+)\b/g;

/** The numbers of the messages that a text tells of, in their order, each once. */
export function numbersIn(text: string): number[] {
  return [...new Set([...text.matchAll(MARK)].map(([, n]) => Number(n)))];
}

export function numberOfId(id: string): number {
  return Number(id.slice(-12));
}

/** The rules by which a message of this kind is judged, as the shape has them. */
export function rulesOf(kind: Kind, { rules }: Pick<Shape, 'rules'>): readonly ('me' | 'words')[] {
  const hasWords = rules === 'words';
  switch (kind) {
    case 'mention':
    case 'reply':
      return ['me'];
    case 'keyword':
      return hasWords ? ['words'] : [];
    case 'both':
      return hasWords ? ['me', 'words'] : ['me'];
    default:
      return [];
  }
}
