/**
 * A pasted source does what the machine does: it is compiled and run in a folder where nothing but xstate can be had,
 * and taken through every place that the machine can get to, and all that may happen there.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnyMachineSnapshot, type EventObject, initialTransition, transition } from 'xstate';
import { catalogue, type MachineName } from '../../machines/catalogue.js';
import { sourceOf } from '../../src/statecharts/source.js';
import { type AnyModel, eventsIn, MODELS } from '../machines/models.js';
import { Ground } from '../support/walk.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NAMES = Object.keys(catalogue) as MachineName[];
const run = promisify(execFile);

interface Place {
  readonly value: unknown;
  readonly context: unknown;
  readonly status: string;
}

/** What happens where, and where it leads. */
interface Step {
  readonly from: Place;
  readonly event: EventObject;
  readonly to: Place;
}

const placeOf = ({ value, context, status }: AnyMachineSnapshot): Place => ({ value, context, status });

function stepsOf(name: MachineName): Step[] {
  const model: AnyModel = MODELS[name];
  const { machine } = new Ground(catalogue[name], Object.keys(model.children));
  const steps: Step[] = [];
  const known = new Set<string>();
  const waiting = model.inputs.map((input) => initialTransition(machine, input)[0]);
  for (let here = waiting.shift(); here !== undefined; here = waiting.shift()) {
    const shape = JSON.stringify([here.value, here.status, model.matter(here.context)]);
    if (known.has(shape) || here.status !== 'active') continue;
    known.add(shape);
    for (const [, event] of eventsIn(model, here)) {
      // Through JSON, as it goes to the other process: an error has lost its text there.
      const given: EventObject = JSON.parse(JSON.stringify(event));
      const [next] = transition(machine, here, given);
      steps.push({ from: placeOf(here), event: given, to: placeOf(next) });
      waiting.push(next);
    }
  }
  return JSON.parse(JSON.stringify(steps));
}

const COMPILER_OPTIONS = {
  strict: true,
  skipLibCheck: true,
  module: 'nodenext',
  target: 'es2023',
  types: [],
  outDir: 'out',
};

/** Reads what is to be done, and says where each step led. It stands alone, like the sources beside it. */
const RUNNER = `
import { readFileSync, writeFileSync } from 'node:fs';
import { transition } from 'xstate';
const outcome = {};
for (const [name, steps] of Object.entries(JSON.parse(readFileSync('steps.json', 'utf8')))) {
  const machine = (await import('./out/' + name + '.js'))[name + 'Machine'];
  const places = steps.map(({ from: { value, context }, event }) => {
    const [next] = transition(machine, machine.resolveState({ value, context }), event);
    return { value: next.value, context: next.context, status: next.status };
  });
  outcome[name] = { config: JSON.stringify(machine.config), places };
}
writeFileSync('outcome.json', JSON.stringify(outcome));
`;

describe('a pasted source', () => {
  const steps = new Map(NAMES.map((name) => [name, stepsOf(name)]));
  const folder = mkdtempSync(join(tmpdir(), 'earshot-pasted-'));
  const written = (name: string, text: string) => writeFileSync(join(folder, name), text);
  let outcome: Record<MachineName, { readonly config: string; readonly places: readonly Place[] }>;

  beforeAll(async () => {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(ROOT, 'node_modules/xstate'), join(folder, 'node_modules/xstate'));
    written('package.json', '{ "type": "module" }');
    written('tsconfig.json', JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['*.ts'] }));
    for (const name of NAMES) written(`${name}.ts`, sourceOf(name));
    written('runner.js', RUNNER);
    written('steps.json', JSON.stringify(Object.fromEntries(steps)));
    const compiler = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin/tsc');
    await run(process.execPath, [compiler, '-p', '.'], { cwd: folder });
    await run(process.execPath, ['runner.js'], { cwd: folder });
    outcome = JSON.parse(readFileSync(join(folder, 'outcome.json'), 'utf8'));
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(NAMES)('of %s is configured as the machine is, and takes every step that it takes', (name) => {
    expect(outcome[name].config).toBe(JSON.stringify(catalogue[name].config));
    const taken = steps.get(name) ?? [];
    expect(taken.length).toBeGreaterThan(0);
    for (const [index, { to, ...step }] of taken.entries()) {
      expect({ ...step, to: outcome[name].places[index] }).toEqual({ ...step, to });
    }
  });
});
