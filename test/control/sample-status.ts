/** A status document in which everything has a figure of its own. */
import type { SinkStatus, StatusDocument } from '../../src/status.js';

export const NOW = Date.UTC(2026, 7, 1, 12);
const STARTED = NOW - (3 * 24 + 4) * 3_600_000;

export function sampleSink(over: Partial<SinkStatus> = {}): SinkStatus {
  return {
    name: 'database',
    type: 'postgrest',
    state: 'idle',
    sinceAt: STARTED,
    waitUntil: null,
    lastError: null,
    lastDeliveredAt: NOW - 1_000,
    breaker: { state: 'closed', failures: 0, threshold: 10, retryInMs: 0, trips: 0 },
    queue: { size: 0, limit: 500, outbox: 0, oldestMs: 0 },
    delivered: 1204,
    retried: 2,
    dead: 0,
    expired: 0,
    pending: 0,
    requests: 1190,
    rateLimitedMs: 2_500,
    ...over,
  };
}

export function sampleStatus(over: Partial<StatusDocument> = {}): StatusDocument {
  return {
    schema: 1,
    version: '1.0.0',
    pid: 4242,
    state: 'running',
    health: 'healthy',
    reasons: [],
    startedAt: STARTED,
    uptimeMs: NOW - STARTED,
    memory: { rssBytes: 61_000_000 },
    account: {
      heard: 100,
      malformed: 1,
      duplicates: 2,
      unmatched: 80,
      ignored: 3,
      suppressed: 4,
      dropped: 0,
      waiting: 0,
      accepted: 10,
    },
    sources: [
      {
        platform: 'kick',
        connections: [
          {
            id: 'connection-1',
            state: 'connected',
            sinceAt: STARTED,
            transport: 'pusher',
            attempt: 0,
            breaker: { state: 'closed', failures: 0, threshold: 5, retryInMs: 0, trips: 1 },
            lastError: null,
          },
        ],
        channels: [
          {
            slug: 'somechannel',
            state: 'live',
            sinceAt: STARTED,
            heard: 100,
            matched: 14,
            dropped: 0,
            duplicates: 2,
            lastHeardAt: NOW - 5_000,
            queue: { size: 0, limit: 500, highWater: 7 },
          },
        ],
      },
    ],
    sinks: [sampleSink()],
    pool: { state: 'available', leased: 1, limit: 50, waiting: 0 },
    timeouts: { 'discord send': { started: 40, timedOut: 2, ratePercent: 5, longestMs: 12_000 } },
    tasks: { active: 2, names: ['retention', 'checkpoint'] },
    store: {
      state: 'ready',
      path: '/var/lib/earshot/earshot.db',
      bytes: 81_920,
      notifications: 14,
      pending: 3,
    },
    trace: { seq: 4_711, dir: null, blackbox: null },
    ...over,
  };
}
