import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { RingInboundQueue, RingWindowQueue } from '../../src/actors/queue.js';
import { FakeClock } from '../support/fake-clock.js';

function inbound(limit = 3, maxBytes = 1_000) {
  const clock = new FakeClock();
  const queue = new RingInboundQueue<number>({ clock, limit, maxBytes });
  const actor = createActor(queue.logic, { clock }).start();
  const events: string[] = [];
  return { clock, queue, actor, events, state: () => actor.getSnapshot().value };
}

function window(limit = 4, maxBytes = 1_000) {
  const clock = new FakeClock();
  const queue = new RingWindowQueue<number>({ clock, limit, maxBytes });
  const actor = createActor(queue.logic, { clock }).start();
  const put = (...items: number[]) => queue.put(items.map((item) => ({ item, bytes: 1 })));
  const refill = (items: number[], short: boolean) =>
    queue.refill(
      items.map((item) => ({ item, bytes: 1 })),
      short,
    );
  return { clock, queue, actor, put, refill };
}

describe('an inbound queue', () => {
  it('gives back the oldest that had to go, by count and by bytes', () => {
    const { queue } = inbound(3, 100);
    expect([1, 2, 3].map((item) => queue.put(item, 10))).toEqual([[], [], []]);
    expect(queue.put(4, 10)).toEqual([1]);
    expect(queue.put(5, 90)).toEqual([2, 3]);
    expect(queue.put(6, 1_000)).toEqual([4, 5]);
    expect(queue.peek()).toEqual([6]);
    expect(queue.status()).toMatchObject({ size: 1, dropped: 5, highWater: 3, bytes: 1_000 });
  });

  it('tells its machine once a turn, and nothing of what came and went within it', () => {
    const { clock, queue, actor, state } = inbound();
    let told = 0;
    actor.subscribe(() => {
      told += 1;
    });
    queue.put(1, 1);
    queue.put(2, 1);
    queue.take(2);
    clock.turn();
    expect(told).toBe(0);
    for (const item of [1, 2, 3]) queue.put(item, 1);
    expect(state()).toBe('empty');
    clock.turn();
    expect(state()).toBe('full');
    expect(told).toBe(1);
  });

  it('says how old its oldest is', () => {
    const { clock, queue } = inbound();
    expect(queue.status().oldestMs).toBe(0);
    queue.put(1, 1);
    clock.advance(70);
    queue.put(2, 1);
    expect(queue.status().oldestMs).toBe(70);
    queue.take(1);
    expect(queue.status().oldestMs).toBe(0);
  });

  it('holds the newest in order, within its bounds: put = taken + dropped + size (Q1, Q5)', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('put' as const),
        bytes: fc.integer({ min: 1, max: 400 }),
        max: fc.constant(0),
      }),
      fc.record({
        do: fc.constant('take' as const),
        bytes: fc.constant(0),
        max: fc.integer({ min: 1, max: 5 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { queue } = inbound(5, 1_000);
        const model: number[] = [];
        let next = 0;
        let taken = 0;
        let dropped = 0;
        for (const it of steps) {
          if (it.do === 'put') {
            const gone = queue.put(next, it.bytes);
            model.push(next);
            next += 1;
            expect(gone).toEqual(model.splice(0, gone.length));
            dropped += gone.length;
          } else {
            const got = queue.take(it.max);
            expect(got).toEqual(model.splice(0, it.max));
            taken += got.length;
          }
          expect(queue.peek()).toEqual(model);
          const { size, bytes, highWater } = queue.status();
          expect(size).toBeLessThanOrEqual(5);
          expect(bytes <= 1_000 || size === 1).toBe(true);
          expect(highWater).toBeLessThanOrEqual(5);
          expect(next).toBe(taken + dropped + size);
        }
      }),
    );
  });
});

describe("a sink's window", () => {
  it('spills what does not fit, and appends nothing until a refill comes up short (Q3)', () => {
    const { queue, put, refill } = window();
    expect(put(1, 2, 3)).toBe(3);
    expect(put(4, 5)).toBe(1);
    expect(queue.isSpilling).toBe(true);
    queue.drop(1);
    expect(put(6)).toBe(0);
    expect(queue.room).toBe(0);
    queue.drop(1);
    expect(queue.room).toBe(2);
    expect(refill([5, 6], false)).toBe(2);
    expect(put(7)).toBe(0);
    queue.drop(3);
    expect(queue.room).toBe(3);
    expect(refill([7], true)).toBe(1);
    expect(queue.isSpilling).toBe(false);
    expect(put(8)).toBe(1);
    expect(queue.peek(9)).toEqual([6, 7, 8]);
  });

  it('goes on spilling when a short refill did not fit for its bytes', () => {
    const { queue } = window(4, 10);
    queue.put([{ item: 1, bytes: 8 }]);
    expect(queue.put([{ item: 2, bytes: 8 }])).toBe(0);
    expect(queue.refill([{ item: 2, bytes: 8 }], true)).toBe(0);
    expect(queue.isSpilling).toBe(true);
    queue.drop(1);
    expect(queue.refill([{ item: 2, bytes: 8 }], true)).toBe(1);
    expect(queue.isSpilling).toBe(false);
  });

  it('spills on after its machine was started anew', () => {
    const { clock, queue, put } = window();
    put(1, 2, 3, 4, 5);
    createActor(queue.logic, { clock }).start();
    expect(queue.isSpilling).toBe(true);
    expect(put(6)).toBe(0);
  });

  it('lets go of what expired outside', () => {
    const { queue, put } = window();
    put(1, 2, 3);
    expect(queue.sift((item) => item !== 2)).toBe(1);
    expect(queue.peek(9)).toEqual([1, 3]);
  });
});
