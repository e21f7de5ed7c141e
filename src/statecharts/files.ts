/** What stands in visualizations/: for each machine its diagram, its definition and its source, and a page of them all. */
import { catalogue } from '../../machines/catalogue.js';
import { definitionOf } from './definition.js';
import { mermaidOf } from './mermaid.js';
import { sourceOf } from './source.js';

/** By name of the file. */
export function statechartFiles(): Map<string, string> {
  const files = new Map<string, string>();
  const sections: string[] = [];
  for (const [name, machine] of Object.entries(catalogue)) {
    const diagram = mermaidOf(machine);
    files.set(`${name}.mmd`, diagram);
    files.set(`${name}.json`, definitionOf(machine));
    files.set(`${name}.source.ts`, sourceOf(name));
    sections.push(
      `## ${name}\n\n${lawOf(sourceOf(name))}\n\n\`\`\`mermaid\n${diagram}\`\`\`\n\n[definition](${name}.json) · [source to paste](${name}.source.ts) · [diagram](${name}.mmd)\n`,
    );
  }
  const head = `# Earshot's machines

Written by \`npm run visualize\` from \`machines/\`; a test fails when it is stale. Each \`.source.ts\` stands alone: paste it into
Stately's editor. Each \`.json\` can be imported there. Transitions that only count something are left out of the diagrams.
`;
  files.set('README.md', [head, ...sections].join('\n'));
  return files;
}

/** The first sentences of a machine's header: what it decides, and what it never does. */
function lawOf(source: string): string {
  const header = /^\/\*\*\n([\s\S]*?)\n \*\n/.exec(source)?.[1] ?? '';
  return header.replace(/^ \* ?/gm, '').replace(/\n/g, ' ');
}
