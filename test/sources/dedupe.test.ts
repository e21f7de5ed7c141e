import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeenIds } from '../../src/sources/dedupe.js';

describe('the ids heard lately', () => {
  it('knows what it saw, and takes each id once', () => {
    const seen = new SeenIds(100);
    expect(seen.has('a')).toBe(false);
    expect(seen.add('a')).toBe(true);
    expect(seen.add('a')).toBe(false);
    expect(seen.has('a')).toBe(true);
  });

  it('remembers at least half of its limit, at most all of it', () => {
    const seen = new SeenIds(20_000);
    const ids = Array.from({ length: 100_000 }, () => randomUUID());
    expect(ids.filter((id) => !seen.add(id))).toEqual([]);
    expect(ids.slice(-10_000).filter((id) => !seen.has(id))).toEqual([]);
    expect(ids.filter((id) => seen.has(id)).length).toBeLessThanOrEqual(20_000);
  });

  it('takes a forgotten id again', () => {
    const seen = new SeenIds(10);
    seen.add('a');
    seen.add('b');
    seen.forget('a');
    seen.forget('never seen');
    expect(seen.has('a')).toBe(false);
    expect(seen.has('b')).toBe(true);
    expect(seen.add('a')).toBe(true);
  });

  it('does what a plain set does, as long as it fits', () => {
    const step = fc.record({
      do: fc.constantFrom('add' as const, 'forget' as const),
      id: fc.string({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const seen = new SeenIds(200);
        const model = new Set<string>();
        for (const { do: action, id } of steps) {
          if (action === 'add') {
            expect(seen.add(id)).toBe(!model.has(id));
            model.add(id);
          } else {
            seen.forget(id);
            model.delete(id);
          }
          expect(seen.has(id)).toBe(model.has(id));
        }
      }),
    );
  });
});
