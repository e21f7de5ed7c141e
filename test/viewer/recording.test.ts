import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cursor } from '../../visualizations/viewer/cursor.js';
import { readTrace } from '../../visualizations/viewer/open-trace.js';
import { BadTrace, type Recording } from '../../visualizations/viewer/recording.js';
import { longTrace, spoken } from '../support/long-trace.js';
import { BREAKER_PATH, breakerRun } from '../trace/recorded.js';

const CHANNELS = ['one', 'two', 'three'];
const LONG = longTrace({ events: 1_700, channels: CHANNELS });
const SHORT = longTrace({ events: 205, channels: CHANNELS });

/** As a file that comes in pieces of `pieceBytes`. */
function file(text: string, name = 'trace.ndjson', pieceBytes = 1_000) {
  const bytes = new TextEncoder().encode(text);
  const stream = () =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += pieceBytes)
          controller.enqueue(bytes.slice(at, at + pieceBytes));
        controller.close();
      },
    });
  return { name, size: bytes.length, stream };
}

const read = (...texts: string[]) =>
  readTrace(
    texts.map((text, index) => file(text, `trace-${index + 1}.ndjson`)),
    () => {},
  );

const stateOfBreaker = (cursor: Cursor) => cursor.actors.at(BREAKER_PATH)?.state;
const linesOf = (text: string) => text.split('\n').filter(Boolean);
/** Everything that is known of everyone. */
const all = ({ actors }: Cursor) =>
  actors
    .paths()
    .sort()
    .map((path) => actors.at(path));

describe('a recording', () => {
  it('is at any moment what living through it from the beginning comes to', async () => {
    const recording = await read(LONG);
    const walked = new Cursor(recording);
    const moments = [all(walked)];
    for (let index = 1; index < recording.end; index += 1) {
      walked.moveTo(index);
      moments.push(all(walked));
    }
    const jumping = new Cursor(recording);
    fc.assert(
      fc.property(fc.nat(recording.end - 1), (index) => {
        jumping.moveTo(index);
        expect(jumping.index).toBe(index);
        expect(all(jumping)).toEqual(moments[index]);
      }),
      { numRuns: 200 },
    );
  });

  it('shows in its lanes the states that its actors were in', async () => {
    const recording = await read(LONG);
    const cursor = new Cursor(recording);
    for (let index = 0; index < recording.end; index += 1) {
      cursor.moveTo(index);
      for (const [path, lane] of recording.lanes) {
        expect(lane.stateAt(index)).toBe(cursor.actors.at(path)?.state ?? '');
      }
    }
    expect([...recording.lanes.keys()]).toEqual([
      BREAKER_PATH,
      ...CHANNELS.map((slug) => `sources/kick/connection-1/channels/${slug}`),
    ]);
  });

  it('takes the introduction as one entry', async () => {
    const recording = await read(SHORT);
    expect(recording.end).toBe(206);
    expect(recording.get(0)?.beginning?.introduction).toHaveLength(4);
    expect(new Cursor(recording).actors.paths()).toHaveLength(4);
  });

  it('is stepped by events, by changes of state, and by those of one actor', async () => {
    const cursor = new Cursor(await read(SHORT));
    cursor.moveTo(150);
    expect(cursor.next(1, 'event', BREAKER_PATH)).toBe(151);
    expect(cursor.next(1, 'actor', BREAKER_PATH)).toBe(200);
    expect(cursor.next(-1, 'actor', BREAKER_PATH)).toBe(100);
    cursor.moveTo(100);
    expect(stateOfBreaker(cursor)).toBe('open');
    expect(cursor.actors.at(BREAKER_PATH)?.turn).toMatchObject({ from: 'closed', to: 'open' });
    cursor.moveTo(cursor.next(-1, 'event', BREAKER_PATH));
    expect(stateOfBreaker(cursor)).toBe('closed');
    cursor.moveTo(205);
    expect(cursor.next(1, 'turn', '')).toBe(205);
    cursor.moveTo(10_000);
    expect(cursor.index).toBe(205);
  });

  it('passes over what changes nothing when it is stepped by changes of state', async () => {
    const recording = await read(breakerRun().text());
    const cursor = new Cursor(recording);
    const kinds = [];
    for (let before = -1; cursor.index !== before; ) {
      before = cursor.index;
      cursor.moveTo(cursor.next(1, 'turn', BREAKER_PATH));
      kinds.push(stateOfBreaker(cursor));
    }
    expect(kinds.slice(0, -1)).toEqual(['closed', 'open', 'halfOpen', 'probing', 'closed']);
  });

  it('has what was said among its entries: stepped to by events, passed over otherwise, and in no lane', async () => {
    const silent = await read(SHORT);
    const recording = await read(spoken(SHORT, { text: 'hey @bob', after: 100 }));
    expect(recording.end).toBe(silent.end + 1);
    expect(recording.notes).toEqual([]);
    expect([...recording.lanes.keys()]).toEqual([...silent.lanes.keys()]);
    const at = recording.entries.findIndex(({ kind }) => kind === 'message');
    expect(at).toBe(101);
    const cursor = new Cursor(recording);
    cursor.moveTo(100);
    const before = all(cursor);
    expect(cursor.next(1, 'event', '')).toBe(at);
    expect(cursor.next(1, 'actor', BREAKER_PATH)).toBe(201);
    expect(cursor.next(1, 'turn', '')).toBe(at + 1);
    cursor.moveTo(at);
    expect(all(cursor)).toEqual(before);
    expect(cursor.actors.paths()).not.toContain('');
    expect(recording.walls[at]).toBe(recording.walls[100]);
  });

  it('is whole wherever its last line is cut, and says so', async () => {
    const text = longTrace({ events: 12, channels: CHANNELS });
    const headerEnds = text.indexOf('\n');
    for (let length = headerEnds + 2; length < text.length; length += 37) {
      const cut = text.slice(0, length);
      const isCut = !cut.endsWith('\n') && !cut.endsWith('}');
      const recording = await read(cut);
      expect(recording.notes.join(), String(length)).toMatch(isCut ? /^Its last line is cut: / : /^$/);
    }
  });

  it('goes on over its segments as if they were one, whatever their names sort like as text', async () => {
    const lines = linesOf(SHORT);
    const [header = '', ...rest] = lines;
    const seq = 100;
    const before = rest.slice(0, 4 + seq);
    const after = rest.slice(4 + seq);
    const whole = await read(SHORT);
    const at100 = new Cursor(whole);
    at100.moveTo(seq);
    const introduction = at100.actors.paths().map((path) => {
      const actor = at100.actors.at(path);
      const { life, machine, state: value, context } = actor ?? {};
      const stamp = { seq, at: seq * 50, wall: whole.walls[seq] };
      return JSON.stringify({ kind: 'actor', ...stamp, life, path, machine, value, context });
    });
    const next = JSON.stringify({ ...JSON.parse(header), at: seq * 50, wall: whole.walls[seq] });
    const segments = [
      file([next, ...introduction, ...after, ''].join('\n'), 'trace-10.ndjson'),
      file([header, ...before, ''].join('\n'), 'trace-9.ndjson'),
    ];
    const joined = await readTrace(segments, () => {});
    expect(joined.end).toBe(whole.end);
    expect(joined.entries.map(({ text }) => text)).toEqual(whole.entries.map(({ text }) => text));
    const [one, other] = [new Cursor(whole), new Cursor(joined)];
    for (const cursor of [one, other]) cursor.moveTo(150);
    expect(all(other)).toEqual(all(one));
  });

  it('says how many lines are missing between two segments', async () => {
    const lines = linesOf(SHORT);
    const header = JSON.stringify({
      ...JSON.parse(lines[0] ?? ''),
      at: 5_000,
      wall: Date.UTC(2026, 0, 1, 0, 0, 5),
    });
    const introduced = lines
      .slice(1, 5)
      .map((line) => line.replace('"seq":0', '"seq":100').replace('"at":0', '"at":5000'));
    const recording = await read(
      `${lines.slice(0, 65).join('\n')}\n`,
      [header, ...introduced, ...lines.slice(105)].join('\n'),
    );
    const begun = recording.entries.filter(({ kind }) => kind === 'begun');
    expect(begun.map(({ beginning }) => beginning?.missing)).toEqual([0, 40]);
    expect(begun[1]?.beginning?.isSame).toBe(true);
  });

  it('keeps processes apart that follow each other, a killed one before the next', async () => {
    const first = breakerRun().text();
    const killed = first.slice(0, -40);
    const second = breakerRun(Date.UTC(2026, 0, 1, 6)).text();
    const recording = await read(`${killed}\n${second}\n`);
    expect(recording.notes).toEqual([
      'Line 8 is cut: its process was killed while it wrote it, and another began.',
    ]);
    const begun = recording.entries.flatMap(({ kind }, index) => (kind === 'begun' ? [index] : []));
    expect(begun).toHaveLength(2);
    const cursor = new Cursor(recording);
    cursor.moveTo((begun[1] ?? 0) - 1);
    expect(stateOfBreaker(cursor)).toBe('probing');
    cursor.moveTo(begun[1] ?? 0);
    expect(stateOfBreaker(cursor)).toBeUndefined();
    cursor.moveTo(recording.end - 1);
    expect(stateOfBreaker(cursor)).toBe('closed');
    // Six hours of wall time lie between them, whatever their own clocks say.
    expect(recording.times.at(-1)).toBeGreaterThan(5.9 * 3_600_000);
    expect(recording.times).toEqual([...recording.times].sort((a, b) => a - b));
  });

  it('finds the next process even where it stands right behind a cut line', async () => {
    const killed = breakerRun().text().slice(0, -40);
    const recording = await read(killed + breakerRun(Date.UTC(2026, 0, 1, 6)).text());
    expect(recording.entries.filter(({ kind }) => kind === 'begun')).toHaveLength(2);
    expect(recording.notes).toHaveLength(1);
  });

  it('leaves out a line that cannot be read, and says which', async () => {
    const lines = linesOf(SHORT);
    lines[50] = 'disk error here';
    const recording = await read(lines.join('\n'));
    expect(recording.notes).toEqual(['Line 51 cannot be read and is left out.']);
    expect(recording.end).toBe(205);
  });

  it('does not say the same ten thousand times', async () => {
    const lines = linesOf(SHORT).flatMap((line, index) => (index > 4 ? [line, 'broken'] : [line]));
    const recording = await read(lines.join('\n'));
    expect(recording.notes).toHaveLength(9);
    expect(recording.notes.at(-1)).toBe('And 197 more of the kind.');
  });

  it('goes forward in time, whatever the clock of its machine did', async () => {
    const text = SHORT.replace('"seq":100,"at":5000,', '"seq":100,"at":12,');
    expect(text).not.toBe(SHORT);
    const { times } = await read(text);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('gives way while it reads', async () => {
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    });
    await read(longTrace({ events: 30_000, channels: CHANNELS }));
    clearInterval(counting);
    expect(turns).toBeGreaterThan(2);
  });
});

describe('what is no trace', () => {
  const refused = async (...texts: string[]) => {
    const error: unknown = await read(...texts).catch((it: unknown) => it);
    expect(error).toBeInstanceOf(BadTrace);
    return error instanceof BadTrace ? error.message : '';
  };

  it('is told apart, with the file, the line and what stands there', async () => {
    expect(await refused('Dear Bob,\nhow are you?\n')).toBe(
      'trace-1.ndjson: Line 1 is no line of a trace: "Dear Bob,"',
    );
    expect(await refused('')).toBe('There is nothing in it.');
    expect(await refused('{"kind":"letter"}\n')).toContain('Line 1 is no line of a trace');
    expect(await refused(linesOf(SHORT).slice(1).join('\n'))).toBe(
      'trace-1.ndjson: Line 1 is a actor line, but a trace begins with a header.',
    );
    expect(await refused(`${'x'.repeat(5_000)}`)).toMatch(/"x{60}…"$/);
  });

  it('of another format is to be opened with the version that wrote it', async () => {
    const other = SHORT.replace('"format":3', '"format":2').replace('"version":"1.0.0"', '"version":"0.9.0"');
    expect(await refused(other)).toContain(
      'It is of format 2, written by Earshot 0.9.0; this page reads format 3. Open it with the version that wrote it.',
    );
  });

  it('is refused before it fills the memory, whether or not it says how much it is', async () => {
    const huge = { ...file(SHORT), size: 600 * 1024 * 1024 };
    await expect(readTrace([huge], () => {})).rejects.toThrow(
      'These are 600 MiB or more; 512 at most fit into a page. Open fewer segments.',
    );
    const unsaid = { ...file(SHORT), size: 0 };
    await expect(readTrace([unsaid], () => {}, 5_000)).rejects.toThrow('Open fewer segments.');
    await expect(readTrace([unsaid], () => {}, 500_000)).resolves.toMatchObject({ end: 206 });
  });

  it('never fails in another way, whatever stands in it', async () => {
    const lines = linesOf(SHORT).slice(0, 20);
    const spoiled = fc.tuple(
      fc.nat(19),
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.jsonValue().map((it) =>
          JSON.stringify({
            kind: 'event',
            path: 'a',
            machine: 'm',
            ...(typeof it === 'object' ? it : { event: it }),
          }),
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(spoiled, async ([at, text]) => {
        const result: Recording | unknown = await read(
          [...lines.slice(0, at), text, ...lines.slice(at)].join('\n'),
        ).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(BadTrace);
      }),
      { numRuns: 300 },
    );
  });
});
