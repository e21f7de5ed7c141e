/** Named deadlines: an operation, a limit on the world's clock, an abort, and figures per name. */

import { createActor, type InspectionEvent } from 'xstate';
import { deadlineMachine } from '../../machines/deadline.js';
import { formatDuration } from '../durations.js';
import type { Log } from '../log.js';
import type { Clock } from '../world.js';

export interface TimeoutFigures {
  readonly started: number;
  readonly timedOut: number;
  readonly ratePercent: number;
  readonly longestMs: number;
}

/** What became of an operation under a deadline. `failed` carries what it threw. */
export type DeadlineEnd<T> =
  | { readonly kind: 'completed'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'cancelled' };

export interface Deadlines {
  /** Runs `work` for `ms` at most; aborts its signal at the limit or when one of `signals` aborts. */
  within<T>(
    name: string,
    ms: number,
    work: (signal: AbortSignal) => Promise<T>,
    signals?: readonly AbortSignal[],
  ): Promise<DeadlineEnd<T>>;
  /** Counts work that could not be interrupted (parsing): it took `tookMs` where `limitMs` was allowed. */
  measured(name: string, tookMs: number, limitMs: number): void;
  figures(): Readonly<Record<string, TimeoutFigures>>;
}

interface Figures {
  started: number;
  timedOut: number;
  longestMs: number;
}

class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Sees each deadline's actor, as the root's does for the tree. */
  readonly inspect?: ((event: InspectionEvent) => void) | undefined;
}

export function createDeadlines({ clock, log, inspect }: DeadlineOptions): Deadlines {
  const figures = new Map<string, Figures>();
  const figuresOf = (name: string): Figures => {
    const known = figures.get(name) ?? { started: 0, timedOut: 0, longestMs: 0 };
    figures.set(name, known);
    return known;
  };
  const note = (name: string, tookMs: number, isLate: boolean, limitMs: number) => {
    const own = figuresOf(name);
    own.longestMs = Math.max(own.longestMs, Math.round(tookMs));
    if (!isLate) return;
    own.timedOut += 1;
    log.warn({ actor: `deadline/${name}`, ms: limitMs }, `timeout: ${name}, ${formatDuration(limitMs)}`);
  };

  return {
    within<T>(
      name: string,
      ms: number,
      work: (signal: AbortSignal) => Promise<T>,
      signals: readonly AbortSignal[] = [],
    ) {
      figuresOf(name).started += 1;
      if (signals.some(({ aborted }) => aborted))
        return Promise.resolve<DeadlineEnd<T>>({ kind: 'cancelled' });
      const abort = new AbortController();
      const actor = createActor(deadlineMachine, {
        id: name,
        clock,
        input: { name, limitMs: ms, at: clock.now() },
        ...(inspect && { inspect }),
      });
      const cancel = () => actor.send({ type: 'work.cancelled', at: clock.now() });
      let outcome: { kind: 'completed'; value: T } | { kind: 'failed'; error: unknown } | undefined;
      return new Promise<DeadlineEnd<T>>((resolve) => {
        actor.subscribe({
          complete: () => {
            for (const signal of signals) signal.removeEventListener('abort', cancel);
            const snapshot = actor.getSnapshot();
            const isLate = snapshot.matches('timedOut');
            note(name, snapshot.context.tookMs, isLate, ms);
            if (outcome !== undefined) return resolve(outcome);
            abort.abort(new TimedOut(`${name} took longer than ${formatDuration(ms)}`));
            resolve({ kind: isLate ? 'timedOut' : 'cancelled' });
          },
        });
        // Not AbortSignal.any: in Node 20 a signal never forgets what was once made of it.
        for (const signal of signals) signal.addEventListener('abort', cancel, { once: true });
        actor.start();
        const ended = (end: NonNullable<typeof outcome>) => {
          if (actor.getSnapshot().status !== 'active') return;
          outcome = end;
          actor.send({ type: `work.${end.kind}`, at: clock.now() });
        };
        // Started in this very turn: between a permit and its request nothing may be awaited.
        startNow(() => work(abort.signal)).then(
          (value) => ended({ kind: 'completed', value }),
          (error: unknown) => ended({ kind: 'failed', error }),
        );
      });
    },
    measured(name, tookMs, limitMs) {
      figuresOf(name).started += 1;
      note(name, tookMs, tookMs > limitMs, limitMs);
    },
    figures() {
      const all: Record<string, TimeoutFigures> = {};
      for (const [name, { started, timedOut, longestMs }] of figures) {
        all[name] = {
          started,
          timedOut,
          longestMs,
          ratePercent: Math.round((timedOut / started) * 1000) / 10,
        };
      }
      return all;
    },
  };
}

/** Calls at once; a throw becomes a rejection. */
async function startNow<T>(work: () => Promise<T>): Promise<T> {
  return work();
}
