/**
 * Tasks: named work beside the pipeline (retention, checkpoints, the health sweep). Each runs at its period and
 * never twice at once; one that throws is said and tried again at its next turn; all are cancelled together.
 */
import type { ActorRefFrom, AnyActorLogic } from 'xstate';
import { tasksMachine } from '../machines/tasks.js';
import { Scope } from './actors/scope.js';
import { wired } from './actors/wired.js';
import type { Log } from './log.js';
import type { Clock, TimerId } from './world.js';

export interface TasksStatus {
  /** Tasks that are scheduled, whether or not they are at work this moment. */
  readonly active: number;
  readonly names: readonly string[];
}

export class Tasks {
  readonly logic: AnyActorLogic;
  readonly #scope = new Scope();
  readonly #timers = new Map<string, TimerId>();
  readonly #clock: Clock;
  readonly #log: Log;
  #actor: ActorRefFrom<typeof tasksMachine> | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.logic = wired(tasksMachine, (self) => {
      this.#actor = self;
      for (const name of this.#timers.keys()) self.send({ type: 'task.started', name });
    });
  }

  /** Runs `work` every `everyMs` milliseconds, first after one period, until everything is cancelled. */
  every(name: string, everyMs: number, work: (signal: AbortSignal) => void | Promise<void>): void {
    if (!this.#scope.isOpen || this.#timers.has(name)) return;
    this.#actor?.send({ type: 'task.started', name });
    const schedule = () => {
      if (!this.#scope.isOpen) return;
      this.#timers.set(name, this.#clock.setTimeout(turn, everyMs));
    };
    const turn = () => {
      this.#scope
        .run(async (signal) => work(signal))
        .catch((error: unknown) => {
          const text = error instanceof Error ? error.message : String(error);
          if (this.#scope.isOpen)
            this.#log.error({ actor: 'tasks', task: name }, `task failed (${name}): ${text}`);
        })
        .then(schedule);
    };
    schedule();
  }

  status(): TasksStatus {
    return { active: this.#timers.size, names: [...this.#timers.keys()] };
  }

  /** Ends every task: timers at once, work in hand by its signal, awaited for `limitMs`. Returns how many did not end. */
  async cancelAll(limitMs: number): Promise<number> {
    this.#actor?.send({ type: 'tasks.cancelled' });
    for (const timer of this.#timers.values()) this.#clock.clearTimeout(timer);
    const left = await this.#scope.close(this.#clock, limitMs);
    for (const name of this.#timers.keys()) this.#actor?.send({ type: 'task.ended', name });
    this.#timers.clear();
    return left;
  }
}
