/**
 * A secret from the moment it is read. It shows itself as `[secret]` everywhere (strings, JSON, inspection);
 * only `reveal()` gives the value, where a request is made.
 */
import { inspect } from 'node:util';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
