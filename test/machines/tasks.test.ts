import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { type TasksEvent, tasksMachine } from '../../machines/tasks.js';
import { Tasks } from '../../src/tasks.js';
import { FakeClock, keptLog, settled } from '../support/fake-clock.js';

function tasks() {
  const actor = createActor(tasksMachine).start();
  return {
    state: () => actor.getSnapshot().value,
    active: () => actor.getSnapshot().context.active,
    send: (event: TasksEvent) => actor.send(event),
  };
}
type Machine = ReturnType<typeof tasks>;

const STATES = {
  open: () => {
    const it = tasks();
    it.send({ type: 'task.started', name: 'health' });
    return it;
  },
  cancelling: () => {
    const it = STATES.open();
    it.send({ type: 'tasks.cancelled' });
    return it;
  },
  closed: () => {
    const it = STATES.cancelling();
    it.send({ type: 'task.ended', name: 'health' });
    return it;
  },
};
type State = keyof typeof STATES;

const EVENTS: Record<TasksEvent['type'], TasksEvent> = {
  'task.started': { type: 'task.started', name: 'retention' },
  'task.ended': { type: 'task.ended', name: 'health' },
  'tasks.cancelled': { type: 'tasks.cancelled' },
};

/** The state, and how many are active then. */
const VERDICTS: Record<State, Record<TasksEvent['type'], readonly [State, number]>> = {
  open: { 'task.started': ['open', 2], 'task.ended': ['open', 0], 'tasks.cancelled': ['cancelling', 1] },
  // T2, T3
  cancelling: {
    'task.started': ['cancelling', 1],
    'task.ended': ['closed', 0],
    'tasks.cancelled': ['cancelling', 1],
  },
  closed: { 'task.started': ['closed', 0], 'task.ended': ['closed', 0], 'tasks.cancelled': ['closed', 0] },
};

describe('tasks: every state and event', () => {
  for (const state of Object.keys(VERDICTS) as State[]) {
    for (const type of Object.keys(EVENTS) as TasksEvent['type'][]) {
      const [verdict, active] = VERDICTS[state][type];
      it(`${state} × ${type} → ${verdict}, ${active} active`, () => {
        const subject: Machine = STATES[state]();
        subject.send(EVENTS[type]);
        expect(subject.state()).toBe(verdict);
        expect(subject.active()).toHaveLength(active);
      });
    }
  }

  it('counts a name once, however often it starts (T1)', () => {
    const it = STATES.open();
    it.send({ type: 'task.started', name: 'health' });
    expect(it.active()).toEqual(['health']);
  });
});

describe('named tasks', () => {
  it('run at their period, never twice at once, and go on after one that failed', async () => {
    const clock = new FakeClock();
    const { log, lines } = keptLog();
    const work = new Tasks(clock, log);
    createActor(work.logic, { clock }).start();
    const began: number[] = [];
    let finish: () => void = () => {};
    work.every('slow', 100, () => {
      began.push(clock.now());
      if (began.length === 2) throw new Error('no luck');
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    clock.advance(99);
    expect(began).toEqual([]);
    clock.advance(1_000);
    expect(began).toEqual([100]);
    finish();
    await settled();
    clock.advance(100);
    await settled();
    clock.advance(100);
    expect(began).toEqual([100, 1_199, 1_299]);
    expect(lines.map(({ msg }) => msg)).toEqual(['task failed (slow): no luck']);
    expect(work.status()).toEqual({ active: 1, names: ['slow'] });
    finish();
  });

  it('are all cancelled together: timers at once, work by its signal, and what does not end is told', async () => {
    const clock = new FakeClock();
    const work = new Tasks(clock, keptLog().log);
    const actor = createActor(work.logic, { clock }).start();
    let isAborted = false;
    let runs = 0;
    work.every('deaf', 50, () => new Promise(() => {}));
    work.every(
      'obedient',
      50,
      (signal) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            isAborted = true;
            resolve();
          });
        }),
    );
    work.every('later', 60, () => {
      runs += 1;
    });
    clock.advance(55);
    const cancelled = work.cancelAll(2_000);
    await settled();
    expect(isAborted).toBe(true);
    clock.advance(2_000);
    expect(await cancelled).toBe(1);
    expect(runs).toBe(0);
    expect(actor.getSnapshot().value).toBe('closed');
    work.every('too late', 10, () => {
      runs += 1;
    });
    clock.advance(100);
    expect(runs).toBe(0);
    expect(work.status().active).toBe(0);
  });
});
