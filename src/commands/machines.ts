/** `earshot machines`: the machines, as diagrams, definitions or source. */
import { catalogue, type MachineName } from '../../machines/catalogue.js';
import { EarshotError } from '../errors.js';
import { definitionOf } from '../statecharts/definition.js';
import { mermaidOf } from '../statecharts/mermaid.js';
import { sourceOf } from '../statecharts/source.js';
import type { Terminal } from './terminal.js';

export interface MachinesOptions {
  readonly format: 'mermaid' | 'json' | 'source';
}

/** Without a name: their names, one a line. */
export function machines(name: string | undefined, { format }: MachinesOptions, terminal: Terminal): number {
  const names = Object.keys(catalogue);
  if (name === undefined) {
    terminal.write(`${names.join('\n')}\n`);
    return 0;
  }
  if (!isMachine(name)) {
    throw new EarshotError('unknownMachine', `there is no machine ${name}`, `one of ${names.join(', ')}`);
  }
  const machine = catalogue[name];
  terminal.write(
    format === 'source' ? sourceOf(name) : format === 'json' ? definitionOf(machine) : mermaidOf(machine),
  );
  return 0;
}

function isMachine(name: string): name is MachineName {
  return Object.hasOwn(catalogue, name);
}
