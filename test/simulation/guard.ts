/**
 * The guard at the door to the real world: while a simulation runs, no code of the daemon's may read this machine's
 * clock, set its timers or roll its dice. Whoever does is named. What a part throws and nobody catches is told, too.
 */
import { fileURLToPath } from 'node:url';

/** Where the daemon's code lies. */
const OWN = ['../../src/', '../../machines/'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
);

/** @param failed told what was done, or thrown. The returned function ends the watch. */
export function guard(failed: (error: unknown) => void): () => void {
  const real = {
    setTimeout,
    setInterval,
    now: Date.now,
    performanceNow: performance.now,
    random: Math.random,
  };
  const accuse = (what: string, door: (...given: never[]) => unknown) => {
    const caller = callerOf(door);
    const file = caller?.getFileName() ?? '';
    // A library that looks at the time for its own purposes is its own affair.
    if (OWN.some((folder) => file.includes(folder)))
      failed(new Error(`${what}, and not the world's: ${caller}`));
  };
  // XState throws what nobody handled out of a timer of its own, so that somebody sees it.
  const isXState = () => new Error().stack?.includes('reportUnhandledError') === true;
  const timer = (what: string, set: typeof setTimeout | typeof setInterval) => {
    const door = (callback: () => void, ...rest: [number?]) => {
      if (isXState()) return thrown(callback, failed);
      accuse(what, door);
      return set(callback, ...rest);
    };
    return door;
  };
  const reading = (what: string, read: () => number) => {
    const door = () => {
      accuse(what, door);
      return read();
    };
    return door;
  };
  Object.assign(globalThis, {
    setTimeout: timer('this machine’s setTimeout', real.setTimeout),
    setInterval: timer('this machine’s setInterval', real.setInterval),
  });
  Date.now = reading('this machine’s Date.now', real.now);
  performance.now = reading('this machine’s performance.now', () => real.performanceNow.call(performance));
  Math.random = reading('this machine’s Math.random', real.random);
  process.on('uncaughtException', failed);
  process.on('unhandledRejection', failed);
  return () => {
    Object.assign(globalThis, { setTimeout: real.setTimeout, setInterval: real.setInterval });
    Date.now = real.now;
    performance.now = real.performanceNow;
    Math.random = real.random;
    process.off('uncaughtException', failed);
    process.off('unhandledRejection', failed);
  };
}

/** Who called it. XState alone reads the time a hundred times a seed, and the text of a whole stack is dear. */
function callerOf(door: (...given: never[]) => unknown): NodeJS.CallSite | undefined {
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.stackTraceLimit = 1;
  Error.prepareStackTrace = (_, sites) => sites;
  const trace: { stack?: unknown } = {};
  Error.captureStackTrace(trace, door);
  const sites = trace.stack;
  Error.stackTraceLimit = stackTraceLimit;
  Error.prepareStackTrace = prepareStackTrace;
  return Array.isArray(sites) ? sites[0] : undefined;
}

function thrown(callback: () => void, failed: (error: unknown) => void): undefined {
  try {
    callback();
  } catch (error) {
    failed(error);
  }
}
