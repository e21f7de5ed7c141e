import { describe, expect, it } from 'vitest';
import { createActor, fromPromise, setup } from 'xstate';
import { branchMachine } from '../../machines/branch.js';
import { type Life, Lives } from '../../src/trace/lives.js';
import { FakeClock, settled } from '../support/fake-clock.js';

/** As a machine of the catalogue that can be made to throw: its id says which it stands for. */
const fragile = setup({ types: {} as { events: { type: 'work.failed' | 'work.completed' } } }).createMachine({
  id: 'breaker',
  on: {
    'work.failed': {
      actions: () => {
        throw new Error('boom');
      },
    },
    'work.completed': '.done',
  },
  initial: 'open',
  states: { open: {}, done: {} },
});

/** A branch with one member, watched. */
function watched() {
  const clock = new FakeClock();
  const lives = new Lives();
  const told: string[] = [];
  const say = (what: string, { path, number, snapshot }: Life) =>
    told.push(`${what} ${path} ${number} ${snapshot.status}`);
  const end = lives.watch({
    born: (life) => say('born', life),
    took: (life, { type }) => say(type, life),
    ended: (life) => say('ended', life),
  });
  const root = createActor(branchMachine.provide({ actors: { one: fragile } }), {
    id: 'supervisor',
    clock,
    inspect: lives.inspect,
    input: { members: ['one'], seed: 1 },
  }).start();
  const member = () => [...lives.living].find(({ path }) => path === 'one');
  return { clock, lives, told, end, root, member };
}

describe('the lives', () => {
  it('have a path, a number and a parent', () => {
    const { lives, member } = watched();
    const [child, parent] = lives.living;
    expect([child?.path, parent?.path]).toEqual(['one', 'supervisor']);
    expect(child).toMatchObject({ number: 1, machine: 'breaker', events: 0 });
    const one = member();
    expect(one && lives.parentOf(one)).toBe(parent);
    expect(parent && lives.parentOf(parent)).toBeUndefined();
    // Spawned at its parent's own start, the child was born before it.
    expect(lives.parentsFirst(lives.living)).toEqual([parent, child]);
  });

  it('end with a machine that throws, once, and another begins in its place', async () => {
    const { clock, lives, told, member } = watched();
    const first = member();
    first?.actor.send({ type: 'work.completed' });
    first?.actor.send({ type: 'work.failed' });
    await settled();
    expect(first?.snapshot).toMatchObject({ status: 'error', error: new Error('boom') });
    expect(lives.living.size).toBe(1);
    clock.advance(1_000);
    const second = member();
    expect(second?.number).toBeGreaterThan(first?.number ?? 0);
    expect(told.filter((line) => line.includes(' one '))).toEqual([
      'born one 1 active',
      'work.completed one 1 active',
      'ended one 1 error',
      `born one ${second?.number} active`,
    ]);
    // What ended is still known to whoever has a use for it.
    expect(first && lives.of(first.actor)).toBe(first);
  });

  it('end with the event that told of a child that failed', async () => {
    const lives = new Lives();
    const told: string[] = [];
    lives.watch({
      born: () => {},
      took: ({ path, snapshot }, { type }) => told.push(`${path} ${type} ${snapshot.status}`),
      ended: ({ path, snapshot }) => told.push(`${path} ended ${snapshot.status}`),
    });
    const failing = setup({
      actors: { child: fromPromise(() => Promise.reject(new Error('boom'))) },
    }).createMachine({ id: 'breaker', invoke: { id: 'child', src: 'child' } });
    const member = branchMachine.provide({ actors: { one: failing } });
    createActor(member, { inspect: lives.inspect, input: { members: ['one'], seed: 1 } }).start();
    await settled();
    expect(told.filter((line) => line.startsWith('one '))).toEqual([
      'one xstate.error.actor.child error',
      'one ended error',
    ]);
  });

  it('end with their parent', () => {
    const { lives, told, root } = watched();
    root.stop();
    expect(lives.living.size).toBe(0);
    expect(told.slice(2)).toEqual([
      'xstate.stop one 1 stopped',
      'ended one 1 stopped',
      'xstate.stop supervisor 2 stopped',
      'ended supervisor 2 stopped',
    ]);
  });

  it('are told to nobody who watches no more', () => {
    const { lives, told, end, root } = watched();
    end();
    root.stop();
    expect(lives.living.size).toBe(0);
    expect(told).toHaveLength(2);
  });
});
