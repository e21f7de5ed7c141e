/**
 * The server's side of Pusher Channels, protocol 7, as Kick uses it: public channels only. It words answers
 * and keeps no list of sockets (realtime-links.ts does).
 *
 * Codes and texts follow Pusher's public protocol documents: 4001 unknown key, 4007 protocol version, 4201 no
 * pong; a channel subscribed twice is an error with code null. Inner data travels as JSON inside a string.
 */
import { asObject, parseJson } from '../untrusted-json.js';
import type { Line, Protocol, Session, Upgrade } from './realtime-links.js';
import { type StandinClock, systemClock } from './standin-clock.js';

export interface PusherOptions {
  /** The one key that is known; any other is answered 4001. */
  readonly key: string;
  /** What `connection_established` promises, in seconds. */
  readonly activityTimeoutS: number;
  /** How long after its own ping the server waits for any frame before it closes with 4201. */
  readonly pongTimeoutMs: number;
}

export const PUSHER_PATH = /^\/app\/([^/?]+)/;
const CHANNEL_NAME = /^[A-Za-z0-9_\-=@,.;]{1,164}$/;

export function pusherProtocol(options: PusherOptions, clock: StandinClock = systemClock): Protocol {
  return {
    transport: 'pusher',
    joinsFrames: false,
    open: (line, request) => openPusher(line, request, options, clock),
    publication: (channel, event, data) => JSON.stringify({ event, data, channel }),
  };
}

function openPusher(link: Line, request: Upgrade, options: PusherOptions, clock: StandinClock): Session {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const key = PUSHER_PATH.exec(url.pathname)?.[1];
  const refusal =
    key !== options.key
      ? { code: 4001, message: `App key ${key} not in this cluster. Did you forget to specify the cluster?` }
      : refusedVersion(url.searchParams.get('protocol'));
  if (refusal !== undefined) {
    link.send(JSON.stringify({ event: 'pusher:error', data: refusal }));
    link.cut(refusal.code, refusal.message);
    return { receive: () => {}, ended: () => {} };
  }
  const pulse = watchPulse(link, options, clock);
  sendWithStringData(link, 'pusher:connection_established', {
    socket_id: `${1000 + link.id}.${100_000 + link.id}`,
    activity_timeout: options.activityTimeoutS,
  });
  return {
    receive: (text) => {
      pulse.felt();
      receive(link, text);
    },
    ended: () => pulse.stop(),
  };
}

function refusedVersion(protocol: string | null): { code: number; message: string } | undefined {
  if (protocol === null) return { code: 4008, message: 'No protocol version supplied' };
  if (protocol !== '7') return { code: 4007, message: 'Unsupported protocol version' };
  return undefined;
}

function receive(link: Line, text: string): void {
  const frame = asObject(parseJson(text));
  if (frame === undefined) return sendError(link, 'Invalid JSON');
  const data =
    asObject(frame.data) ?? asObject(typeof frame.data === 'string' ? parseJson(frame.data) : undefined);
  switch (frame.event) {
    case 'pusher:ping':
      return link.send(JSON.stringify({ event: 'pusher:pong', data: '{}' }));
    case 'pusher:pong':
      return;
    case 'pusher:subscribe':
      return subscribe(link, data?.channel);
    case 'pusher:unsubscribe':
      return unsubscribe(link, data?.channel);
    default:
      return sendError(link, `Unknown event ${JSON.stringify(frame.event)}`);
  }
}

function subscribe(link: Line, channel: unknown): void {
  if (typeof channel !== 'string' || !CHANNEL_NAME.test(channel)) {
    return sendError(link, `Invalid channel name ${JSON.stringify(channel)}`);
  }
  if (link.subscriptions.has(channel)) return sendError(link, `Existing subscription to channel ${channel}`);
  if (/^(private|presence)-/.test(channel) || !link.subscribe(channel)) {
    const data = { type: 'AuthError', error: 'Subscription refused', status: 403 };
    return link.send(
      JSON.stringify({ event: 'pusher:subscription_error', data: JSON.stringify(data), channel }),
    );
  }
  link.send(JSON.stringify({ event: 'pusher_internal:subscription_succeeded', data: '{}', channel }));
}

function unsubscribe(link: Line, channel: unknown): void {
  // Pusher says nothing to an unsubscribe that worked.
  if (typeof channel === 'string' && link.unsubscribe(channel)) return;
  sendError(link, `No current subscription to channel ${String(channel)}, or subscription in progress`);
}

function sendError(link: Line, message: string): void {
  link.send(JSON.stringify({ event: 'pusher:error', data: { code: null, message } }));
}

function sendWithStringData(link: Line, event: string, data: unknown): void {
  link.send(JSON.stringify({ event, data: JSON.stringify(data) }));
}

/** A client that says nothing for the activity timeout is pinged, and closed when it does not answer. */
function watchPulse(link: Line, options: PusherOptions, clock: StandinClock): { felt(): void; stop(): void } {
  let timer: unknown;
  const listen = () => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => {
      link.send(JSON.stringify({ event: 'pusher:ping', data: '{}' }));
      timer = clock.setTimeout(() => link.cut(4201, 'Pong reply not received'), options.pongTimeoutMs);
    }, options.activityTimeoutS * 1500);
  };
  listen();
  return { felt: listen, stop: () => clock.clearTimeout(timer) };
}
