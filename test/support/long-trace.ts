/** A trace as long as wanted, of a daemon that never was: its channels come and go, its breaker turns every 100 events. */
import {
  machineHashes,
  TRACE_FORMAT,
  type TraceActor,
  type TraceLine,
  type TraceMessage,
} from '../../src/trace/format.js';

export interface LongTraceOptions {
  readonly events: number;
  /** Slugs of the channels. */
  readonly channels: readonly string[];
  /** What the sink and the channels say of their failures. */
  readonly error?: string;
}

const BEGAN = Date.UTC(2026, 0, 1);
const STEP_MS = 50;
const BREAKER_EVERY = 100;

/** Again and again: the next state, and the event that leads there. */
const BREAKER_TURNS = [
  ['open', 'call.failed'],
  ['halfOpen', 'xstate.after.due.breaker.open'],
  ['probing', 'probe.started'],
  ['closed', 'call.succeeded'],
] as const;
const CHANNEL_TURNS = [
  ['silent', 'xstate.after.due.channel.filling'],
  ['live', 'channel.heard'],
] as const;

/** A header, everyone alive, and then exactly as many events as wanted. */
export function longTrace({ events, channels, error = 'Discord answered 503' }: LongTraceOptions): string {
  const at = (step: number) => ({ seq: step, at: step * STEP_MS, wall: BEGAN + step * STEP_MS });
  const alive = (path: string, machine: string, value: string, life: number): TraceActor => ({
    kind: 'actor',
    ...at(0),
    life,
    path,
    machine,
    value,
    context: { lastError: null },
  });
  const breaker = alive('sinks/discord/breaker', 'breaker', 'closed', 1);
  const others = channels.map((slug, index) =>
    alive(`sources/kick/connection-1/channels/${slug}`, 'channel', 'live', index + 2),
  );
  const states = new Map<TraceActor, unknown>();
  const happened = (step: number): TraceLine => {
    const isBreakers = step % BREAKER_EVERY === 0;
    const actor = (isBreakers ? undefined : others[step % others.length]) ?? breaker;
    const turn = isBreakers ? step / BREAKER_EVERY - 1 : Math.floor(step / others.length);
    const turns = isBreakers ? BREAKER_TURNS : CHANNEL_TURNS;
    const [to, type] = turns[turn % turns.length] ?? BREAKER_TURNS[0];
    const { life, path, machine, value } = actor;
    const from = states.get(actor) ?? value;
    states.set(actor, to);
    const changed = { lastError: to === 'closed' || to === 'live' ? null : error };
    return { kind: 'event', ...at(step), life, path, machine, event: { type }, from, to, changed };
  };
  const header: TraceLine = {
    kind: 'header',
    format: TRACE_FORMAT,
    version: '1.0.0',
    at: 0,
    wall: BEGAN,
    machines: machineHashes(),
  };
  const lines = [
    header,
    breaker,
    ...others,
    ...Array.from({ length: events }, (_, index) => happened(index + 1)),
  ];
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** The trace with a message right after the event of that number. */
export function spoken(
  trace: string,
  {
    text,
    username = 'alice',
    channel = 'xqc',
    after,
  }: Partial<TraceMessage> & { text: string; after: number },
): string {
  const lines = trace.split('\n');
  const place = lines.findIndex((line) => line.includes(`{"kind":"event","seq":${after},`));
  const { seq, at, wall } = JSON.parse(lines[place] ?? '') as TraceMessage;
  const why = { rules: ['me'], reasons: ['mention'], sinks: ['discord'] } as const;
  const message: TraceMessage = { kind: 'message', seq, at, wall, channel, username, text, ...why };
  lines.splice(place + 1, 0, JSON.stringify(message));
  return lines.join('\n');
}
