import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from '../src/durations.js';
import { terminalSafe } from '../src/terminal-text.js';

describe('durations and sizes', () => {
  it.each([
    ['30s', 30_000],
    ['1.5 m', 90_000],
    ['24h', 86_400_000],
    ['30d', 2_592_000_000],
    ['250ms', 250],
    [12, 12_000],
    ['12', 12_000],
    ['0s', 0],
    ['', undefined],
    ['5 minutes', undefined],
    ['-5s', undefined],
    ['1h30m', undefined],
    ['NaN', undefined],
  ])('%j is a duration of %j ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['1 GiB', 1_073_741_824],
    ['10MB', 10_000_000],
    [4096, 4_096],
    ['1.5', undefined],
    ['12 parsecs', undefined],
    ['', undefined],
  ])('%j is a size of %j bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    [0, '0 s'],
    [49, '0 s'],
    [400, '0.4 s'],
    [1_300, '1.3 s'],
    [12_000, '12 s'],
    [41_200, '41 s'],
    [720_000, '12 min'],
    [11_100_000, '3h 5m'],
    [273_600_000, '3d 4h'],
    [2_592_000_000, '30d'],
    [7_200_000, '2h'],
  ])('%i ms reads %j', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [812, '812 B'],
    [1_234, '1.2 kB'],
    [61_000_000, '61 MB'],
    [1_100_000_000, '1.1 GB'],
  ])('%i bytes read %j', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});

describe('text on a terminal', () => {
  it('is on one line, and moves, colours and turns nothing', () => {
    expect(terminalSafe('a\r\nb\tc')).toBe('a b c');
    expect(terminalSafe('\u001b[2J\u001b]0;title\u0007 \u009b31m \u202eevil \u0000')).toBe(
      '\ufffd[2J\ufffd]0;title\ufffd \ufffd31m \ufffdevil \ufffd',
    );
    expect(terminalSafe('日本 😀 é')).toBe('日本 😀 é');
  });
});
