/**
 * What stands in visualizations/: for each machine its picture, its diagram, its definition and its source, the tree they
 * live in, and a page of them all. It is run in this repository; what is installed comes with the files.
 */
import { catalogue } from '../../../machines/catalogue.js';
import { definitionOf } from '../definition.js';
import { mermaidOf } from '../mermaid.js';
import { lawOf, sourceOf } from '../source.js';
import { treeDiagram } from '../tree.js';
import { statechartOf } from './statechart.js';
import { treePicture } from './tree.js';

/** By name of the file. */
export function statechartFiles(): Map<string, string> {
  const files = new Map<string, string>();
  const sections: string[] = [];
  for (const [name, machine] of Object.entries(catalogue)) {
    files.set(`${name}.svg`, statechartOf(machine, `The statechart of the ${name} machine`));
    files.set(`${name}.mmd`, mermaidOf(machine));
    files.set(`${name}.json`, definitionOf(machine));
    files.set(`${name}.source.ts`, sourceOf(name));
    sections.push(sectionOf(name));
  }
  files.set('tree.svg', treePicture('Who is under whom in a running daemon'));
  files.set('tree.mmd', treeDiagram());
  files.set('README.md', [HEAD, linksTo(Object.keys(catalogue)), READING, TREE, ...sections].join('\n'));
  return files;
}

const HEAD = `# Earshot's machines

Written by \`npm run visualize\` from \`machines/\`; a test fails when any of it is stale. \`earshot machines\` prints the same,
and \`earshot open\` shows them in a browser with their present states lit.
`;

const READING = `## How to read the pictures

- A black dot points to the state that is entered first; a double border ends the machine.
- An arrow's label is what leads along it: an event, \`[a guard]\` that must hold, \`[else]\` when none before it held,
  and in blue a time that has passed. "done" and "failed" tell how the work ended that the state runs.
- An arrow from a frame counts for every state within; from "any state", for all of them.
- "runs" names the work that is begun on entry and stopped on leaving; "tag" what callers ask for instead of a name.
- Events that change only a count and no state are left out.

To open one in Stately's editor, paste its source, which stands alone, or its definition, which is the JSON that
\`createMachine(…)\` takes: the surer way for the supervisor, whose steps are written by functions.
`;

const TREE = `## The tree

Who is under whom in a running daemon. A name in capitals stands for several actors.

![The supervision tree](tree.svg)

[Mermaid](tree.mmd)
`;

function linksTo(names: readonly string[]): string {
  return `${['tree', ...names].map((name) => `[${name}](#${name === 'tree' ? 'the-tree' : name})`).join(' · ')}\n`;
}

function sectionOf(name: string): string {
  return `## ${name}

${lawOf(name)}

![The statechart of the ${name} machine](${name}.svg)

[definition](${name}.json) · [source to paste](${name}.source.ts) · [Mermaid](${name}.mmd) · [the machine](../machines/${name}.ts)
`;
}
