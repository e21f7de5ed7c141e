/** What the daemon says of its own life: start, health, the phases of the stop, the account, the end. */
import type { Phase, PhaseEnd } from '../../machines/supervisor.js';
import { imbalance } from '../account.js';
import type { Config } from '../config.js';
import { formatDuration } from '../durations.js';
import type { Log } from '../log.js';
import type { StatusReason } from '../sources/source.js';
import type { StatusDocument } from '../status.js';

const PHASES: Record<Phase, string> = {
  closingSources: 'closing sources',
  drainingQueues: 'draining queues',
  closingSinks: 'closing sinks',
  cancellingTasks: 'cancelling tasks',
  closingStore: 'closing the store',
  closingRest: 'closing sessions and control',
};

export function sayRunning(
  log: Log,
  { kick, sinks }: Pick<Config, 'kick' | 'sinks'>,
  url: string | undefined,
): void {
  const where = url === undefined ? '' : `, status at ${url}`;
  const names = sinks.map(({ name }) => name).join(', ');
  log.info(
    { actor: 'supervisor', to: 'running' },
    `running: ${kick.channels.length} channels to ${names}${where}`,
  );
}

/** `reasons` are those that degrade; none of them is good news. */
export function sayHealth(log: Log, reasons: readonly StatusReason[]): void {
  const texts = reasons.map(({ text }) => text).join('; ');
  if (reasons.length === 0) log.info({ actor: 'supervisor', to: 'healthy' }, 'healthy again');
  else log.warn({ actor: 'supervisor', to: 'degraded' }, `degraded: ${texts}`);
}

export function sayPhase(log: Log, { phase, end, tookMs, text }: PhaseEnd): void {
  const fields = { actor: 'supervisor', phase, end, ms: Math.round(tookMs) };
  const said = `cleanup: ${PHASES[phase]}, ${formatDuration(tookMs)}`;
  if (end === 'done') log.info(fields, said);
  else log.error(fields, `${said}: ${end === 'failed' ? `failed: ${text}` : 'not done within its limit'}`);
}

/** The account, and the last line of all. */
export function sayEnd(
  log: Log,
  { account, sinks }: StatusDocument,
  exitCode: number,
  failure: string | null,
): void {
  if (failure !== null) log.error({ actor: 'supervisor' }, `failed: ${failure}`);
  const figures = sinks.map(({ name, delivered, dead, expired, pending }) => ({
    name,
    delivered,
    dead,
    expired,
    pending,
  }));
  const { heard, accepted, dropped, waiting } = account;
  const sums = [
    `heard ${heard}, accepted ${accepted}, dropped ${dropped}, waiting ${waiting}`,
    ...figures.map(
      ({ name, delivered, pending }) => `${name}: ${delivered} delivered, ${pending} kept for the next start`,
    ),
  ];
  log.info({ actor: 'supervisor', account, sinks: figures }, `account: ${sums.join('; ')}`);
  const wrong = imbalance(account);
  if (wrong !== undefined) log.error({ actor: 'supervisor', account }, `account does not add up: ${wrong}`);
  log.info({ actor: 'supervisor', to: 'stopped', exitCode }, 'Cleanup complete');
}
