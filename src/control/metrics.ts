/** The status document as metrics. Made anew at each scrape from one document: nothing is counted twice. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { StatusDocument } from '../status.js';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number, labels?: Labels];

export async function metricsOf(document: StatusDocument): Promise<{ type: string; text: string }> {
  const registry = new Registry();
  /** A figure that goes up and down. */
  const gauge = (name: string, help: string, samples: readonly Sample[]) => {
    const metric = new Gauge({ name, help, labelNames: labelNames(samples), registers: [registry] });
    for (const [value, labels = {}] of samples) metric.set(labels, value);
  };
  /** A figure that only grows until the daemon starts anew. */
  const counter = (name: string, help: string, samples: readonly Sample[]) => {
    const metric = new Counter({ name, help, labelNames: labelNames(samples), registers: [registry] });
    for (const [value, labels = {}] of samples) metric.inc(labels, value);
  };
  daemonMetrics(document, gauge, counter);
  sourceMetrics(document, gauge, counter);
  sinkMetrics(document, gauge, counter);
  return { type: registry.contentType, text: await registry.metrics() };
}

type Define = (name: string, help: string, samples: readonly Sample[]) => void;

function labelNames(samples: readonly Sample[]): string[] {
  return [...new Set(samples.flatMap(([, labels = {}]) => Object.keys(labels)))];
}

function daemonMetrics(document: StatusDocument, gauge: Define, counter: Define): void {
  const { version, state, health, reasons, account, pool, timeouts, tasks, store } = document;
  const severities = ['notice', 'degraded'] as const;
  gauge('earshot_info', 'The version that runs', [[1, { version }]]);
  gauge('earshot_healthy', '1 when nothing degrades the whole', [
    [health === 'healthy' ? 1 : 0, { state, health }],
  ]);
  gauge(
    'earshot_reasons',
    'What there is to say about health, by severity',
    severities.map((severity) => [reasons.filter((it) => it.severity === severity).length, { severity }]),
  );
  gauge('earshot_start_time_seconds', 'When it started, epoch seconds', [[document.startedAt / 1_000]]);
  gauge('earshot_uptime_seconds', 'How long it has run', [[document.uptimeMs / 1_000]]);
  gauge('earshot_resident_memory_bytes', 'Resident memory', [[document.memory.rssBytes]]);
  const { heard, waiting, ...ends } = account;
  counter('earshot_heard_total', 'Chat messages heard', [[heard]]);
  counter('earshot_messages_total', 'What became of them', labelled(ends, 'end'));
  gauge('earshot_messages_waiting', 'Matched, and not yet in the store', [[waiting]]);
  gauge('earshot_pool_leased', 'HTTP connections in use', [[pool.leased]]);
  gauge('earshot_pool_limit', 'HTTP connections allowed', [[pool.limit]]);
  gauge('earshot_pool_waiting', 'Requests that wait for a connection', [[pool.waiting]]);
  const timed = Object.entries(timeouts);
  const perName = (figure: 'started' | 'timedOut') =>
    timed.map(([name, it]): Sample => [it[figure], { name }]);
  counter('earshot_operations_total', 'Operations started under a deadline', perName('started'));
  counter('earshot_timeouts_total', 'Operations that ran into it', perName('timedOut'));
  gauge(
    'earshot_operation_longest_seconds',
    'The longest one took',
    timed.map(([name, { longestMs }]) => [longestMs / 1_000, { name }]),
  );
  gauge('earshot_tasks_active', 'Periodic tasks', [[tasks.active]]);
  gauge('earshot_store_bytes', 'Bytes of the store', [[store.bytes]]);
  gauge('earshot_store_notifications', 'Notifications in the archive', [[store.notifications]]);
  gauge('earshot_store_pending', 'Rows of the outbox', [[store.pending]]);
  gauge('earshot_store_ready', '1 while the store can be written', [[store.state === 'ready' ? 1 : 0]]);
}

function sourceMetrics({ sources }: StatusDocument, gauge: Define, counter: Define): void {
  const connections = sources.flatMap(({ platform, connections: own }) =>
    own.map((it) => ({ ...it, labels: { platform, connection: it.id } })),
  );
  const channels = sources.flatMap(({ platform, channels: own }) =>
    own.map((it) => ({ ...it, labels: { platform, channel: it.slug } })),
  );
  const perChannel = (figure: 'heard' | 'matched' | 'dropped' | 'duplicates') =>
    channels.map((it): Sample => [it[figure], it.labels]);
  gauge(
    'earshot_connection_state',
    '1 for the state the connection is in',
    connections.map(({ state, labels }) => [1, { ...labels, state }]),
  );
  gauge(
    'earshot_connection_attempt',
    'Dials since it was last connected',
    connections.map(({ attempt, labels }) => [attempt, labels]),
  );
  breakerMetrics(
    'earshot_connection',
    connections.map(({ breaker, labels }) => ({ breaker, labels })),
    gauge,
    counter,
  );
  gauge(
    'earshot_channel_state',
    '1 for the state the channel is in',
    channels.map(({ state, labels }) => [1, { ...labels, state }]),
  );
  counter('earshot_channel_heard_total', 'Messages heard', perChannel('heard'));
  counter('earshot_channel_matched_total', 'Messages that concerned the user', perChannel('matched'));
  counter('earshot_channel_dropped_total', 'Messages that the inbound queue dropped', perChannel('dropped'));
  counter('earshot_channel_duplicates_total', 'Messages heard before', perChannel('duplicates'));
  gauge(
    'earshot_channel_queue_size',
    'Messages in the inbound queue',
    channels.map(({ queue, labels }) => [queue.size, labels]),
  );
  gauge(
    'earshot_channel_queue_high_water',
    'The most there ever were',
    channels.map(({ queue, labels }) => [queue.highWater, labels]),
  );
}

function sinkMetrics({ sinks }: StatusDocument, gauge: Define, counter: Define): void {
  const own = sinks.map((it) => ({ ...it, labels: { sink: it.name } }));
  const per = (figure: 'delivered' | 'retried' | 'dead' | 'expired' | 'requests' | 'pending') =>
    own.map((it): Sample => [it[figure], it.labels]);
  gauge(
    'earshot_sink_state',
    '1 for the state the sink is in',
    own.map(({ state, type, labels }) => [1, { ...labels, type, state }]),
  );
  breakerMetrics('earshot_sink', own, gauge, counter);
  counter('earshot_sink_delivered_total', 'Notifications delivered', per('delivered'));
  counter('earshot_sink_retried_total', 'Notifications sent again', per('retried'));
  counter('earshot_sink_dead_total', 'Notifications given up', per('dead'));
  counter('earshot_sink_expired_total', 'Notifications that grew too old', per('expired'));
  counter('earshot_sink_requests_total', 'Requests made', per('requests'));
  gauge('earshot_sink_pending', 'Notifications still to be delivered', per('pending'));
  gauge(
    'earshot_sink_window_size',
    'Rows in memory',
    own.map(({ queue, labels }) => [queue.size, labels]),
  );
  gauge(
    'earshot_sink_oldest_seconds',
    'Age of the oldest that waits',
    own.map(({ queue, labels }) => [queue.oldestMs / 1_000, labels]),
  );
  counter(
    'earshot_sink_rate_limited_seconds_total',
    'Time spent waiting for limits',
    own.map(({ rateLimitedMs, labels }) => [rateLimitedMs / 1_000, labels]),
  );
  gauge(
    'earshot_sink_last_delivered_seconds',
    'When something was last delivered, epoch seconds',
    own.flatMap(({ lastDeliveredAt, labels }) =>
      lastDeliveredAt === null ? [] : [[lastDeliveredAt / 1_000, labels] as const],
    ),
  );
}

function breakerMetrics(
  prefix: string,
  parts: readonly { readonly breaker: StatusDocument['sinks'][number]['breaker']; readonly labels: Labels }[],
  gauge: Define,
  counter: Define,
): void {
  gauge(
    `${prefix}_breaker_state`,
    '1 for the state the circuit breaker is in',
    parts.map(({ breaker, labels }) => [1, { ...labels, state: breaker.state }]),
  );
  gauge(
    `${prefix}_breaker_failures`,
    'Failures counted against its threshold',
    parts.map(({ breaker, labels }) => [breaker.failures, labels]),
  );
  counter(
    `${prefix}_breaker_trips_total`,
    'Times it opened',
    parts.map(({ breaker, labels }) => [breaker.trips, labels]),
  );
}

function labelled(figures: object, label: string): Sample[] {
  return Object.entries(figures).map(([name, value]) => [Number(value), { [label]: name }]);
}
