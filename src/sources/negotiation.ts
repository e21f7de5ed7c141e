/**
 * Negotiation: where the chat is to be had right now, and with which codec. Kick is asked first; Pusher with
 * the configured key needs nobody's answer, so it is what is left when Kick says nothing.
 *
 * What Kick answers decides where this daemon connects to, so addresses are checked: wss under kick.com, or
 * the very host that the configuration names for Kick.
 */
import type { Transport } from '../../machines/connection.js';
import type { Config } from '../config.js';
import { CentrifugoCodec } from './centrifugo.js';
import type { ApiFailure, KickApi, Offer } from './kick-api.js';
import { PusherCodec } from './pusher.js';
import type { Codec } from './realtime.js';

export interface Endpoint {
  readonly transport: Transport;
  readonly url: string;
  readonly codec: Codec;
}

export type Negotiated =
  | { readonly kind: 'endpoint'; readonly endpoint: Endpoint }
  /** Nothing of what was allowed can be had. */
  | { readonly kind: 'nothing'; readonly code: string; readonly text: string; readonly remedy: string };

export interface NegotiationDeps {
  readonly config: Pick<Config, 'kick' | 'limits' | 'timeouts'>;
  readonly api: Pick<KickApi, 'negotiate' | 'token'>;
}

/**
 * @param transports those that may be used, in the order of preference.
 * @param channelId any channel of the connection that has one.
 */
export async function negotiate(
  { config, api }: NegotiationDeps,
  transports: readonly Transport[],
  channelId: number | undefined,
  signal: AbortSignal,
): Promise<Negotiated> {
  const { pusher } = config.kick;
  const [preferred] = transports;
  // An address written down by hand is not negotiated.
  if (preferred === 'pusher' && pusher.url !== undefined) return pusherAt(config, pusher);
  const answer = await api.negotiate(channelId, transports, signal);
  const offers = answer.kind === 'ok' ? answer.value : [];
  const problems: Problem[] = answer.kind === 'failed' ? [answer] : [];
  for (const transport of transports) {
    const tried =
      transport === 'pusher'
        ? pusherAt(config, pusher.url === undefined ? (acceptable(offers) ?? pusher) : pusher)
        : await centrifugoAt({ config, api }, offers, signal);
    if (tried.kind === 'endpoint') return tried;
    problems.push(tried);
  }
  const [first] = problems;
  return {
    kind: 'nothing',
    code: first?.code ?? 'unavailable',
    text: first?.text ?? 'kick negotiation: nothing is left to try',
    remedy: first?.remedy ?? '',
  };
}

type Problem = Pick<ApiFailure, 'code' | 'text' | 'remedy'>;

function pusherAt(
  config: NegotiationDeps['config'],
  { key, cluster, url }: { key: string; cluster: string; url?: string | undefined },
): Negotiated {
  const base = url ?? `wss://ws-${cluster}.pusher.com`;
  const query = 'protocol=7&client=js&version=8.4.0&flash=false';
  const codec = new PusherCodec({
    maxEventBytes: config.limits.eventSize,
    pingEveryMs: config.timeouts.pingEvery,
  });
  return {
    kind: 'endpoint',
    endpoint: {
      transport: 'pusher',
      url: `${base.replace(/\/+$/, '')}/app/${encodeURIComponent(key)}?${query}`,
      codec,
    },
  };
}

/** Pusher's credentials as Kick offers them, if they can be part of a host name and a path. */
function acceptable(offers: readonly Offer[]): { key: string; cluster: string } | undefined {
  for (const offer of offers) {
    if (offer.provider !== 'pusher') continue;
    if (/^[\w-]{1,100}$/.test(offer.key) && /^[a-z0-9-]{1,32}$/i.test(offer.cluster)) return offer;
  }
  return undefined;
}

async function centrifugoAt(
  { config, api }: NegotiationDeps,
  offers: readonly Offer[],
  signal: AbortSignal,
): Promise<Negotiated> {
  const offer = offers.find((it) => it.provider === 'centrifugo');
  if (offer === undefined) return nothing('notOffered', 'kick negotiation: Centrifugo is not offered');
  const url = trustedSocketUrl(offer.url, config.kick);
  if (url === undefined) {
    return nothing('untrustedAddress', 'kick negotiation: the address offered is not wss under kick.com');
  }
  const token = await api.token(signal);
  if (token.kind === 'failed') return { ...token, kind: 'nothing' };
  const codec = new CentrifugoCodec({
    maxEventBytes: config.limits.eventSize,
    pongMs: config.timeouts.pong,
    pingEveryMs: config.timeouts.pingEvery,
    token: token.value,
  });
  return { kind: 'endpoint', endpoint: { transport: 'centrifugo', url, codec } };
}

function nothing(code: string, text: string): Negotiated {
  return { kind: 'nothing', code, text, remedy: '' };
}

/** A negotiated address, if this daemon may connect to it. */
export function trustedSocketUrl(
  text: string,
  kick: Pick<Config['kick'], 'api' | 'web'>,
): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return undefined;
  if (url.protocol === 'wss:' && isUnderKick(url.hostname)) return text;
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') return undefined;
  const configured = [kick.api, kick.web].map((address) => new URL(address).hostname);
  return configured.some((host) => host === url.hostname && !isUnderKick(host)) ? text : undefined;
}

function isUnderKick(host: string): boolean {
  return host === 'kick.com' || host.endsWith('.kick.com');
}
