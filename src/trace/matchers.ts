/**
 * What vitest.ts adds to Vitest's `expect`, as types alone. It stands apart so that the declarations that go with the
 * package can be made from it, and need nothing else of Earshot.
 */
import type {} from 'vitest';

/** Of a trace: a file, a folder as `--trace` writes it, or the text itself. */
export interface TraceMatchers<R = unknown> {
  /** What is recorded is what the machines of this version do: every state, every context, every timer. */
  toReplay(): R;
  /**
   * It replays, and one actor went through these states in this order, whatever lay between them. Actors and states
   * are named as `earshot replay` names them; `attached` stands for `attached.connected.quiet` as well.
   */
  toReach(path: string, states: string | readonly string[]): R;
}

declare module 'vitest' {
  interface Matchers<T> extends TraceMatchers<T> {}
}
