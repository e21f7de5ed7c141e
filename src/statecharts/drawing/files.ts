/**
 * What stands in visualizations/: for each machine its picture, its diagram, its definition and its source, and a page of
 * them all. Only the sources of this project run this; what is installed shows the files.
 */
import { catalogue } from '../../../machines/catalogue.js';
import { definitionOf } from '../definition.js';
import { mermaidOf } from '../mermaid.js';
import { lawOf, sourceOf } from '../source.js';
import { statechartOf } from './statechart.js';
import { treePicture } from './tree.js';

/** By name of the file. */
export function statechartFiles(): Map<string, string> {
  const files = new Map<string, string>();
  const sections: string[] = [];
  for (const [name, machine] of Object.entries(catalogue)) {
    files.set(`${name}.svg`, statechartOf(machine, `The ${name}'s statechart`));
    files.set(`${name}.mmd`, mermaidOf(machine));
    files.set(`${name}.json`, definitionOf(machine));
    files.set(`${name}.source.ts`, sourceOf(name));
    sections.push(
      `## ${name}\n\n${lawOf(name)}\n\n![The ${name}'s statechart](${name}.svg)\n\n[definition](${name}.json) · [source to paste](${name}.source.ts) · [Mermaid diagram](${name}.mmd)\n`,
    );
  }
  files.set('tree.svg', treePicture('Who is under whom in a running daemon'));
  const head = `# Earshot's machines

Written by \`npm run visualize\` from \`machines/\`; a test fails when it is stale. Each \`.source.ts\` stands alone: paste it into
Stately's editor. Each \`.json\` can be imported there. Transitions that only count something are left out of the pictures.
`;
  files.set('README.md', [head, ...sections].join('\n'));
  return files;
}
