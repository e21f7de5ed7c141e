/** The time of a stand-in: the system's, unless whoever plays it brings another. */
export interface StandinClock {
  /** Epoch milliseconds. */
  wall(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const systemClock: StandinClock = {
  wall: () => Date.now(),
  // Node fires timers beyond 2^31 ms at once.
  setTimeout: (callback, ms) => setTimeout(callback, Math.min(ms, 2 ** 31 - 1)),
  clearTimeout(timer) {
    if (timer instanceof Object) clearTimeout(timer as NodeJS.Timeout);
  },
};
