/** The log of the page: what is kept of it, and what of that is shown. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chronicle } from '../../visualizations/viewer/chronicle.js';
import type { Entry } from '../../visualizations/viewer/entry.js';
import { Journal } from '../../visualizations/viewer/journal.js';
import { EVERYTHING, passes, Sieve } from '../../visualizations/viewer/sieve.js';
import { isSameProcess, LineCutter, readLine } from '../../visualizations/viewer/trace-line.js';
import { longTrace, spoken } from '../support/long-trace.js';
import { BREAKER_PATH, breakerRun } from '../trace/recorded.js';

const NOBODY: Entry = { kind: 'event', text: '', path: '', isTurn: false, isDropped: false, beginning: null };

/** The entries that a trace makes. */
function entriesOf(text: string): Entry[] {
  const entries: Entry[] = [];
  const chronicle = new Chronicle((entry) => entries.push(entry));
  for (const row of text.split('\n')) {
    const line = readLine(row);
    if (line !== undefined) chronicle.take(row, line);
  }
  chronicle.settle();
  return entries;
}

const shown = (sieve: Sieve) => Array.from({ length: sieve.size }, (_, place) => sieve.numberAt(place));

describe('the journal', () => {
  it('keeps the last entries, bounded in number and in characters, each under its own number', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(300), { maxLength: 400 }),
        fc.integer({ min: 10, max: 50 }),
        fc.integer({ min: 500, max: 3_000 }),
        (lengths, entries, characters) => {
          const journal = new Journal({ entries, characters });
          lengths.forEach((length, number) => {
            journal.add({ ...NOBODY, path: String(number), text: 'x'.repeat(length) });
            const numbers = Array.from(
              { length: journal.end - journal.first },
              (_, at) => journal.first + at,
            );
            expect(numbers.length).toBeLessThanOrEqual(entries);
            expect(numbers.map((it) => journal.get(it)?.path)).toEqual(numbers.map(String));
            const kept = numbers.reduce((sum, it) => sum + (journal.get(it)?.text.length ?? 0), 0);
            expect(numbers.length === 1 || kept <= characters).toBe(true);
            expect(journal.end).toBe(number + 1);
          });
        },
      ),
    );
  });
});

describe('the filter', () => {
  const entries = entriesOf(longTrace({ events: 300, channels: ['one', 'two'] }));
  const found = (over: Partial<typeof EVERYTHING>) => {
    const accepts = passes({ ...EVERYTHING, ...over });
    return accepts === undefined ? entries : entries.filter(accepts);
  };

  it('lets everything pass when nothing is asked', () => {
    expect(passes(EVERYTHING)).toBeUndefined();
  });

  it('finds lines that hold every word, in any case, and takes no word for a pattern', () => {
    expect(found({ words: 'BREAKER call.failed' })).toHaveLength(1);
    expect(found({ words: 'breaker nowhere' })).toHaveLength(0);
    expect(found({ words: 'cal..failed' })).toHaveLength(0);
    expect(found({ words: '( [ \\ *' })).toHaveLength(0);
  });

  it('finds an actor and all below it, no other that begins alike; and where something is missing', () => {
    expect(new Set(found({ under: 'sources/kick' }).map(({ path }) => path))).toEqual(
      new Set(['', 'sources/kick/connection-1/channels/one', 'sources/kick/connection-1/channels/two']),
    );
    expect(found({ under: 'sources/kic' }).map(({ kind }) => kind)).toEqual(['begun']);
  });

  it('finds what was said by its words, but where only changes of state or one actor are wanted', () => {
    const trace = spoken(breakerRun().text(), { text: 'Dinner at «Chez Łucja», @bob?', after: 2 });
    const said = (over: Partial<typeof EVERYTHING>) =>
      entriesOf(trace)
        .filter(passes({ ...EVERYTHING, ...over }) ?? (() => true))
        .map(({ kind }) => kind);
    expect(said({ words: 'chez łucja dinner' })).toEqual(['message']);
    expect(said({ words: 'alice xqc' })).toEqual(['message']);
    expect(said({ words: 'supper' })).toEqual([]);
    for (const over of [{ only: 'turns' }, { only: 'dropped' }, { under: BREAKER_PATH }] as const) {
      expect(said(over)).not.toContain('message');
    }
  });

  it('tells changes of state and dropped events apart', () => {
    const all = entriesOf(breakerRun().text());
    const turns = all.filter(passes({ ...EVERYTHING, only: 'turns' }) ?? (() => true));
    expect(turns.filter(({ kind }) => kind === 'event')).toHaveLength(4);
    const dropped = all.filter(passes({ ...EVERYTHING, only: 'dropped' }) ?? (() => true));
    expect(dropped.map(({ path, isDropped }) => `${path} ${isDropped}`)).toEqual([`${BREAKER_PATH} true`]);
  });
});

describe('the sieve', () => {
  it('keeps up with a log that goes on and forgets, as if it were sifted anew each time', () => {
    const isEven = { ...EVERYTHING, words: 'even' };
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 200 }),
        fc.integer({ min: 5, max: 40 }),
        (evens, kept) => {
          const journal = new Journal({ entries: kept });
          const sieves = [new Sieve(journal, isEven), new Sieve(journal)];
          evens.forEach((even, at) => {
            journal.add({ ...NOBODY, text: even ? 'even' : 'odd' });
            if (at % 3 !== 0) return;
            for (const [which, sieve] of sieves.entries()) {
              sieve.refresh();
              const anew = new Sieve(journal, which === 0 ? isEven : EVERYTHING);
              anew.refresh();
              expect(shown(sieve)).toEqual(shown(anew));
              for (const [place, number] of shown(sieve).entries())
                expect(sieve.placeOf(number ?? -1)).toBe(place);
            }
          });
        },
      ),
    );
  });

  it('finds the place of an entry that does not pass by the one before it', () => {
    const journal = new Journal();
    for (const text of ['a', 'b', 'b', 'a']) journal.add({ ...NOBODY, text });
    const sieve = new Sieve(journal, { ...EVERYTHING, words: 'a' });
    sieve.refresh();
    expect([0, 1, 2, 3].map((number) => sieve.placeOf(number))).toEqual([0, 0, 0, 1]);
  });
});

describe('the live trace', () => {
  it('is cut into lines however it comes', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[^\n]*$/)), fc.integer({ min: 1, max: 9 }), (lines, size) => {
        const cutter = new LineCutter();
        const text = lines.map((line) => `${line}\n`).join('');
        const cut = [];
        for (let at = 0; at < text.length; at += size) cut.push(...cutter.cut(text.slice(at, at + size)));
        expect(cut).toEqual(lines);
        expect(cutter.rest).toBe('');
      }),
    );
  });

  it('says how many lines a slow reader missed, once', () => {
    const [header = '', ...rest] = longTrace({ events: 10, channels: ['one'] }).split('\n');
    const again = JSON.stringify({
      ...JSON.parse(header),
      at: 500,
      wall: Date.UTC(2026, 0, 1, 0, 0, 0, 500),
    });
    const introduced = rest
      .slice(0, 2)
      .map((line) => line.replace('"seq":0', '"seq":10').replace('"at":0', '"at":500'));
    const gap = '{"kind":"gap","lines":7}';
    const text = [header, ...rest.slice(0, 5), gap, again, ...introduced].join('\n');
    const begun = entriesOf(text).filter(({ kind }) => kind === 'begun');
    expect(begun.map(({ beginning }) => beginning?.missing)).toEqual([0, 7]);
  });

  it('says what was missed even when nobody is left to be introduced', () => {
    const [header = '', ...rest] = longTrace({ events: 3, channels: ['one'] }).split('\n');
    const again = JSON.stringify({
      ...JSON.parse(header),
      at: 500,
      wall: Date.UTC(2026, 0, 1, 0, 0, 0, 500),
    });
    const text = [header, ...rest.slice(0, 5), '{"kind":"gap","lines":7}', again].join('\n');
    expect(entriesOf(text).at(-1)?.beginning).toMatchObject({ isSame: true, missing: 7, introduction: [] });
  });

  it('takes the first of a process for one that was born, not met', () => {
    const [begun, first] = entriesOf(breakerRun().text());
    expect(begun?.beginning?.introduction).toEqual([]);
    expect(first).toMatchObject({ kind: 'actor', path: BREAKER_PATH });
  });

  it('tells one process from the next by its name, whenever it began', () => {
    const named = (process: string) => ({ process, at: 2_000, wall: Date.UTC(2026, 0, 1) });
    expect(isSameProcess(named('one'), named('one'))).toBe(true);
    expect(isSameProcess({ ...named('one'), at: 1 }, named('one'))).toBe(true);
    expect(isSameProcess(named('another'), named('one'))).toBe(false);
  });

  it('tells one from the next in older traces, which name none, by when they began and by how long they ran', () => {
    const began = Date.UTC(2026, 0, 1);
    const ran = (ms: number, since = began) => ({ at: ms, wall: since + ms });
    expect(isSameProcess(ran(60_000), ran(50_000))).toBe(true);
    expect(isSameProcess(ran(60_000), undefined)).toBe(false);
    // Its clock was set right by a second meanwhile.
    expect(isSameProcess({ at: 60_000, wall: began + 61_000 }, ran(50_000))).toBe(true);
    // Another one, met after it ran for longer than the first.
    expect(isSameProcess(ran(90_000, began + 20_000), ran(50_000))).toBe(false);
    // Another one that began when the first had run for three seconds.
    expect(isSameProcess(ran(400, began + 3_000), ran(2_900))).toBe(false);
  });
});
