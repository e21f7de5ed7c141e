/** Why a sink degrades the whole, in a sentence, and what a person can type about it. */
import { formatDuration } from '../durations.js';
import type { StatusReason } from '../sources/source.js';
import type { Delivery } from './delivery.js';

export function reasonsOf(delivery: Delivery): StatusReason[] {
  const { name, state, sinceAt, breaker, lastError, pending, queue } = delivery.status();
  const because = lastError === null ? '' : ` (${lastError.text})`;
  const oldest = pending > 0 ? `, oldest ${formatDuration(queue.oldestMs)}` : '';
  const reason = (code: string, text: string, remedy = ''): StatusReason[] => [
    {
      code,
      severity: 'degraded',
      actor: `sinks/${name}`,
      sinceAt,
      text: `${text}; ${pending} waiting${oldest}`,
      do: remedy,
    },
  ];
  if (state === 'failed')
    return reason(
      'sinkFailed',
      `${name} failed, tried again every 10 min`,
      'see the log for what crashed it',
    );
  if (delivery.refusal !== undefined) {
    const remedy = delivery.refusal.remedy || `correct its address or key, then \`earshot resume ${name}\``;
    return reason('sinkRefused', `${name} refused${because}`, remedy);
  }
  switch (breaker.state) {
    case 'closed':
      return [];
    case 'isolated':
      return reason('circuitIsolated', `${name} isolated by hand`, `earshot breaker ${name} release`);
    case 'open':
      return reason(
        'circuitOpen',
        `${name} circuit open${because}, retry in ${formatDuration(breaker.retryInMs)}`,
      );
    default:
      return reason('circuitOpen', `${name} circuit half-open${because}, a probe decides`);
  }
}
