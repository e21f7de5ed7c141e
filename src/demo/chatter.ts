/** Chat that flows by itself: viewers who talk, and now and then one who means you. */
import { draw } from '../../machines/backoff.js';
import type { KickStandin } from './kick-standin.js';

const VIEWERS = ['alice', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'mallory'];
const LINES = [
  'gg wp',
  'lol',
  '[emote:37226:KEKW] [emote:37226:KEKW]',
  'that was close',
  'what is the song?',
  'first time here, hi all',
  '@bobby you missed it', // not bob
  'mail me at x@bob.example', // nor this
  'W',
  'how long have you been live?',
];
const EVERY_MS = 40;

export class Chatter {
  /** How often somebody meant the user. */
  mentions = 0;
  readonly #kick: KickStandin;
  readonly #channels: readonly string[];
  #seed: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(kick: KickStandin, channels: readonly string[], seed: number) {
    this.#kick = kick;
    this.#channels = channels;
    this.#seed = seed;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#kick.say(this.#pick(this.#channels), { username: this.#pick(VIEWERS), text: this.#pick(LINES) });
    }, EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Somebody says something to the user. */
  mention(text: string, channel = this.#pick(this.#channels)): void {
    this.mentions += 1;
    this.#kick.say(channel, { username: this.#pick(VIEWERS), text });
  }

  reply(text: string, to: string, said: string): void {
    this.mentions += 1;
    this.#kick.say(this.#pick(this.#channels), {
      username: this.#pick(VIEWERS),
      text,
      replyTo: { username: to, text: said },
    });
  }

  #pick<T extends string>(from: readonly T[]): T | string {
    const { value, seed } = draw(this.#seed);
    this.#seed = seed;
    return from[Math.floor(value * from.length)] ?? '';
  }
}
