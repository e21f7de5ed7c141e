/**
 * Walks over every machine of the catalogue, by the shortest way to each turn that models.ts makes possible. The
 * living machine must agree with the pure one at each step; and all that stands in its definition must have been met:
 * whoever adds a state, a transition or a delay that nothing leads to sees this fail. There is none such today.
 */
import { describe, expect, it } from 'vitest';
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { TestModel } from 'xstate/graph';
import { catalogue, type MachineName } from '../../machines/catalogue.js';
import { Ground, Walker } from '../support/walk.js';
import { type AnyModel, eventsIn, MODELS } from './models.js';

/** Several times what the largest machine needs. Beyond it stands a number that grows for ever in a `matter`. */
const PLACES_MAX = 60_000;

function pathsOver({ machine }: Ground, model: AnyModel, input: unknown) {
  const names = new WeakMap<EventObject, string>();
  const shape = ({ value, context, status }: AnyMachineSnapshot) =>
    JSON.stringify([value, status, model.matter(context)]);
  return new TestModel(machine, {
    input,
    events: (snapshot) =>
      eventsIn(model, snapshot).map(([name, event]) => {
        names.set(event, name);
        return event;
      }),
    serializeEvent: (event) => names.get(event) ?? event.type,
    // Each way into a state is a place of its own, so that each is walked.
    serializeState: (snapshot, event, before) =>
      event === undefined || before === undefined
        ? shape(snapshot)
        : `${shape(snapshot)} by ${names.get(event)} from ${shape(before)}`,
    stopWhen: ({ status }) => status !== 'active',
    limit: PLACES_MAX,
  }).getShortestPaths();
}

const seen = ({ value, context, status }: AnyMachineSnapshot) => ({ value, context, status });

describe('every machine', () => {
  it.each(Object.keys(catalogue) as MachineName[])(
    '%s: each state is entered, each transition taken, each delay kept to the millisecond',
    async (name) => {
      const model = MODELS[name];
      const ground = new Ground(catalogue[name], Object.keys(model.children));
      for (const input of model.inputs) {
        for (const path of pathsOver(ground, model, input)) {
          const walker = new Walker(ground, input);
          const agree = () => {
            expect(seen(walker.living)).toEqual(seen(walker.pure));
            expect(walker.pure.status).not.toBe('error');
          };
          // Before a delay is due the living machine must be where the pure one still is.
          const take = ({ event }: { event: EventObject }) => walker.take(event, agree);
          const [, ...steps] = path.steps.map(({ event }) => [event.type, take]);
          await path.test({ events: Object.fromEntries(steps), states: { '*': agree } });
        }
      }
      const { states, transitions, delays } = ground;
      expect({
        'never entered': [...states],
        'never taken': [...transitions],
        'never waited for': [...delays],
      }).toEqual({ 'never entered': [], 'never taken': [], 'never waited for': [] });
    },
    60_000,
  );
});
