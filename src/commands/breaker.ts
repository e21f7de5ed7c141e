/** `earshot breaker`: opens a circuit by hand, closes it again, forgets its failures. */
import { type CommonOptions, daemonAddress } from './daemon-address.js';
import type { Terminal } from './terminal.js';

export type BreakerAction = 'isolate' | 'release' | 'reset';

export interface BreakerOptions extends CommonOptions {
  /** How long `isolate` holds; until `release`, when absent. */
  readonly for?: string;
  readonly json?: boolean;
}

export async function breaker(
  name: string,
  action: BreakerAction,
  options: BreakerOptions,
  terminal: Terminal,
): Promise<number> {
  const order = { action, ...(options.for !== undefined && { for: options.for }) };
  const answer = await (await daemonAddress(options)).ask(
    'POST',
    `/breakers/${encodeURIComponent(name)}`,
    order,
  );
  if (options.json) terminal.json(answer);
  else
    terminal.say(
      `circuit ${DONE[action]} (${name})${options.for === undefined ? '' : ` for ${options.for}`}`,
    );
  return 0;
}

const DONE: Readonly<Record<BreakerAction, string>> = {
  isolate: 'isolated',
  release: 'released',
  reset: 'reset',
};
