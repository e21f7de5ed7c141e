/** What is kept of each scenario in this folder: the trace, and beside it what the trace tells. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** By their names, in order. */
export type Segments = ReadonlyMap<string, string>;

/** The folder of its trace, and the file of its transcript. */
export const traceOf = (scenario: string): string => join(FOLDER, scenario);
export const transcriptFileOf = (scenario: string): string => join(FOLDER, `${scenario}.txt`);

export function segmentsOf(scenario: string): Segments {
  const folder = traceOf(scenario);
  const names = readdirSync(folder).sort();
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

export function keep(scenario: string, segments: Segments, transcript: string): void {
  const folder = traceOf(scenario);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, text] of segments) writeFileSync(join(folder, name), text);
  writeFileSync(transcriptFileOf(scenario), transcript);
}
