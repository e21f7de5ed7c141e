import { expect, it, onTestFinished } from 'vitest';
import { realClock } from '../../src/real-world.js';
import { guard } from './guard.js';

it('accuses our own code of reading the real clock, and nobody else', () => {
  const failures: unknown[] = [];
  onTestFinished(guard((error) => failures.push(error)));
  Date.now();
  performance.now();
  expect(failures).toEqual([]);
  realClock.wall();
  realClock.clearTimeout(realClock.setTimeout(() => {}, 0));
  expect(failures.map(String)).toEqual([
    expect.stringMatching(/this machine’s Date.now, and not the world's: .*real-world/),
    expect.stringMatching(/this machine’s setTimeout, and not the world's: .*real-world/),
  ]);
});
