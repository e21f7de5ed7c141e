/**
 * Why Kick is not all well, for status and health: one line a cause, each with what a person can do. Troubles
 * of a few channels are notices; they degrade the whole when more than a tenth of the channels is not heard,
 * or one that is marked critical.
 */
import type { ConnectionCondition } from '../../machines/connection.js';
import { formatDuration } from '../durations.js';
import type { Clock } from '../world.js';
import type { KickChannel } from './kick-channel.js';
import type { KickConnection } from './kick-connection.js';
import type { StatusReason } from './source.js';

export interface KickState {
  readonly connections: readonly KickConnection[];
  readonly channels: readonly KickChannel[];
  readonly gapFill: boolean;
  /** Why the history is not asked at present. */
  readonly historyRefusal: string | undefined;
  readonly clock: Clock;
}

/** A channel that is on its way is no trouble yet. */
const GRACE_MS = 30_000;
/** As many channels get a line each; the rest is counted. */
const NAMED_MAX = 20;
const DEGRADED_SHARE = 0.1;

export function kickReasons(state: KickState): StatusReason[] {
  const severity = isDegraded(state) ? 'degraded' : 'notice';
  return [
    ...connectionReasons(state, severity),
    ...channelReasons(state, severity),
    ...gapFillReasons(state),
  ];
}

function isDegraded({ channels, clock }: KickState): boolean {
  const unheard = channels.filter((channel) => isUnheard(channel, clock));
  return unheard.length > channels.length * DEGRADED_SHARE || unheard.some(({ critical }) => critical);
}

function isUnheard(channel: KickChannel, clock: Clock): boolean {
  if (channel.isSubscribed) return false;
  const isCutOff = channel.condition === 'waiting' && isDown(channel.carrier);
  return isCutOff || channel.trouble !== undefined || clock.wall() - channel.sinceAt > GRACE_MS;
}

const isDown = ({ condition }: { readonly condition: ConnectionCondition }): boolean =>
  condition === 'backoff' || condition === 'suspended' || condition === 'failed';

function connectionReasons({ connections, clock }: KickState, severity: StatusReason['severity']) {
  return connections.filter(isDown).map((connection): StatusReason => {
    const { trouble, dueAt, gate } = connection;
    const why = trouble?.text ?? 'not connected';
    const isRefused = connection.condition === 'failed';
    const again =
      connection.condition === 'suspended'
        ? gate.refusal()
        : `again in ${formatDuration(Math.max(0, (dueAt ?? 0) - clock.now()))}`;
    return {
      code: isRefused ? 'connectionRefused' : 'connectionDown',
      severity,
      actor: connection.path,
      sinceAt: connection.sinceAt,
      text: `kick ${connection.name}: ${why}; ${again}`,
      do: trouble?.remedy ?? '',
    };
  });
}

function channelReasons({ channels, clock }: KickState, severity: StatusReason['severity']) {
  const troubled = channels.filter(
    (channel) => channel.condition !== 'waiting' && isUnheard(channel, clock) && channel.condition !== 'left',
  );
  const named = troubled.slice(0, NAMED_MAX).map(
    (channel): StatusReason => ({
      code: channel.condition === 'resolving' ? 'channelUnknown' : 'channelUnheard',
      severity,
      actor: channel.path,
      sinceAt: channel.sinceAt,
      text: `${channel.slug} is not heard: ${channel.trouble?.text ?? `still ${channel.condition}`}`,
      do: channel.trouble?.remedy ?? '',
    }),
  );
  const rest = troubled.length - named.length;
  if (rest === 0) return named;
  const more: StatusReason = {
    code: 'channelsUnheard',
    severity,
    actor: 'sources/kick',
    sinceAt: Math.min(...troubled.map(({ sinceAt }) => sinceAt)),
    text: `${rest} more channels are not heard`,
    do: 'type: earshot status --channels',
  };
  return [...named, more];
}

/** What stands in the way of filling gaps. It costs nothing until there is one, so these are notices. */
function gapFillReasons({ channels, gapFill, historyRefusal, clock }: KickState): StatusReason[] {
  if (!gapFill) return [];
  const reasons: StatusReason[] = [];
  const blind = channels.filter(({ ids }) => ids !== undefined && ids.channelId === undefined);
  if (blind.length > 0) {
    const names = blind.slice(0, 5).map(({ slug }) => slug);
    const more = blind.length > names.length ? ` and ${blind.length - names.length} more` : '';
    reasons.push({
      code: 'noChannelId',
      severity: 'notice',
      actor: 'sources/kick',
      sinceAt: Math.min(...blind.map(({ sinceAt }) => sinceAt)),
      text: `no channel id for ${names.join(', ')}${more}: what is said while the connection is away is not fetched`,
      do: 'give channelId in kick.channels, or type: earshot channel add SLUG FILE',
    });
  }
  if (historyRefusal !== undefined) {
    reasons.push({
      code: 'historyRefused',
      severity: 'notice',
      actor: 'sources/kick',
      sinceAt: clock.wall(),
      text: `gaps are not filled at present: ${historyRefusal}`,
      do: '',
    });
  }
  return reasons;
}
