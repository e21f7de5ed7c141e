/** `earshot blackbox`: has the running daemon write what its flight recorder holds, the last ten minutes. */
import * as z from 'zod';
import { type CommonOptions, daemonAddress } from './daemon-address.js';
import type { Terminal } from './terminal.js';

export interface BlackboxOptions extends CommonOptions {
  readonly json?: boolean;
}

const written = z.looseObject({ file: z.string() });

export async function blackbox(options: BlackboxOptions, terminal: Terminal): Promise<number> {
  const answer = written.parse(await (await daemonAddress(options)).ask('POST', '/blackbox', {}));
  if (options.json) terminal.json(answer);
  else {
    terminal.say(answer.file);
    terminal.say(`step through it: earshot replay ${answer.file} --open`);
  }
  return 0;
}
