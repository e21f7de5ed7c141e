/** A fault of one sink's service, and what may go wrong with it beside. */
import type { Chance } from '../chance.js';
import { DATABASE, DISCORD, LOST, NET } from '../draws.js';
import type { Fault } from '../plan.js';

export function isSinkFault(fault: Fault): fault is Extract<Fault, { what: 'discord' | 'database' }> {
  return fault.what === 'discord' || fault.what === 'database';
}

export function otherFault(
  chance: Chance,
  { what, sink }: Extract<Fault, { sink: string; how: string }>,
  at: number,
): Fault {
  const times = chance.whole(1, 2);
  return what === 'discord'
    ? { at, what, sink, how: chance.is(0.7) ? chance.pick(DISCORD) : chance.pick([...NET, ...LOST]), times }
    : { at, what, sink, how: chance.is(0.7) ? chance.pick(DATABASE) : chance.pick([...NET, ...LOST]), times };
}
