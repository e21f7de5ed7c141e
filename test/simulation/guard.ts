/**
 * The guard at the door to the real world: while a simulation runs, no code of the daemon's may read this machine's
 * clock, set its timers or roll its dice. Whoever does is named. What a part throws and nobody catches is told, too.
 */
import { fileURLToPath } from 'node:url';

/** Where the daemon's code lies. */
const OWN = ['../../src/', '../../machines/'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
);

const HERE = fileURLToPath(import.meta.url);

/** @param failed told what was done, or thrown. The returned function ends the watch. */
export function guard(failed: (error: unknown) => void): () => void {
  const real = {
    setTimeout,
    setInterval,
    now: Date.now,
    performanceNow: performance.now,
    random: Math.random,
  };
  const accuse = (what: string) => {
    const [caller = ''] = (new Error().stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line) && !line.includes(HERE));
    // A library that looks at the time for its own purposes is its own affair.
    if (OWN.some((folder) => caller.includes(folder)))
      failed(new Error(`${what}, and not the world's: ${caller.trim()}`));
  };
  // XState throws what nobody handled out of a timer of its own, so that somebody sees it.
  const isXState = () => new Error().stack?.includes('reportUnhandledError') === true;
  const timer =
    (what: string, set: typeof setTimeout | typeof setInterval) =>
    (callback: () => void, ...rest: [number?]) => {
      if (isXState()) return thrown(callback, failed);
      accuse(what);
      return set(callback, ...rest);
    };
  const reading = (what: string, read: () => number) => () => {
    accuse(what);
    return read();
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

function thrown(callback: () => void, failed: (error: unknown) => void): undefined {
  try {
    callback();
  } catch (error) {
    failed(error);
  }
}
