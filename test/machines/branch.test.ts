import { describe, expect, it } from 'vitest';
import { type AnyActorLogic, createActor, fromCallback, fromPromise } from 'xstate';
import { type BranchEvent, type BranchInput, branchMachine } from '../../machines/branch.js';
import { FakeClock, settled } from '../support/fake-clock.js';

const INPUT: BranchInput = {
  members: ['one', 'two'],
  restartsMax: 2,
  withinMs: 60_000,
  initialMs: 100,
  maxMs: 1_000,
  retryMs: 600_000,
  seed: 5,
};

/** A branch whose members are told to crash, and whose effects end when the test says so. */
function branch(input: Partial<BranchInput> = {}) {
  const clock = new FakeClock();
  const alive: string[] = [];
  const history: string[] = [];
  const crash = new Map<string, (error: Error) => void>();
  let cleared: () => void = () => {};
  const member = (name: string): AnyActorLogic =>
    fromPromise(
      ({ signal }) =>
        new Promise<never>((_, reject) => {
          alive.push(name);
          history.push(`+${name}`);
          const gone = () => {
            if (alive.includes(name)) alive.splice(alive.indexOf(name), 1);
          };
          crash.set(name, (error) => {
            gone();
            reject(error);
          });
          signal.addEventListener('abort', gone);
        }),
    );
  const clear = fromPromise(
    () =>
      new Promise<{ at: number }>((resolve) => {
        history.push('clear');
        cleared = () => resolve({ at: clock.now() });
      }),
  );
  const machine = branchMachine.provide({
    actors: { clear, one: member('one'), two: member('two'), three: member('three') },
  });
  const emitted: string[] = [];
  const actor = createActor(machine, { clock, input: { ...INPUT, ...input } });
  for (const type of ['branch.crashed', 'branch.restarting', 'branch.failed'] as const) {
    actor.on(type, () => emitted.push(type));
  }
  actor.start();
  return {
    clock,
    alive,
    history,
    emitted,
    state: () => {
      const { value } = actor.getSnapshot();
      return typeof value === 'string' ? value : 'clearing';
    },
    status: () => actor.getSnapshot().status,
    send: (event: BranchEvent) => actor.send(event),
    async crashes(name = 'one') {
      crash.get(name)?.(new Error(`${name} broke`));
      await settled();
    },
    async clears() {
      cleared();
      await settled();
    },
    /** Crash, end of effects, backoff. */
    async restarts() {
      await this.crashes();
      await this.clears();
      clock.advance(1_000);
      await settled();
    },
  };
}
type Branch = ReturnType<typeof branch>;

const STATES = {
  running: async () => branch(),
  clearing: () => after('running', (it) => it.crashes()),
  backingOff: () => after('clearing', (it) => it.clears()),
  failed: async () => {
    const it = branch({ restartsMax: 0 });
    await it.crashes();
    await it.clears();
    return it;
  },
  stopping: () => after('running', (it) => it.send({ type: 'branch.stop' })),
  stopped: () => after('stopping', (it) => it.clears()),
};
type State = keyof typeof STATES;

async function after(state: State, step: (it: Branch) => void | Promise<void>): Promise<Branch> {
  const it = await STATES[state]();
  await step(it);
  return it;
}

const EVENTS = {
  'branch.stop': (it: Branch) => it.send({ type: 'branch.stop' }),
  'member.added': (it: Branch) => it.send({ type: 'member.added', member: 'three' }),
  'member.removed': (it: Branch) => it.send({ type: 'member.removed', member: 'two' }),
  'a member fails': (it: Branch) =>
    it.send({ type: 'xstate.error.actor.two', actorId: 'two', error: new Error('two broke') }),
};
type Event = keyof typeof EVENTS;

const VERDICTS: Record<State, Record<Event, State | '-'>> = {
  running: {
    'branch.stop': 'stopping',
    'member.added': '-',
    'member.removed': '-',
    'a member fails': 'clearing',
  },
  clearing: { 'branch.stop': 'stopping', 'member.added': '-', 'member.removed': '-', 'a member fails': '-' },
  backingOff: {
    'branch.stop': 'stopping',
    'member.added': '-',
    'member.removed': '-',
    'a member fails': '-',
  },
  failed: { 'branch.stop': 'stopping', 'member.added': '-', 'member.removed': '-', 'a member fails': '-' },
  // R6: nothing restarts what is on its way out.
  stopping: { 'branch.stop': '-', 'member.added': '-', 'member.removed': '-', 'a member fails': '-' },
  stopped: { 'branch.stop': '-', 'member.added': '-', 'member.removed': '-', 'a member fails': '-' },
};

describe('branch: every state and event', () => {
  for (const state of Object.keys(VERDICTS) as State[]) {
    for (const event of Object.keys(EVENTS) as Event[]) {
      const verdict = VERDICTS[state][event];
      it(`${state} × ${event} → ${verdict === '-' ? 'stays' : verdict}`, async () => {
        const subject = await STATES[state]();
        expect(subject.state()).toBe(state);
        EVENTS[event](subject);
        expect(subject.state()).toBe(verdict === '-' ? state : verdict);
        // R5: whatever failed, it stayed inside.
        expect(subject.status()).not.toBe('error');
      });
    }
  }
});

describe('branch', () => {
  it('stops all members, clears their effects, and starts all anew (R1, R2, R3)', async () => {
    const it = branch();
    await it.crashes('two');
    expect(it.alive).toEqual([]);
    expect(it.state()).toBe('clearing');
    it.clock.advance(60_000);
    expect(it.state()).toBe('clearing');
    await it.clears();
    expect(it.state()).toBe('backingOff');
    it.clock.advance(1_000);
    expect(it.alive).toEqual(['one', 'two']);
    expect(it.history.indexOf('clear')).toBeLessThan(it.history.lastIndexOf('+one'));
    expect(it.emitted).toEqual(['branch.crashed', 'branch.restarting']);
  });

  it('has failed past its intensity, and is tried again after a while (R4)', async () => {
    const it = branch();
    await it.restarts();
    await it.restarts();
    expect(it.state()).toBe('running');
    await it.restarts();
    expect(it.state()).toBe('failed');
    expect(it.alive).toEqual([]);
    it.clock.advance(600_000 - 1_000 - 1);
    expect(it.state()).toBe('failed');
    it.clock.advance(1);
    expect(it.state()).toBe('running');
    expect(it.alive).toEqual(['one', 'two']);
  });

  it('forgets restarts that lie further back than its span (R4)', async () => {
    const it = branch();
    for (let count = 0; count < 6; count += 1) {
      await it.restarts();
      expect(it.state()).toBe('running');
      it.clock.advance(30_000);
    }
  });

  it('keeps the error of a member that left in the very turn in which it failed (R5)', () => {
    const it = branch();
    it.send({ type: 'member.removed', member: 'one' });
    it.send({ type: 'xstate.error.actor.one', actorId: 'one', error: new Error('one broke') });
    expect(it.status()).toBe('active');
    expect(it.state()).toBe('running');
    expect(it.alive).toEqual(['two']);
  });

  it('takes members in and lets them go while it runs; while it does not, with the next start (R7)', async () => {
    const it = branch();
    it.send({ type: 'member.added', member: 'three' });
    it.send({ type: 'member.added', member: 'three' });
    expect(it.alive).toEqual(['one', 'two', 'three']);
    it.send({ type: 'member.removed', member: 'two' });
    expect(it.alive).toEqual(['one', 'three']);
    await it.crashes();
    it.send({ type: 'member.added', member: 'two' });
    it.send({ type: 'member.removed', member: 'one' });
    await it.clears();
    it.clock.advance(1_000);
    expect(it.alive).toEqual(['three', 'two']);
  });

  it('ends when it is told to, once its effects have (R6)', async () => {
    const it = branch();
    it.send({ type: 'branch.stop' });
    expect(it.alive).toEqual([]);
    expect(it.status()).toBe('active');
    await it.clears();
    expect(it.status()).toBe('done');
  });

  it('keeps a member that throws at its very start inside (R5)', async () => {
    const clock = new FakeClock();
    const thrower = fromCallback(() => {
      throw new Error('at birth');
    });
    const machine = branchMachine.provide({
      actors: { clear: fromPromise(async () => ({ at: clock.now() })), one: thrower },
    });
    const actor = createActor(machine, { clock, input: { ...INPUT, members: ['one'], restartsMax: 1 } });
    actor.start();
    for (let count = 0; count < 5; count += 1) {
      await settled();
      clock.advance(1_000);
    }
    await settled();
    expect(actor.getSnapshot().value).toBe('failed');
  });
});
