/** A trace as long as wanted, of a daemon that never was: its channels come and go, its breaker opens once a minute. */
import { machineHashes, TRACE_FORMAT, type TraceLine } from '../../src/trace/format.js';

export interface LongTraceOptions {
  readonly events: number;
  /** Slugs of the channels. */
  readonly channels: readonly string[];
  /** What the sink's breaker says of its failures. */
  readonly error?: string;
}

const BREAKER = 'sinks/discord/breaker';
const STEP_MS = 50;
/** One event in so many is the breaker's. */
const BREAKER_EVERY = 100;

/** The breaker's way, again and again: to, the event that led there. */
const WAY = [
  ['open', 'call.failed'],
  ['halfOpen', 'xstate.after.due.breaker.open'],
  ['probing', 'probe.started'],
  ['closed', 'call.succeeded'],
] as const;

/** Its text; line 1 is the header, the actors follow, then exactly as many events as wanted. */
export function longTrace({ events, channels, error = 'Discord answered 503' }: LongTraceOptions): string {
  const paths = channels.map((slug) => `sources/kick/connection-1/channels/${slug}`);
  const lines: TraceLine[] = [];
  let seq = 0;
  const stamp = (step: number) => ({
    seq: ++seq,
    at: step * STEP_MS,
    wall: 1_767_225_600_000 + step * STEP_MS,
  });
  const states = new Map<string, string>();
  const born = (path: string, machine: string, value: string, context: Record<string, unknown> = {}) => {
    states.set(path, value);
    const life = states.size;
    lives.set(path, life);
    lines.push({ kind: 'actor', ...stamp(0), life, path, machine, value, context });
  };
  const lives = new Map<string, number>();
  const turn = (step: number, path: string, machine: string, to: string, type: string, changed = {}) => {
    const from = states.get(path);
    states.set(path, to);
    const life = lives.get(path) ?? 0;
    lines.push({ kind: 'event', ...stamp(step), life, path, machine, event: { type }, from, to, changed });
  };
  lines.push({
    kind: 'header',
    format: TRACE_FORMAT,
    version: '1.0.0',
    at: 0,
    wall: 1_767_225_600_000,
    machines: machineHashes(),
  });
  born('sinks/discord/queue', 'queue', 'empty');
  born(BREAKER, 'breaker', 'closed', { failures: 0 });
  for (const path of paths) born(path, 'channel', 'live', { lastError: null });
  for (let step = 1; step <= events; step += 1) {
    const [to, type] = WAY[(step / BREAKER_EVERY - 1) % WAY.length] ?? WAY[0];
    const path = paths[step % paths.length] ?? BREAKER;
    if (step % BREAKER_EVERY === 0) turn(step, BREAKER, 'breaker', to, type, { lastError: error });
    else if (states.get(path) === 'live')
      turn(step, path, 'channel', 'silent', 'xstate.after.due.channel.filling', { lastError: error });
    else turn(step, path, 'channel', 'live', 'channel.heard');
  }
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}
