import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, createMachine } from 'xstate';
import { catalogue } from '../../machines/catalogue.js';
import { wordsOf } from '../../src/statecharts/chart.js';
import { definitionOf } from '../../src/statecharts/definition.js';
import { statechartFiles } from '../../src/statecharts/drawing/files.js';
import { mermaidOf } from '../../src/statecharts/mermaid.js';

const VISUALIZATIONS = fileURLToPath(new URL('../../visualizations/', import.meta.url));
const machines = Object.entries(catalogue) as [string, AnyStateMachine][];

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

describe('what draws them', () => {
  it('is needed by nothing that is installed: the package comes with the pictures', () => {
    const { files, dependencies } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    expect(files).toEqual(expect.arrayContaining(['visualizations', '!dist/src/statecharts/drawing']));
    expect(dependencies).not.toHaveProperty('state-machine-cat');
    const importing = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith(join('statecharts', 'drawing')))
      .filter((file) =>
        /from '[^']*(statecharts\/drawing|\.\/drawing|state-machine-cat)/.test(
          readFileSync(join(SOURCES, file), 'utf8'),
        ),
      );
    expect(importing).toEqual([]);
  });
});

describe('visualizations', () => {
  it('are what would be written now (else: npm run visualize)', () => {
    const wanted = statechartFiles();
    // A folder there belongs to the viewer.
    const present = readdirSync(VISUALIZATIONS, { withFileTypes: true }).filter((it) => !it.isDirectory());
    expect(present.map(({ name }) => name).sort()).toEqual([...wanted.keys()].sort());
    for (const [name, text] of wanted) {
      expect(`${name}\n${readFileSync(join(VISUALIZATIONS, name), 'utf8')}`).toBe(`${name}\n${text}`);
    }
  });

  it.each(machines)('show every state of %s, and every transition that leads somewhere', (_, machine) => {
    const diagram = mermaidOf(machine);
    const walk = (node: AnyStateMachine['root']) => {
      for (const child of Object.values(node.states)) {
        expect(diagram).toContain(`state "${child.key}" as ${child.path.join('_')}`);
        for (const [event, list] of child.transitions) {
          for (const { target } of list) {
            if (!target?.[0]) continue;
            const arrow = `${child.path.join('_')} --> ${target[0].path.join('_')} : `;
            const line = diagram.split('\n').find((it) => it.trim().startsWith(arrow));
            expect(line).toContain(wordsOf(event));
          }
        }
        walk(child);
      }
    };
    walk(machine.root);
  });

  it.each(machines)('hold a definition of %s that makes the same chart when it is imported', (_, machine) => {
    const definition = definitionOf(machine);
    // A function without a name would leave a hole, which an importer stumbles over.
    expect(definition).not.toMatch(/\bnull\b/);
    expect(mermaidOf(createMachine(JSON.parse(definition)))).toBe(mermaidOf(machine));
  });
});
