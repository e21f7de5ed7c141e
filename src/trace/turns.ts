/** What became of each actor in a replay, turn by turn: the states it went through, and what took it there. */
import type { AnyMachineSnapshot } from 'xstate';
import type { Life, ReplayObserver } from './cast.js';
import type { TraceActor, TraceEvent } from './format.js';
import { stateName } from './state-name.js';

export interface Turn {
  /** The event's type. */
  readonly event: string;
  /** The state it led to, in one word. */
  readonly to: string;
}

/** One life of one actor; of one that goes on in the next segment, what it did in one. */
export interface LifeTurns {
  readonly path: string;
  readonly machine: string;
  /** The state in which it was met. */
  readonly first: string;
  /** Events that left the state as it was are not among them. */
  readonly turns: readonly Turn[];
  /** Its end is told, too. */
  readonly hasEnded: boolean;
}

interface OwnTurns extends LifeTurns {
  readonly turns: Turn[];
  hasEnded: boolean;
}

export class Turns implements ReplayObserver {
  readonly #lives = new Map<Life, OwnTurns>();

  introduced(life: Life, { path, machine, value }: TraceActor): void {
    this.#lives.set(life, { path, machine, first: stateName(value), turns: [], hasEnded: false });
  }

  stepped(life: Life, { event, to }: TraceEvent, before: AnyMachineSnapshot): void {
    const name = stateName(to);
    if (name !== stateName(before.value)) this.#lives.get(life)?.turns.push({ event: event.type, to: name });
  }

  stopped(life: Life): void {
    const turns = this.#lives.get(life);
    if (turns !== undefined) turns.hasEnded = true;
  }

  /** In the order in which they were met. */
  get lives(): LifeTurns[] {
    return [...this.#lives.values()];
  }

  /** The states that an actor went through, over all its lives, each named once in a row; none when it was never met. */
  wayOf(path: string): string[] {
    const states = this.lives
      .filter((life) => life.path === path)
      .flatMap(({ first, turns }) => [first, ...turns.map(({ to }) => to)]);
    return states.filter((state, index) => state !== states[index - 1]);
  }
}
