import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { type DeadlineEvent, deadlineMachine } from '../../machines/deadline.js';
import { FakeClock } from '../support/fake-clock.js';

const LIMIT_MS = 1_000;

function deadline() {
  const clock = new FakeClock();
  const actor = createActor(deadlineMachine, {
    clock,
    input: { name: 'discord send', limitMs: LIMIT_MS, at: 0 },
  }).start();
  return {
    clock,
    state: () => actor.getSnapshot().value,
    tookMs: () => actor.getSnapshot().output?.tookMs,
    send: (type: DeadlineEvent['type']) => actor.send({ type, at: clock.now() }),
  };
}
type Deadline = ReturnType<typeof deadline>;

const EVENTS = {
  'work.completed': (it: Deadline) => it.send('work.completed'),
  'work.failed': (it: Deadline) => it.send('work.failed'),
  'work.cancelled': (it: Deadline) => it.send('work.cancelled'),
  'its time is up': (it: Deadline) => it.clock.advance(LIMIT_MS),
} satisfies Record<string, (it: Deadline) => void> & Record<DeadlineEvent['type'], (it: Deadline) => void>;
type Event = keyof typeof EVENTS;

const ENDS: Record<Event, 'completed' | 'failed' | 'cancelled' | 'timedOut'> = {
  'work.completed': 'completed',
  'work.failed': 'failed',
  'work.cancelled': 'cancelled',
  'its time is up': 'timedOut',
};

describe('deadline', () => {
  for (const event of Object.keys(ENDS) as Event[]) {
    it(`running × ${event} → ${ENDS[event]}, with the time it took (D3)`, () => {
      const subject = deadline();
      const tookMs = event === 'its time is up' ? LIMIT_MS : 400;
      if (event !== 'its time is up') subject.clock.advance(400);
      EVENTS[event](subject);
      expect(subject.state()).toBe(ENDS[event]);
      expect(subject.tookMs()).toBe(tookMs);
    });

    for (const later of Object.keys(ENDS) as Event[]) {
      it(`${ENDS[event]} × ${later} → stays (D1)`, () => {
        const subject = deadline();
        EVENTS[event](subject);
        EVENTS[later](subject);
        expect(subject.state()).toBe(ENDS[event]);
      });
    }
  }

  it('runs to the last millisecond of its limit, and no longer (D2)', () => {
    const subject = deadline();
    subject.clock.advance(LIMIT_MS - 1);
    expect(subject.state()).toBe('running');
    subject.clock.advance(1);
    expect(subject.state()).toBe('timedOut');
  });
});
