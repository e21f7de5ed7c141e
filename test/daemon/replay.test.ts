import { describe, expect, it } from 'vitest';
import {
  type AnyActor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  type InspectionEvent,
  transition,
} from 'xstate';
import { configText, discordSink, discordStandin, kickStandin, runDaemon } from '../support/daemon.js';

interface Life {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly first: AnyMachineSnapshot;
  readonly steps: { readonly event: EventObject; readonly after: AnyMachineSnapshot }[];
}

/** Records what every machine of the tree took and became. */
function recorder() {
  const lives = new Map<AnyActor, Life>();
  const inspect = (inspected: InspectionEvent): void => {
    const actor = inspected.actorRef as AnyActor;
    const { logic } = actor;
    if (!('implementations' in logic)) return;
    if (inspected.type !== '@xstate.snapshot') return;
    const snapshot = inspected.snapshot as AnyMachineSnapshot;
    const life = lives.get(actor);
    if (life) life.steps.push({ event: inspected.event, after: snapshot });
    else {
      const machine = logic as AnyStateMachine;
      lives.set(actor, { name: `${machine.id} ${actor.id}`, machine, first: snapshot, steps: [] });
    }
  };
  return { lives, inspect };
}

const plain = ({ value, context }: Pick<AnyMachineSnapshot, 'value' | 'context'>) =>
  JSON.parse(JSON.stringify({ value, context }));

describe('a recorded outage', () => {
  it('replays on the pure machines, step by step, without a clock and without divergence', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin({ bucket: { limit: 3, windowMs: 300 }, channelPerMinute: null });
    const { lives, inspect } = recorder();
    const running = await runDaemon(
      configText({ kick, sinks: discordSink(discord.webhook()) }),
      undefined,
      'info',
      inspect,
    );
    await running.untilLive();
    discord.fail({ kind: 'status', status: 503 }, 6);
    for (let count = 0; count < 60; count += 1)
      kick.say('channel1', { username: 'alice', text: `@bob ${count}` });
    await running.until(({ sinks }) => sinks[0]?.breaker.state === 'open', 15_000);
    await kick.goOffline();
    await kick.comeBack();
    await running.untilLive();
    await running.until(({ sinks }) => sinks[0]?.delivered === 60, 15_000);
    await running.stop();

    let events = 0;
    const divergences: string[] = [];
    for (const { name, machine, first, steps } of lives.values()) {
      let state = machine.resolveState({ value: first.value, context: first.context });
      for (const { event, after } of steps) {
        [state] = transition(machine, state, event) as [AnyMachineSnapshot, unknown];
        events += 1;
        const [expected, got] = [plain(after), plain(state)];
        if (JSON.stringify(expected) === JSON.stringify(got)) continue;
        divergences.push(
          `${name}, ${event.type}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`,
        );
        break;
      }
    }
    console.log(`${events} events, ${lives.size} actors, ${divergences.length} divergences`);
    expect(divergences).toEqual([]);
    expect(events).toBeGreaterThan(100);
    const machines = new Set(
      [...lives.values()].filter(({ steps }) => steps.length > 0).map(({ machine }) => machine.id),
    );
    expect([...machines].sort()).toEqual(
      expect.arrayContaining(['breaker', 'channel', 'connection', 'delivery', 'store', 'supervisor']),
    );
  }, 60_000);
});
