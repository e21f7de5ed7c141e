/**
 * How far a channel's chat has been read, and where a gap begins that is still to be asked for. The stored mark
 * never passes an open gap: after a crash nobody would fill it.
 */
import type { SourceLedger } from '../ledger.js';
import type { Mark } from '../store.js';

export class ReadMark {
  readonly #channel: string;
  readonly #ledger: Pick<SourceLedger, 'mark' | 'follow'>;
  /** The newest message heard: a chat message has all that a mark needs. */
  #upTo: Mark | undefined;
  #gapFrom: Mark | undefined;

  constructor(channel: string, ledger: Pick<SourceLedger, 'mark' | 'follow'>) {
    this.#channel = channel;
    this.#ledger = ledger;
    ledger.follow(channel, () => this.#gapFrom ?? this.#upTo);
  }

  /** Where what was missed begins; undefined when nothing can have been. */
  get gapFrom(): Mark | undefined {
    return this.#gapFrom;
  }

  /** Once the message is with the intake: what waits there is written with the mark, and what does not is not. */
  heard(message: Mark): void {
    this.#upTo = message;
  }

  /** From the history, which may hand over what is older than what was heard since. */
  heardPast(message: Mark): void {
    if (this.#upTo === undefined || message.createdAt > this.#upTo.createdAt) this.#upTo = message;
  }

  /** From now on something may be missed. Before the first message, what was stored counts. */
  interrupted(): void {
    this.#gapFrom ??= this.#upTo ?? this.#ledger.mark(this.#channel);
  }

  /** A mark is there that was not when something may have been missed; true when that makes a gap. */
  recall(): boolean {
    const mark = this.#ledger.mark(this.#channel);
    if (mark === undefined || this.#gapFrom !== undefined || this.#upTo !== undefined) return false;
    this.#gapFrom = mark;
    return true;
  }

  /** Whatever was missed has been asked for, or given up. */
  caughtUp(): void {
    this.#gapFrom = undefined;
  }
}
