/** `earshot replay --as-test`: the shortest way into a state, as a Vitest file. */
import { writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { EarshotError } from '../errors.js';
import { shippedFile } from '../statecharts/shipped.js';
import { testOf } from '../trace/as-test.js';
import { goalOf, Reach } from '../trace/reach.js';
import { counted } from '../trace/telling.js';
import type { Question } from './replay.js';

/** As seen from a folder in test/, where a file that is printed will be kept. */
const FROM_TESTS = '../../machines';

/** Throws an EarshotError, code `usage`, when `reach` names no actor with a state. */
export function asTest(
  reach: string,
  { out, json }: { readonly out: string | undefined; readonly json: boolean },
): Question {
  const goal = goalOf(reach);
  const search = new Reach(goal);
  return {
    observers: [search],
    answer(terminal) {
      const reached = search.shortest();
      const test = testOf(goal, reached, out === undefined ? FROM_TESTS : machinesFrom(dirname(out)));
      const { machine, events, recorded, isMinimal } = reached;
      if (out !== undefined) write(out, test);
      if (json) terminal.json({ ...goal, machine, events, recorded, isMinimal, file: out ?? null, test });
      else if (out === undefined) terminal.write(test);
      else terminal.say(`${out}: ${counted(recorded, 'recorded event')}, shrunk to ${events.length}`);
    },
  };
}

function machinesFrom(folder: string): string {
  const path = relative(resolve(folder), dirname(shippedFile('machines/catalogue.ts')));
  return path.startsWith('.') ? path : `./${path}`;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const what = code === 'EEXIST' ? 'is there already' : `cannot be written (${code})`;
    throw new EarshotError('unwritable', `${file} ${what}`, 'give --out another name', { cause: error });
  }
}
