import { describe, expect, it } from 'vitest';
import { createActor, fromCallback, fromPromise } from 'xstate';
import {
  type Ended,
  type Phase,
  type SupervisorEvent,
  supervisorMachine,
} from '../../machines/supervisor.js';
import { FakeClock } from '../support/fake-clock.js';

const STEPS = ['openStore', 'startSinks', 'bindControl', 'startSources'] as const;
const PHASES = [
  'closingSources',
  'drainingQueues',
  'closingSinks',
  'cancellingTasks',
  'closingStore',
  'closingRest',
] as const satisfies readonly Phase[];
const PARTS = ['store', 'pool', 'sinks', 'control', 'sources', 'tasks'] as const;

const LIMITS = {
  start: 60_000,
  closingSources: 3_000,
  drainingQueues: 10_000,
  closingSinks: 12_000,
  cancellingTasks: 2_000,
  closingStore: 5_000,
  closingRest: 2_000,
  total: 30_000,
};

type Step = (typeof STEPS)[number] | Phase | 'abort';

/** A supervisor whose steps end when the test says so. */
function supervisor(limits: Partial<typeof LIMITS> = {}) {
  const clock = new FakeClock();
  const running = new Map<Step, (ended: Ended) => void>();
  const failing = new Map<Step, (error: Error) => void>();
  const started: string[] = [];
  const alive = new Set<string>();
  const step = (name: Step) =>
    fromPromise<Ended>(
      () =>
        new Promise((resolve, reject) => {
          started.push(name);
          running.set(name, resolve);
          failing.set(name, reject);
        }),
    );
  const crash = new Map<string, () => void>();
  const part = (name: string) =>
    fromCallback<SupervisorEvent>(({ sendBack }) => {
      started.push(name);
      alive.add(name);
      crash.set(name, () =>
        sendBack({ type: 'part.failed', at: clock.now(), part: name, text: 'past its own means' }),
      );
      return () => alive.delete(name);
    });
  const machine = supervisorMachine.provide({
    actors: {
      store: part('store'),
      pool: part('pool'),
      sinks: part('sinks'),
      control: part('control'),
      sources: part('sources'),
      tasks: part('tasks'),
      openStore: step('openStore'),
      startSinks: step('startSinks'),
      bindControl: step('bindControl'),
      startSources: step('startSources'),
      closingSources: step('closingSources'),
      drainingQueues: step('drainingQueues'),
      closingSinks: step('closingSinks'),
      cancellingTasks: step('cancellingTasks'),
      closingStore: step('closingStore'),
      closingRest: step('closingRest'),
      abort: step('abort'),
    },
  });
  const actor = createActor(machine, { clock, input: { limits: { ...LIMITS, ...limits } } });
  const began: { phase: Phase; limitMs: number }[] = [];
  actor.on('phase.began', ({ phase, limitMs }) => began.push({ phase, limitMs }));
  actor.start();
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  const it = {
    clock,
    started,
    alive,
    began,
    actor,
    crash: (name: string) => crash.get(name)?.(),
    state: () => JSON.stringify(actor.getSnapshot().value).replace(/["{}]/g, ''),
    output: () => actor.getSnapshot().output,
    send: (event: SupervisorEvent) => actor.send(event),
    stop: () => actor.send({ type: 'stop.requested', at: clock.now(), reason: 'SIGTERM', forcedCode: 143 }),
    async ends(name: Step, failed?: string) {
      running.get(name)?.(failed === undefined ? { at: clock.now() } : { at: clock.now(), failed });
      await settled();
    },
    async throws(name: Step) {
      failing.get(name)?.(new Error(`${name} broke`));
      await settled();
    },
    async isRunning() {
      for (const name of STEPS) await it.ends(name);
      return it;
    },
    async stopsCleanly() {
      for (const name of PHASES) await it.ends(name);
    },
  };
  return it;
}

type Supervisor = ReturnType<typeof supervisor>;

const STATES = {
  openingStore: async () => supervisor(),
  startingSinks: () => after('openingStore', (it) => it.ends('openStore')),
  bindingControl: () => after('startingSinks', (it) => it.ends('startSinks')),
  startingSources: () => after('bindingControl', (it) => it.ends('bindControl')),
  healthy: () => after('startingSources', (it) => it.ends('startSources')),
  degraded: () => after('healthy', (it) => it.send({ type: 'health.judged', at: 0, degraded: true })),
  closingSources: () => after('healthy', (it) => it.stop()),
  drainingQueues: () => after('closingSources', (it) => it.ends('closingSources')),
  closingSinks: () => after('drainingQueues', (it) => it.ends('drainingQueues')),
  cancellingTasks: () => after('closingSinks', (it) => it.ends('closingSinks')),
  closingStore: () => after('cancellingTasks', (it) => it.ends('cancellingTasks')),
  closingRest: () => after('closingStore', (it) => it.ends('closingStore')),
  aborting: () => after('closingSources', (it) => it.stop()),
  stopped: () => after('closingRest', (it) => it.ends('closingRest')),
};
type State = keyof typeof STATES;

async function after(state: State, step: (it: Supervisor) => void | Promise<void>): Promise<Supervisor> {
  const it = await STATES[state]();
  await step(it);
  return it;
}

type Named = Exclude<SupervisorEvent['type'], `xstate.${string}`> | 'xstate.error.actor.sinks';
const EVENTS: Record<Named | 'well', SupervisorEvent> = {
  'stop.requested': { type: 'stop.requested', at: 0, reason: 'SIGTERM', forcedCode: 143 },
  'health.judged': { type: 'health.judged', at: 0, degraded: true },
  well: { type: 'health.judged', at: 0, degraded: false },
  'part.failed': { type: 'part.failed', at: 0, part: 'store', text: 'unusable' },
  'xstate.error.actor.sinks': {
    type: 'xstate.error.actor.sinks',
    actorId: 'sinks',
    error: new Error('fault'),
  },
};
type Event = keyof typeof EVENTS;

const STARTING = {
  'stop.requested': 'closingSources',
  'health.judged': '-',
  well: '-',
  'part.failed': 'closingSources',
  'xstate.error.actor.sinks': 'closingSources',
} as const;
const STOPPING = {
  'stop.requested': 'aborting',
  'health.judged': '-',
  well: '-',
  'part.failed': '-',
  'xstate.error.actor.sinks': '-',
} as const;
const DEAF = {
  'stop.requested': '-',
  'health.judged': '-',
  well: '-',
  'part.failed': '-',
  'xstate.error.actor.sinks': '-',
} as const;

/** What each event makes of each state; '-' leaves it as it is. */
const VERDICTS: Record<State, Record<Event, State | '-'>> = {
  // S2, S7: whatever the start had reached, the stop runs through all its phases.
  openingStore: STARTING,
  startingSinks: STARTING,
  bindingControl: STARTING,
  startingSources: STARTING,
  // S8: health turns on a change.
  healthy: { ...STARTING, 'health.judged': 'degraded' },
  degraded: { ...STARTING, well: 'healthy' },
  // S6: the second request forces the end; a part that fails on its way out changes nothing.
  closingSources: STOPPING,
  drainingQueues: STOPPING,
  closingSinks: STOPPING,
  cancellingTasks: STOPPING,
  closingStore: STOPPING,
  closingRest: STOPPING,
  aborting: DEAF,
  stopped: DEAF,
};

describe('supervisor: every state and event', () => {
  for (const state of Object.keys(VERDICTS) as State[]) {
    for (const event of Object.keys(VERDICTS[state]) as Event[]) {
      const verdict = VERDICTS[state][event];
      it(`${state} × ${event} → ${verdict === '-' ? 'stays' : verdict}`, async () => {
        const subject = await STATES[state]();
        expect(subject.state()).toContain(state);
        subject.send(EVENTS[event]);
        expect(subject.state()).toContain(verdict === '-' ? state : verdict);
      });
    }
  }
});

describe('supervisor', () => {
  it('starts its parts in order, each after the step before it (S1)', async () => {
    const subject = await supervisor().isRunning();
    expect(subject.started).toEqual([
      'store',
      'openStore',
      'pool',
      'sinks',
      'startSinks',
      'control',
      'bindControl',
      'tasks',
      'sources',
      'startSources',
    ]);
    expect([...subject.alive].sort()).toEqual([...PARTS].sort());
  });

  it('goes through every phase once and ends with 0 (S2, S5)', async () => {
    const subject = await supervisor().isRunning();
    subject.stop();
    await subject.stopsCleanly();
    expect(subject.state()).toBe('stopped');
    expect(subject.output()?.exitCode).toBe(0);
    expect(subject.output()?.phases.map(({ phase }) => phase)).toEqual(PHASES);
    expect(subject.alive.size).toBe(0);
  });

  it.each(PHASES)(
    'goes on after %s reached its limit, one millisecond after still not (S3, S5)',
    async (phase) => {
      const subject = await supervisor().isRunning();
      subject.stop();
      for (const earlier of PHASES.slice(0, PHASES.indexOf(phase))) await subject.ends(earlier);
      subject.clock.advance(LIMITS[phase] - 1);
      expect(subject.state()).toContain(phase);
      subject.clock.advance(1);
      expect(subject.state()).not.toContain(phase);
      for (const later of PHASES.slice(PHASES.indexOf(phase) + 1)) await subject.ends(later);
      const isUsedUp = phase === 'drainingQueues';
      expect(subject.output()?.phases.find((it) => it.phase === phase)).toMatchObject({
        end: isUsedUp ? 'done' : 'overran',
        tookMs: LIMITS[phase],
      });
      expect(subject.output()?.exitCode).toBe(isUsedUp ? 0 : 1);
    },
  );

  it.each(PHASES)('goes on after %s failed, and says what (S3, S5)', async (phase) => {
    const subject = await supervisor().isRunning();
    subject.stop();
    for (const name of PHASES) await subject.ends(name, name === phase ? 'it broke' : undefined);
    expect(subject.output()?.exitCode).toBe(1);
    expect(subject.output()?.phases.find((it) => it.phase === phase)).toMatchObject({
      end: 'failed',
      text: 'it broke',
    });
  });

  it('goes on after the work of a phase threw (S3)', async () => {
    const subject = await supervisor().isRunning();
    subject.stop();
    await subject.throws('closingSources');
    expect(subject.state()).toContain('drainingQueues');
  });

  it('keeps five seconds of the total for tasks and store (S4)', async () => {
    const subject = await supervisor({ total: 12_000 }).isRunning();
    subject.clock.advance(1_000);
    subject.stop();
    subject.clock.advance(3_000);
    subject.clock.advance(4_000);
    expect(subject.began).toEqual([
      { phase: 'closingSources', limitMs: 3_000 },
      { phase: 'drainingQueues', limitMs: 4_000 },
      { phase: 'closingSinks', limitMs: 0 },
      { phase: 'cancellingTasks', limitMs: 2_000 },
    ]);
  });

  it('is forced by the second request, and by its limit then (S5, S6)', async () => {
    const subject = await supervisor().isRunning();
    subject.stop();
    subject.stop();
    expect(subject.state()).toBe('aborting');
    subject.clock.advance(999);
    expect(subject.state()).toBe('aborting');
    subject.clock.advance(1);
    expect(subject.output()).toMatchObject({ exitCode: 143 });
  });

  it.each(STEPS)('stops everything in order when %s fails (S7)', async (step) => {
    const subject = supervisor();
    for (const earlier of STEPS.slice(0, STEPS.indexOf(step))) await subject.ends(earlier);
    await subject.ends(step, 'port 4747 is taken');
    expect(subject.state()).toContain('closingSources');
    await subject.stopsCleanly();
    expect(subject.output()).toMatchObject({ exitCode: 1, failure: 'port 4747 is taken' });
  });

  it.each(STEPS)('stops everything when %s throws or takes too long (S7)', async (step) => {
    for (const fault of ['throws', 'hangs'] as const) {
      const subject = supervisor();
      for (const earlier of STEPS.slice(0, STEPS.indexOf(step))) await subject.ends(earlier);
      if (fault === 'throws') await subject.throws(step);
      else subject.clock.advance(LIMITS.start);
      await subject.stopsCleanly();
      expect(subject.output()?.exitCode).toBe(1);
    }
  });

  it('stops when a part fails past its own means (S7)', async () => {
    const subject = await supervisor().isRunning();
    subject.crash('store');
    await subject.stopsCleanly();
    expect(subject.output()).toMatchObject({ exitCode: 1, failure: 'store: past its own means' });
  });

  it('is ready from the moment sources may start, and no longer once it stops', async () => {
    const subject = supervisor();
    const ready = () => subject.actor.getSnapshot().hasTag('ready');
    for (const step of ['openStore', 'startSinks', 'bindControl'] as const) {
      expect(ready()).toBe(false);
      await subject.ends(step);
    }
    expect(ready()).toBe(true);
    await subject.ends('startSources');
    expect(ready()).toBe(true);
    subject.stop();
    expect(ready()).toBe(false);
  });
});
