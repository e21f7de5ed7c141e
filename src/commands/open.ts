/** `earshot open`: the address at which a browser sees the running daemon, good for one session. */
import { hostname, userInfo } from 'node:os';
import * as z from 'zod';
import { EarshotError } from '../errors.js';
import { type CommonOptions, daemonAddress } from './daemon-address.js';
import type { Terminal } from './terminal.js';

export interface OpenOptions extends CommonOptions {
  readonly json?: boolean;
}

const given = z.object({ code: z.string(), url: z.string().nullable() });

export async function open(options: OpenOptions, terminal: Terminal): Promise<number> {
  const answer = await (await daemonAddress(options)).ask('POST', '/viewer/code', {});
  const { code, url } = given.parse(answer);
  if (url === null) {
    throw new EarshotError(
      'noHttp',
      'this daemon has no HTTP to look at',
      'take `control: false` out of its configuration',
    );
  }
  const address = `${url}/#code=${code}`;
  const { port } = new URL(url);
  const tunnel = `ssh -L ${port}:127.0.0.1:${port} ${userInfo().username}@${hostname()}`;
  if (options.json) terminal.json({ url: address, tunnel });
  else {
    terminal.say(address);
    terminal.say(`Good once, within 5 minutes. From another machine, first: ${tunnel}`);
  }
  return 0;
}
