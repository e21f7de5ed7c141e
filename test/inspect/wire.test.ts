import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, it } from 'vitest';
import { createActor, setup } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import { Feed } from '../../src/inspect/feed.js';
import { definitionOf, StatelyWire } from '../../src/inspect/wire.js';
import { createScrubber, Secret } from '../../src/secret.js';
import { Lives } from '../../src/trace/lives.js';
import { FakeClock, keptLog, settled } from '../support/fake-clock.js';

const TOKEN = 'CanaryWebhookToken-31415926535897932384626433';

/** A supervisor of which a part fails, as we tell it and as the library tells it. */
async function told(withContent: boolean) {
  const clock = new FakeClock();
  const lives = new Lives();
  const wire = new StatelyWire({ lives, scrub: createScrubber([new Secret(TOKEN)]), withContent });
  const feed = new Feed({ lives, wire, clock, log: keptLog().log });
  const ours: StatelyInspectionEvent[] = [];
  feed.attach({
    waitingBytes: 0,
    send: (frames) => ours.push(...frames.map((frame) => JSON.parse(frame) as StatelyInspectionEvent)),
    cut: () => expect.unreachable(),
  });
  clock.advance(50);
  const theirs: StatelyInspectionEvent[] = [];
  const library = createInspector({ send: (event) => theirs.push(JSON.parse(JSON.stringify(event))) });
  const root = createActor(catalogue.store, {
    id: 'supervisor',
    clock,
    inspect(event) {
      lives.inspect(event);
      library.inspect.next?.(event);
    },
    input: { initialMs: 100, maxMs: 100, seed: 1 },
  }).start();
  root.send({ type: 'store.opened', at: 1 });
  root.send({
    type: 'store.refused',
    at: 2,
    code: 'busy',
    text: `hello bob: https://discord.com/api/webhooks/1/${TOKEN} said no`,
    passes: true,
  });
  clock.advance(50);
  // The library tells its events when it is idle.
  await new Promise((resolve) => setTimeout(resolve, 0));
  await settled();
  return { ours, theirs };
}

const ofType = (all: readonly StatelyInspectionEvent[], type: StatelyInspectionEvent['type']) =>
  all.filter((it) => it.type === type);

describe('the wire format', () => {
  it('is the library’s own', async () => {
    const { ours, theirs } = await told(true);
    const scrubbed = JSON.parse(createScrubber([new Secret(TOKEN)])(JSON.stringify(theirs))) as typeof theirs;
    // Names and times are ours, and the state in which an actor was met comes with its registration.
    const same = (all: typeof ours, type: StatelyInspectionEvent['type']) =>
      ofType(all, type)
        .map(({ sessionId, rootId, createdAt, ...rest }) => ({ ...rest, isRoot: sessionId === rootId }))
        .filter((it) => type === '@xstate.event' || ('event' in it && it.event.type !== 'xstate.init'));
    for (const type of ['@xstate.event', '@xstate.snapshot'] as const) {
      expect(same(ours, type)).toEqual(same(scrubbed, type));
      expect(same(ours, type).length).toBeGreaterThanOrEqual(2);
    }
    const [registered] = ofType(ours, '@xstate.actor');
    const [theirOwn] = ofType(theirs, '@xstate.actor');
    expect(Object.keys(registered ?? {}).sort()).toEqual(Object.keys(theirOwn ?? {}).sort());
    expect(registered).toMatchObject({
      sessionId: 'supervisor:1',
      rootId: 'supervisor:1',
      name: 'supervisor',
    });
  });

  it('has no secret, and no sentence of a failure unless that is asked for', async () => {
    const discreet = JSON.stringify((await told(false)).ours);
    const frank = JSON.stringify((await told(true)).ours);
    expect(frank).toContain('hello bob: https://discord.com/api/webhooks/1/[secret] said no');
    for (const text of [TOKEN, 'hello', 'said no', 'discord.com']) expect(discreet).not.toContain(text);
    expect(discreet).toContain('[withheld]');
    expect(discreet).toContain('busy');
  });

  it('tells what a machine is, as the library does, and never what its context begins with', () => {
    const machine = setup({}).createMachine({
      id: 'breaker',
      context: { token: TOKEN },
      entry: function announced() {},
      initial: 'closed',
      states: { closed: {} },
    });
    expect(JSON.parse(definitionOf(machine))).toEqual({
      id: 'breaker',
      entry: { type: 'announced' },
      initial: 'closed',
      states: { closed: {} },
    });
    for (const known of Object.values(catalogue)) {
      const definition = JSON.parse(definitionOf(known)) as object;
      expect(definition).toHaveProperty('states');
      expect(definition).not.toHaveProperty('context');
      expect(JSON.stringify(definition)).not.toContain('null');
    }
  });
});
