/** `earshot machines`: the machines and the tree they live in, as diagrams, pictures, definitions or source. */
import { catalogue, type MachineName } from '../../machines/catalogue.js';
import { suggestion } from '../config/did-you-mean.js';
import { EarshotError } from '../errors.js';
import { definitionOf } from '../statecharts/definition.js';
import { mermaidOf } from '../statecharts/mermaid.js';
import { shippedText } from '../statecharts/shipped.js';
import { lawOf, sourceOf } from '../statecharts/source.js';
import { ACTOR_KINDS, treeDiagram } from '../statecharts/tree.js';
import { columns, type Terminal } from './terminal.js';

export type MachineFormat = 'mermaid' | 'json' | 'svg' | 'source';

export interface MachinesOptions {
  /** Mermaid, when absent. */
  readonly format?: MachineFormat;
  readonly json?: boolean;
}

/** Not a machine, but where each of them stands. */
const TREE = 'tree';

/** Without a name: each with its law in a line. */
export function machines(name: string | undefined, options: MachinesOptions, terminal: Terminal): number {
  const format = options.json ? 'json' : options.format;
  if (name !== undefined) {
    terminal.write(name === TREE ? treeAs(format) : machineAs(known(name), format));
    return 0;
  }
  const listed = namesOf().map((it) => ({ name: it, law: lawOf(it) }));
  if (options.json) terminal.json({ machines: listed });
  else if (format !== undefined) {
    throw new EarshotError(
      'usage',
      `--format ${format} is for one machine: give its NAME`,
      `earshot machines ${namesOf()[0]} --format ${format}`,
    );
  } else for (const line of columns(listed.map(({ name: it, law }) => [it, law]))) terminal.say(line);
  return 0;
}

function machineAs(name: MachineName, format: MachineFormat = 'mermaid'): string {
  switch (format) {
    case 'mermaid':
      return mermaidOf(catalogue[name]);
    case 'json':
      return definitionOf(catalogue[name]);
    case 'svg':
      return shippedText(`visualizations/${name}.svg`);
    case 'source':
      return sourceOf(name);
  }
}

function treeAs(format: MachineFormat = 'mermaid'): string {
  switch (format) {
    case 'mermaid':
      return treeDiagram();
    case 'json':
      return `${JSON.stringify(ACTOR_KINDS, null, 2)}\n`;
    case 'svg':
      return shippedText(`visualizations/${TREE}.svg`);
    case 'source':
      throw new EarshotError('usage', 'the tree is no machine and has no source', `earshot machines ${TREE}`);
  }
}

function known(name: string): MachineName {
  if (isMachine(name)) return name;
  throw new EarshotError(
    'usage',
    `there is no machine \`${name}\`${suggestion(name, [...namesOf(), TREE])}`,
    'earshot machines lists them',
  );
}

function namesOf(): readonly MachineName[] {
  return Object.keys(catalogue).filter(isMachine);
}

function isMachine(name: string): name is MachineName {
  return Object.hasOwn(catalogue, name);
}
