/** `earshot open`: the address at which a browser sees the running daemon, good for one session. */
import * as z from 'zod';
import { isLoopback } from '../config/references.js';
import { EarshotError } from '../errors.js';
import { type CommonOptions, daemonAddress } from './daemon-address.js';
import type { Terminal } from './terminal.js';
import { tunnelTo } from './tunnel.js';

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
  const at = reachable(url);
  const address = `${at}/#code=${code}`;
  const tunnel = isOnLoopback(at) ? tunnelTo(at) : null;
  if (options.json) terminal.json({ url: address, tunnel });
  else {
    terminal.say(address);
    const elsewhere =
      tunnel === null
        ? 'Other machines that reach this address can use it as well.'
        : `From another machine, first: ${tunnel}`;
    terminal.say(`Good once, within 5 minutes. ${elsewhere}`);
  }
  return 0;
}

/** Where every address is listened on, the loopback is the one that a browser may ask. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

function isOnLoopback(url: string): boolean {
  return isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}
