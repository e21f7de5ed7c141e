/** `earshot status`: asks the running daemon how it is. */
import { EarshotError } from '../errors.js';
import { renderStatus, type StatusDocument } from '../status.js';
import { type CommonOptions, daemonAddress } from './daemon-address.js';
import type { Terminal } from './terminal.js';

export interface StatusOptions extends CommonOptions {
  readonly json?: boolean;
  readonly channels?: boolean;
}

/** 0 when nothing is degraded, else 1. */
export async function status(options: StatusOptions, terminal: Terminal): Promise<number> {
  const document = await (await daemonAddress(options)).ask('GET', '/status');
  if (!isStatus(document)) {
    throw new EarshotError('version', 'the daemon answers in another form', 'restart it with this version');
  }
  if (options.json) terminal.json(document);
  else {
    const { channels = false } = options;
    terminal.write(renderStatus(document, { channels, color: terminal.hasColor }));
  }
  return document.health === 'degraded' ? 1 : 0;
}

function isStatus(value: unknown): value is StatusDocument {
  return typeof value === 'object' && value !== null && 'schema' in value && value.schema === 1;
}
