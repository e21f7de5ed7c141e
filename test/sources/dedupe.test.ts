import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeenIds } from '../../src/sources/dedupe.js';

const named = (id: string) => ({ platform: 'kick' as const, id });

describe('the ids heard lately', () => {
  it('knows what it saw, and takes each id once', () => {
    const seen = new SeenIds(100);
    expect(seen.has(named('a'))).toBe(false);
    expect(seen.add(named('a'))).toBe(true);
    expect(seen.add(named('a'))).toBe(false);
    expect(seen.has(named('a'))).toBe(true);
  });

  it('remembers at least half of its limit, at most all of it', () => {
    const seen = new SeenIds(20_000);
    const ids = Array.from({ length: 100_000 }, () => randomUUID());
    expect(ids.filter((id) => !seen.add(named(id)))).toEqual([]);
    expect(ids.slice(-10_000).filter((id) => !seen.has(named(id)))).toEqual([]);
    expect(ids.filter((id) => seen.has(named(id))).length).toBeLessThanOrEqual(20_000);
  });

  it('takes a forgotten id again', () => {
    const seen = new SeenIds(10);
    seen.add(named('a'));
    seen.add(named('b'));
    seen.forget(named('a'));
    seen.forget(named('never seen'));
    expect(seen.has(named('a'))).toBe(false);
    expect(seen.has(named('b'))).toBe(true);
    expect(seen.add(named('a'))).toBe(true);
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
            expect(seen.add(named(id))).toBe(!model.has(id));
            model.add(id);
          } else {
            seen.forget(named(id));
            model.delete(id);
          }
          expect(seen.has(named(id))).toBe(model.has(id));
        }
      }),
    );
  });
});
