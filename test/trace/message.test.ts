/** A message as a line of a trace: what is kept of it, and that nobody who reads a trace stumbles over it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Notification } from '../../src/chat.js';
import { EarshotError } from '../../src/errors.js';
import { Secret } from '../../src/secret.js';
import { segmentsIn } from '../../src/trace/folder.js';
import { startRecording } from '../../src/trace/recording.js';
import { replay } from '../../src/trace/replay.js';
import { temporaryFolder } from '../support/daemon.js';
import { FakeClock } from '../support/fake-clock.js';
import { breakerRun } from './recorded.js';

const SECRET = 'canary-27182818284590452353602874713526';

const notification = (text: string): Notification => ({
  message: {
    platform: 'kick',
    id: 'm1',
    channel: 'xqc',
    sender: { id: '1', username: 'alice' },
    text,
    createdAt: 0,
  },
  rules: ['me'],
  reasons: ['mention'],
  watched: 'bob',
  matches: ['bob'],
  sinks: ['discord'],
});

function recording(withContent: boolean, dir: string | undefined = temporaryFolder()) {
  const started = startRecording({
    trace: { ...(dir !== undefined && { dir }), keep: 8, maxBytes: 65_536 },
    withContent,
    blackboxFolder: temporaryFolder(),
    clock: new FakeClock(),
    version: '1.0.0',
    process: 'one',
    secrets: [new Secret(SECRET)],
    failed: (error) => {
      throw error;
    },
  });
  return {
    ...started,
    lines: () =>
      segmentsIn(dir ?? '')
        .flatMap((name) => readFileSync(join(dir ?? '', name), 'utf8').split('\n'))
        .filter(Boolean),
  };
}

describe('what was said', () => {
  it('is cut after 2,000 code points, never through one, nor through a secret before it is known for one', () => {
    const { matched, lines, close } = recording(true);
    matched?.(notification('🦜'.repeat(1_999) + SECRET));
    matched?.(notification(`a${'🦜'.repeat(2_500)}`));
    matched?.(notification('x'.repeat(2_000)));
    close();
    const texts = lines()
      .slice(1)
      .map((line) => JSON.parse(line).text);
    expect(texts).toEqual([`${'🦜'.repeat(1_999)}[`, `a${'🦜'.repeat(1_999)}`, 'x'.repeat(2_000)]);
  });

  it('is not listened for when nobody asked', () => {
    const { matched, close } = recording(false);
    expect(matched).toBeUndefined();
    close();
  });

  it('needs a folder', () => {
    const wanted = () =>
      startRecording({
        trace: { keep: 8, maxBytes: 65_536 },
        withContent: true,
        blackboxFolder: temporaryFolder(),
        clock: new FakeClock(),
        version: '1.0.0',
        process: 'one',
        secrets: [],
        failed: () => {},
      });
    expect(wanted).toThrow(EarshotError);
    expect(wanted).toThrow('--trace-content writes what was said into the folder of the trace');
  });
});

describe('a message in a trace', () => {
  const MESSAGE = {
    kind: 'message',
    seq: 3,
    at: 1,
    wall: 1,
    channel: 'xqc',
    username: 'alice',
    text: 'hey @bob\n{"kind":"header"}',
    rules: ['me'],
    reasons: ['mention'],
    sinks: ['discord'],
  };
  const [header = '', ...rest] = breakerRun().lines;
  const spoken = (line: object) => [header, ...rest.flatMap((it) => [it, JSON.stringify(line)])].join('\n');

  it('is passed over by a replay, wherever it stands and whatever number it bears', () => {
    const silent = replay([header, ...rest].join('\n'));
    expect(silent.events).toBe(6);
    for (const seq of [0, 3, 1_000_000]) expect(replay(spoken({ ...MESSAGE, seq }))).toEqual(silent);
  });

  it.each([
    ['seq'],
    ['at'],
    ['wall'],
    ['channel'],
    ['username'],
    ['text'],
    ['rules'],
    ['reasons'],
    ['sinks'],
  ])('is none without its %s, and the trace is refused', (key) => {
    expect(() => replay(spoken({ ...MESSAGE, [key]: { no: 1 } }))).toThrow(
      'line 3 is no line of a trace: {"kind":"message"',
    );
  });
});
