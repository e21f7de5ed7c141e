import { expect, it } from 'vitest';
import { settingsOf } from './settings.js';

it('takes what the command line says', () => {
  expect(settingsOf(['--seeds', '1000', '--from=7', '--verbose', '--workers', '2'])).toEqual({
    seeds: 1_000,
    from: 7,
    workers: 2,
    seed: undefined,
    isVerbose: true,
    traces: 'simulation-traces',
  });
  expect(settingsOf(['--seed', '42', '--trace', 'there'])).toMatchObject({ seed: 42, traces: 'there' });
});

it.each([
  [['--seeds', 'many'], "--seeds must be a whole number from 1 to 4294967295, not 'many'"],
  [['--from', '4294967290', '--seeds', '7'], "--seeds must be a whole number from 1 to 6, not '7'"],
  [['--seed', '0'], "--seed must be a whole number from 1 to 4294967295, not '0'"],
  [['--seed', '1.5'], "--seed must be a whole number from 1 to 4294967295, not '1.5'"],
  [['--seed', '4294967296'], "--seed must be a whole number from 1 to 4294967295, not '4294967296'"],
  [['--workers', '65'], "--workers must be a whole number from 1 to 64, not '65'"],
  [['--seeds'], "Option '--seeds <value>' argument missing"],
  [['--seeds', '-1'], "Option '--seeds' argument is ambiguous"],
  [['--verbose=yes'], "Option '--verbose' does not take an argument"],
  [['--speed'], "Unknown option '--speed'"],
  [['12'], "Unexpected argument '12'"],
])('says what is wrong with %j', (args, problem) => {
  expect(settingsOf(args)).toBe(problem);
});
