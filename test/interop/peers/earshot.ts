/** One of Earshot's commands, run to its end by the built command line. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../support/daemon.js';

const CLI = fileURLToPath(new URL('../../../dist/src/cli.js', import.meta.url));

/** @param yaml the configuration, which lies in a folder of its own. */
export function earshot(args: readonly string[], yaml: string) {
  const file = join(temporaryFolder(), 'earshot.yaml');
  writeFileSync(file, yaml);
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [CLI, ...args, '-c', file], { timeout: 15_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}
