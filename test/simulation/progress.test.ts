import { expect, it } from 'vitest';
import { Progress, type Screen } from './progress.js';

/** Plays so many seeds, one every so many milliseconds, before this screen. */
function written(seeds: number, everyMs: number, isTTY: boolean): string[] {
  const texts: string[] = [];
  const screen: Screen = { isTTY, write: (text) => texts.push(text.replace('\r\u001b[K', '<')) };
  let now = 500;
  const progress = new Progress(seeds, screen, () => now);
  for (let seed = 1; seed <= seeds; seed += 1) {
    now += everyMs;
    progress.played(seed % 10 === 0);
  }
  progress.end();
  return texts;
}

it('says how far it is once a second after ten, and takes the line away', () => {
  expect(written(23, 500, true)).toEqual([
    '<20 of 23 seeds, 2 failed; about 2 s left',
    '<22 of 23 seeds, 2 failed; about 1 s left',
    '<',
  ]);
});

it('says nothing of a short run, and nothing where nobody watches', () => {
  expect(written(15, 500, true)).toEqual([]);
  expect(written(60, 500, false)).toEqual([]);
});
