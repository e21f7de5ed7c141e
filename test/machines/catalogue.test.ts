import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AnyActor, AnyStateMachine, InspectionEvent } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import { configText, discordSink, discordStandin, kickStandin, runDaemon } from '../support/daemon.js';

const FOLDER = fileURLToPath(new URL('../../machines/', import.meta.url));
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));
const PURE = ['backoff.ts', 'catalogue.ts'];

type Kind = 'actions' | 'guards' | 'actors' | 'delays';

/** Every name of an implementation that a machine's configuration uses. */
function namesIn(machine: AnyStateMachine): Record<Kind, Set<string>> {
  const names: Record<Kind, Set<string>> = {
    actions: new Set(),
    guards: new Set(),
    actors: new Set(),
    delays: new Set(),
  };
  const action = (it: unknown): void => {
    if (Array.isArray(it)) return it.forEach(action);
    if (typeof it === 'string') names.actions.add(it);
    else if (typeof it === 'object' && it !== null && 'type' in it) names.actions.add(String(it.type));
  };
  const guard = (it: unknown): void => {
    if (typeof it === 'string') names.guards.add(it);
    else if (typeof it === 'object' && it !== null && 'type' in it) names.guards.add(String(it.type));
    else if (typeof it === 'function' && 'guards' in it && Array.isArray(it.guards)) it.guards.forEach(guard);
  };
  const transition = (it: unknown): void => {
    if (Array.isArray(it)) return it.forEach(transition);
    if (typeof it !== 'object' || it === null) return;
    if ('guard' in it) guard(it.guard);
    if ('actions' in it) action(it.actions);
  };
  const state = (it: object): void => {
    const config = it as Record<string, unknown>;
    action(config.entry);
    action(config.exit);
    transition(config.always);
    for (const key of ['on', 'after'] as const) {
      for (const [name, value] of Object.entries(config[key] ?? {})) {
        transition(value);
        if (key === 'after' && !/^\d+$/.test(name)) names.delays.add(name);
      }
    }
    for (const invoked of [config.invoke].flat()) {
      if (typeof invoked !== 'object' || invoked === null) continue;
      const { src, onDone, onError } = invoked as Record<string, unknown>;
      if (typeof src === 'string') names.actors.add(src);
      transition(onDone);
      transition(onError);
    }
    for (const child of Object.values(config.states ?? {})) state(child as object);
  };
  state(machine.config);
  return names;
}

describe('the catalogue', () => {
  it('lists every machine there is a file for', () => {
    const names = FILES.filter((file) => !PURE.includes(file)).map((file) => file.replace('.ts', ''));
    expect(Object.keys(catalogue).sort()).toEqual(names.sort());
  });

  it.each(FILES)('%s imports xstate and its siblings only', (file) => {
    const text = readFileSync(FOLDER + file, 'utf8');
    const imported = [...text.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(([, name]) => name ?? '');
    for (const name of imported) expect(name).toMatch(/^(xstate|\.\/[a-z-]+\.js)$/);
    expect(text).not.toMatch(
      /\b(Date\.|Math\.random|performance\.|setTimeout|setInterval|process\.|console\.|fetch\()/,
    );
  });

  it.each(Object.entries(catalogue))(
    '%s declares every delay, guard, action and actor that it names',
    (_, machine) => {
      // An undeclared delay fires at once, and an undeclared actor looks like a failing network.
      const used = namesIn(machine);
      const { implementations } = machine as unknown as {
        implementations: Record<Kind, Record<string, unknown>>;
      };
      for (const kind of ['actions', 'guards', 'actors', 'delays'] as const) {
        const missing = [...used[kind]].filter(
          (name) => !name.startsWith('xstate.') && !(name in implementations[kind]),
        );
        expect({ kind, missing }).toEqual({ kind, missing: [] });
      }
    },
  );

  it.each(Object.entries(catalogue))(
    '%s can be made without an input, as replay and pictures do',
    (_, machine) => {
      expect(() => (machine as AnyStateMachine).getInitialSnapshot).not.toThrow();
      expect(machine.root.key).toBe(machine.id);
    },
  );

  it('has every actor provided in the running daemon: no hole is left', async () => {
    const kick = await kickStandin();
    const discord = await discordStandin();
    const machines = new Map<string, AnyStateMachine>();
    const inspect = (event: InspectionEvent) => {
      if (event.type !== '@xstate.actor') return;
      const { logic, id } = event.actorRef as AnyActor;
      if ('implementations' in logic) machines.set(`${logic.id} ${id}`, logic as AnyStateMachine);
    };
    const running = await runDaemon(
      configText({ kick, sinks: discordSink(discord.webhook()) }),
      undefined,
      'info',
      inspect,
    );
    onTestFinished(() => {
      machines.clear();
    });
    await running.untilLive();
    kick.say('channel1', { username: 'alice', text: '@bob' });
    await running.until(({ sinks }) => sinks[0]?.delivered === 1);
    const seen = new Set([...machines.values()].map(({ id }) => id));
    expect([...seen].sort()).toEqual(Object.keys(catalogue).sort());
    const holes: string[] = [];
    for (const [name, { id, implementations }] of machines) {
      const pure = catalogue[id as keyof typeof catalogue] as AnyStateMachine;
      for (const [actor, logic] of Object.entries(pure.implementations.actors)) {
        if (implementations.actors[actor] === logic) holes.push(`${name}: ${actor}`);
      }
    }
    expect(holes).toEqual([]);
  });
});
