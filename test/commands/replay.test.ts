/** `earshot replay` from outside: what it prints, and its exit codes. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { configText, kickStandin, temporaryFolder } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';
import { altered, BREAKER_PATH, breakerRun, named } from '../trace/recorded.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

/** A folder with these files, and the program run in it. */
function withFiles(files: Readonly<Record<string, string | Buffer>>) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const replay = (...args: string[]) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      execFile(process.execPath, [CLI, 'replay', ...args], { cwd: folder }, (error, out, err) =>
        resolve({ code: error === null ? 0 : error.code, out, err }),
      );
    });
  return { folder, replay };
}

const TEXT = `${breakerRun().text()}\n`;
const opening = (to: string) =>
  altered(
    TEXT,
    (line) => line.kind === 'event' && line.to === 'open',
    (line) => ({ ...line, to }),
  );

describe('earshot replay', () => {
  it('says how much agrees, and exits 0', async () => {
    const { replay } = withFiles({ 'one.ndjson': TEXT });
    expect(await replay('one.ndjson')).toEqual({
      code: 0,
      out: '6 events, 1 actor, 0 divergences\n',
      err: '',
    });
    const { code, out } = await replay('one.ndjson', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      events: 6,
      actors: 1,
      divergences: 0,
      changed: [],
      changes: [],
      unreadable: 0,
      missing: 0,
      failed: 0,
      notices: [],
    });
  });

  it('shows the first divergence, and exits 1', async () => {
    const { replay } = withFiles({ 'one.ndjson': opening('halfOpen') });
    expect(await replay('one.ndjson')).toEqual({
      code: 1,
      out: `2 events, 1 actor, 1 divergence
  actor     ${BREAKER_PATH} (breaker)
  event     call.failed, seq 3, 2026-01-01T00:00:00.100Z
  at        one.ndjson, line 4
  expected  closed → halfOpen
  got       closed → open
`,
      err: '',
    });
    const { code, out } = await replay('one.ndjson', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ divergences: 1, divergence: { path: BREAKER_PATH, seq: 3 } });
  });

  it('reads the segments of a folder in order, then its flight recordings', async () => {
    const { lines, recorder, report } = breakerRun();
    const first = named(lines).join('\n');
    const introduction = recorder.introduction();
    lines.splice(0);
    report('call.failed');
    const second = named([...introduction, ...lines]).join('\n');
    const { replay } = withFiles({
      'trace-000009.ndjson': `${first}\n`,
      'trace-000010.ndjson': `${second}\n`,
      // Killed before it had written anything, and before its header was whole.
      'trace-000011.ndjson': '',
      'trace-000012.ndjson': '{"kind":"header","for',
      'blackbox-2026-01-01T00-00-01-300Z-degraded.ndjson': `${first}\n`,
      'notes.txt': 'no trace',
    });
    expect(await replay('.')).toEqual({ code: 0, out: '7 events, 1 actor, 0 divergences\n', err: '' });
    expect(await replay('blackbox-2026-01-01T00-00-01-300Z-degraded.ndjson')).toMatchObject({ code: 0 });
  });

  it('replays what a killed process left, and says that it breaks off', async () => {
    const { replay } = withFiles({ 'trace-000001.ndjson': TEXT.slice(0, -20) });
    expect(await replay('.')).toEqual({
      code: 0,
      out: '5 events, 1 actor, 0 divergences\n',
      err: 'a line breaks off: its process was killed, or is still writing; what stands before was replayed\n',
    });
  });

  it('replays what a daemon had written when it was killed, and what the next one adds', async () => {
    const { folder, replay } = withFiles({});
    const kick = await kickStandin();
    const config = configText({
      kick,
      sinks: '  console: { type: console }',
      more: 'trace: { dir: traces }',
    });
    for (const actors of [
      /^\d+ events, ([1-9]\d?) actors, 0 divergences\n$/,
      /^\d+ events, ([2-9]\d) actors, 0 divergences\n$/,
    ]) {
      const daemon = startProcess(config, folder);
      await daemon.until(isLive);
      daemon.child.kill('SIGKILL');
      await daemon.exited;
      expect(await replay('traces')).toMatchObject({ code: 0, out: expect.stringMatching(actors) });
    }
  }, 30_000);

  it('reads what comes through a pipe', async () => {
    const { folder } = withFiles({ 'one.ndjson': TEXT, 'none.ndjson': '' });
    const piped = (file: string) =>
      new Promise<string>((resolve) => {
        const command = `cat ${file} | '${process.execPath}' '${CLI}' replay /dev/stdin 2>&1`;
        execFile('/bin/sh', ['-c', command], { cwd: folder }, (_, out) => resolve(out));
      });
    expect(await piped('one.ndjson')).toBe('6 events, 1 actor, 0 divergences\n');
    expect(await piped('none.ndjson')).toMatch(/^\/dev\/stdin is empty: there is nothing to replay\n/);
  });

  it('needs no more memory for a long trace than for a short one', async () => {
    const { folder } = withFiles({ long: TEXT.repeat(20_000) });
    expect(statSync(join(folder, 'long')).size).toBeGreaterThan(40_000_000);
    const out = await new Promise((resolve) => {
      const args = ['--max-old-space-size=32', CLI, 'replay', 'long'];
      execFile(process.execPath, args, { cwd: folder }, (_, told) => resolve(told));
    });
    // The same segment again and again: all of it is replayed, and what it tells is counted once.
    expect(out).toBe('6 events, 1 actor, 0 divergences\n');
  }, 60_000);

  it('says in one line that a machine changed', async () => {
    const old = (text: string) => text.replace(/"breaker":"[0-9a-f]+"/, '"breaker":"000000000000"');
    const { replay } = withFiles({ 'old.ndjson': old(TEXT), 'odd.ndjson': old(opening('halfOpen')) });
    const well = await replay('old.ndjson');
    expect(well).toMatchObject({ code: 0, out: '6 events, 1 actor, 0 divergences\n' });
    expect(well.err).toMatch(
      /^breaker changed since this trace was written \(trace 000000000000, now [0-9a-f]{12}\); no difference in its 6 events\n$/,
    );
    const odd = await replay('odd.ndjson');
    expect(odd).toMatchObject({ code: 1, out: expect.stringContaining('expected  closed → halfOpen\n') });
    expect(odd.err).toMatch(
      /^breaker changed since this trace was written \(trace 000000000000, now [0-9a-f]{12}\)\n$/,
    );
  });

  it('takes the actors and the time that are asked for', async () => {
    const { replay } = withFiles({ 'one.ndjson': TEXT });
    const out = async (...args: string[]) => (await replay('one.ndjson', ...args)).out;
    expect(await out('--actor', 'sinks/discord')).toContain('6 events');
    expect(await out('--actor', 'sinks/*/breaker')).toContain('6 events');
    expect(await out('--actor', '**breaker')).toContain('6 events');
    expect(await out('--until', '3')).toContain('2 events');
    expect(await out('--until', '1s')).toContain('3 events');
    expect(await out('--until', '2026-01-01T00:00:01Z')).toContain('3 events');
    expect(await replay('one.ndjson', '--actor', 'sinks/*')).toMatchObject({ code: 0 });
    expect(await replay('one.ndjson', '--actor', 'sinks/dicord/breaker')).toEqual({
      code: 1,
      out: '',
      err: `there is no actor sinks/dicord/breaker in this trace, did you mean \`${BREAKER_PATH}\`?\n`,
    });
    expect(await replay('one.ndjson', '--actor', 'pool')).toMatchObject({
      code: 1,
      err: `there is no actor pool in this trace; known here: ${BREAKER_PATH}\n`,
    });
    expect(await replay('one.ndjson', '--until', 'noon')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^--until noon is neither the number of a line nor a time\n→ give /),
    });
  });
});

describe('what else is asked of a trace', () => {
  it('is what would first have gone differently', async () => {
    const { replay } = withFiles({ 'one.ndjson': TEXT, 'cut.ndjson': TEXT.slice(0, -20) });
    expect(await replay('one.ndjson', '--set', 'breaker.failures=10')).toEqual({
      code: 0,
      out: `With breaker.failures=10 (recorded: 2), the first step that would have gone differently:
  actor       ${BREAKER_PATH} (breaker)
  event       call.failed, seq 3, 2026-01-01T00:00:00.100Z
  recorded    closed → open
  now         closed → closed
  seed        recorded 1831565820, now 7
  generation  recorded 1, now 0
  trips       recorded 1, now 0
  openedAt    recorded 100, now 0
  dueAt       recorded 1101, now 0
  after due   recorded 1001 ms, now nothing
1 event of 1 actor before it would have gone as recorded. What the trace has after it is no longer what would have happened.
`,
      err: '',
    });
    expect(await replay('cut.ndjson', '--set', 'breaker.probe=500ms', '--set', 'breaker.failures=2')).toEqual(
      {
        code: 0,
        out: 'With breaker.probe=500ms (recorded: 0.5 s) and breaker.failures=2 (recorded: 2), nothing would have gone differently in 5 events of 1 actor.\n',
        err: expect.stringContaining('a line breaks off'),
      },
    );
    const json = JSON.parse((await replay('one.ndjson', '--set', 'breaker.failures=3', '--json')).out);
    expect(json).toMatchObject({
      settings: [{ set: 'breaker.failures=3', recorded: ['2'] }],
      events: 2,
      actors: 1,
      departure: { path: BREAKER_PATH, seq: 3, recorded: 'closed → open', now: 'closed → closed' },
    });
    expect(await replay('one.ndjson', '--set', 'queue.limit=3')).toEqual({
      code: 1,
      out: '',
      err: 'there is no queue in this trace\n',
    });
    expect(await replay('one.ndjson', '--set', 'breaker.failure=3')).toEqual({
      code: 2,
      out: '',
      err: 'a breaker has no setting failure\n→ of a breaker can be set: failures, recovery, recoveryMax and probe\n',
    });
  });

  it('is a diagram', async () => {
    const { replay } = withFiles({ 'one.ndjson': TEXT });
    const { code, out, err } = await replay('one.ndjson', '--format', 'mermaid');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^---\ntitle: "sinks\/discord\/breaker"\n---\nstateDiagram-v2\n/);
    const json = JSON.parse((await replay('one.ndjson', '--format', 'mermaid', '--json')).out);
    expect(json).toEqual({ mermaid: out, left: 0, events: 6, actors: 1 });
    expect(await replay('one.ndjson', '--format', 'svg')).toMatchObject({ code: 2, out: '' });
  });

  it('is a test of the shortest way into a state', async () => {
    const { folder, replay } = withFiles({ 'one.ndjson': TEXT });
    const reach = ['--as-test', '--reach', `${BREAKER_PATH}=open`];
    const { code, out, err } = await replay('one.ndjson', ...reach);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain("import { breakerMachine } from '../../machines/breaker.js';\n");
    expect(out.match(/type: 'call\.failed'/g)).toHaveLength(2);
    expect(await replay('one.ndjson', ...reach, '--out', 'open.test.ts')).toEqual({
      code: 0,
      out: 'open.test.ts: 2 recorded events, shrunk to 2\n',
      err: '',
    });
    const written = readFileSync(join(folder, 'open.test.ts'), 'utf8');
    const [, from = ''] = /from '(.*breaker)\.js'/.exec(written) ?? [];
    expect(readFileSync(join(folder, `${from}.ts`), 'utf8')).toContain('export const breakerMachine');
    expect(await replay('one.ndjson', ...reach, '--out', 'open.test.ts')).toEqual({
      code: 1,
      out: '',
      err: 'open.test.ts is there already\n→ give --out another name\n',
    });
    expect(JSON.parse((await replay('one.ndjson', ...reach, '--json')).out)).toMatchObject({
      path: BREAKER_PATH,
      to: 'open',
      machine: 'breaker',
      recorded: 2,
      isMinimal: true,
      file: null,
      test: out,
    });
    expect(await replay('one.ndjson', '--as-test', '--reach', `${BREAKER_PATH}=isolated`)).toMatchObject({
      code: 1,
      err: `in this trace no event led ${BREAKER_PATH} to isolated\n→ it was in closed, open, halfOpen and probing\n`,
    });
  });

  it('is one thing at a time, and nothing of a trace that diverges', async () => {
    const { replay } = withFiles({ 'one.ndjson': TEXT, 'odd.ndjson': opening('halfOpen') });
    for (const args of [
      ['--as-test'],
      ['--reach', 'a=b'],
      ['--out', 'x'],
      ['--as-test', '--reach', 'open'],
      ['--format', 'mermaid', '--set', 'breaker.failures=3'],
    ]) {
      expect(await replay('one.ndjson', ...args)).toMatchObject({ code: 2, out: '' });
    }
    for (const args of [
      ['--format', 'mermaid'],
      ['--set', 'breaker.probe=9s'],
      ['--as-test', '--reach', `${BREAKER_PATH}=probing`],
    ]) {
      const { code, out, err } = await replay('odd.ndjson', ...args);
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(/^2 events, 1 actor, 1 divergence\n {2}actor /);
    }
  });
});

describe('what is no trace', () => {
  const [header = '', ...rest] = TEXT.trim().split('\n');
  const record = 'record one: earshot run --trace DIR, or earshot demo --trace DIR';
  const takeAnew =
    'the file was altered or damaged: take the recording anew, or replay the lines before that one';

  it.each<[string, string | Buffer, string, string]>([
    ['an empty file', '', 'it is empty: there is nothing to replay', record],
    [
      'a header that breaks off',
      header.slice(0, 60),
      'it breaks off within its first line: there is nothing to replay',
      record,
    ],
    ['text', 'Dear Bob\n', 'it is no trace: its first line is not the header of one', record],
    [
      'a log',
      '{"level":30,"msg":"hello"}\n',
      'it is no trace: its first line is not the header of one',
      record,
    ],
    [
      'a picture',
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0]),
      'it is no trace: its first line is not the header of one',
      record,
    ],
    [
      'a trace without its header',
      rest.join('\n'),
      'it begins in the middle of a trace: its header is missing',
      'give a whole segment: every one begins with its header and everyone alive',
    ],
    [
      'an older form',
      TEXT.replace('"format":3', '"format":2'),
      'it is a trace of format 2, written by Earshot 1.0.0; this version reads format 3',
      'replay it with the version that wrote it',
    ],
    [
      'a newer form',
      '{"kind":"header","format":9,"version":"4.2.0","new":true}\n',
      'it is a trace of format 9, written by Earshot 4.2.0; this version reads format 3',
      'replay it with that version, or a newer one',
    ],
    [
      'garbage in the middle',
      TEXT.replace(rest[3] ?? '', '\u001b[2J%$§'),
      'it, line 5 is no line of a trace: \ufffd[2J%$§',
      takeAnew,
    ],
    [
      'a line of another kind',
      TEXT.replace('"kind":"event"', '"kind":"evint"'),
      expect.stringMatching(/^it, line 3 is no line of a trace: \{"kind":"evint"/) as unknown as string,
      takeAnew,
    ],
    [
      'a line without end',
      `${TEXT}${'x'.repeat(5 * 1024 * 1024)}`,
      'it holds a line of more than 4 MiB: no trace does',
      'give a trace as Earshot wrote it, one JSON object a line',
    ],
  ])('is refused in one sentence: %s', async (_, text, why, remedy) => {
    const { replay } = withFiles({ it: text });
    const { code, out, err } = await replay('it');
    expect([code, out]).toEqual([1, '']);
    const [first, second, ...more] = err.trimEnd().split('\n→ ');
    expect([first, second, more]).toEqual([why, remedy, []]);
  });

  it('is refused where there is nothing, or nothing to read', async () => {
    const { folder, replay } = withFiles({ 'trace-000001.ndjson': TEXT, 'notes.txt': '' });
    mkdirSync(join(folder, 'empty'));
    for (const path of ['nothing', 'empty']) {
      expect(await replay(path)).toEqual({
        code: 1,
        out: '',
        err: `there is no trace at ${path}\n→ ${record}\n`,
      });
    }
    symlinkSync('round', join(folder, 'round'));
    expect(await replay('round')).toEqual({ code: 1, out: '', err: 'round cannot be read (ELOOP)\n' });
    expect(await replay()).toMatchObject({ code: 2 });
    expect(await replay('trace-000001.ndjson', '--acter', 'x')).toMatchObject({ code: 2 });
  });

  it.skipIf(process.getuid?.() === 0)(
    'is refused to whom it does not belong (root reads everything)',
    async () => {
      const { folder, replay } = withFiles({ one: TEXT });
      chmodSync(join(folder, 'one'), 0);
      expect(await replay('one')).toMatchObject({
        code: 1,
        err: expect.stringMatching(/^one cannot be read \(EACCES\)\n→ /),
      });
    },
  );
});
