/** `earshot open`: the address at which a browser sees the running daemon, good for one session. */
import { isLoopback } from '../config/references.js';
import { viewerAddress } from '../control/viewer-address.js';
import { EarshotError } from '../errors.js';
import { type CommonOptions, daemonAddress } from './daemon-address.js';
import type { Terminal } from './terminal.js';
import { tunnelTo } from './tunnel.js';

export interface OpenOptions extends CommonOptions {
  readonly json?: boolean;
}

export async function open(options: OpenOptions, terminal: Terminal): Promise<number> {
  const url = await viewerAddress((await daemonAddress(options)).ask);
  if (url === undefined) {
    throw new EarshotError(
      'noHttp',
      'this daemon has no HTTP to look at',
      'take `control: false` out of its configuration',
    );
  }
  const tunnel = isOnLoopback(url) ? tunnelTo(url) : null;
  if (options.json) terminal.json({ url, tunnel });
  else {
    terminal.say(url);
    const elsewhere =
      tunnel === null
        ? 'Other machines that reach this address can use it as well.'
        : `From another machine, first: ${tunnel}`;
    terminal.say(`Good once, within 5 minutes. ${elsewhere}`);
  }
  return 0;
}

function isOnLoopback(url: string): boolean {
  return isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}
