/** The status document as the page shows it. */
import { describe, expect, it } from 'vitest';
import {
  accountRows,
  channelRows,
  connectionCards,
  partRows,
  sinkCards,
  timeoutRows,
  troublesOf,
} from '../../visualizations/viewer/status-lines.js';
import { NOW, sampleSink, sampleStatus } from '../control/sample-status.js';

const open = { state: 'open', failures: 5, threshold: 5, retryInMs: 41_000, trips: 2 } as const;
const error = { code: '503', text: 'Discord answered 503', at: NOW };

describe('the figures', () => {
  it('show a sink in trouble first, with what it waits for and why', () => {
    const queue = { size: 24, limit: 500, outbox: 1_037, oldestMs: 660_000 };
    const discord = sampleSink({ name: 'discord', state: 'blocked', breaker: open, queue, lastError: error });
    const [first, second] = sinkCards(sampleStatus({ sinks: [sampleSink(), discord] }));
    expect(first).toEqual({
      key: 'discord',
      actor: 'sinks/discord',
      condition: 'trouble',
      name: 'discord',
      state: 'blocked',
      figures: {
        breaker: 'open, retry in 41 s',
        queue: '24 of 500',
        outbox: '1,037, oldest 11 min',
        delivered: '1,204',
        retried: '2',
        'given up': '0',
      },
      note: 'Discord answered 503',
    });
    expect(second).toMatchObject({ name: 'database', condition: 'well', note: '' });
  });

  it('say why a sink is refused even while its breaker is closed', () => {
    const [card] = sinkCards(sampleStatus({ sinks: [sampleSink({ state: 'refused', lastError: error })] }));
    expect(card).toMatchObject({ condition: 'trouble', state: 'refused', note: 'Discord answered 503' });
  });

  it.each([
    ['failed', 'trouble'],
    ['leasing', 'working'],
    ['limited', 'waiting'],
    ['waiting', 'waiting'],
    ['idle', 'well'],
    ['unheard-of', 'working'],
  ])('tell of a sink that is %s: %s', (state, condition) => {
    expect(sinkCards(sampleStatus({ sinks: [sampleSink({ state })] }))[0]?.condition).toBe(condition);
  });

  it('show connections and channels, with what was heard, matched and dropped, and since when nothing', () => {
    const status = sampleStatus();
    expect(connectionCards(status)[0]).toMatchObject({
      actor: 'sources/kick/connection-1/link',
      condition: 'well',
      state: 'connected for 3d 4h',
      figures: { transport: 'pusher', breaker: 'closed', attempt: '0' },
    });
    const paths = ['sources/kick', 'sources/kick/connection-12/channel-somechannel'];
    expect(channelRows(status, paths)[0]).toMatchObject({
      actor: 'sources/kick/connection-12/channel-somechannel',
      condition: 'well',
      cells: ['somechannel', 'live', '100', '14', '0', '5 s ago'],
    });
  });

  it('show how often operations took too long, the account, and the rest', () => {
    const status = sampleStatus();
    expect(timeoutRows(status)[0]?.cells).toEqual(['discord send', '40', '2', '5 %', '12 s']);
    expect(accountRows(status).map(({ cells }) => cells.join(' '))).toEqual([
      'heard 100',
      'malformed 1',
      'duplicates 2',
      'unmatched 80',
      'ignored 3',
      'suppressed 4',
      'dropped 0',
      'waiting 0',
      'accepted 10',
    ]);
    expect(partRows(status).map(({ cells }) => cells.join(': '))).toEqual([
      'store: ready, 82 kB, 14 kept, 3 pending',
      'pool: available, 1/50 leased, 0 waiting',
      'tasks: retention, checkpoint',
      'process: pid 4242, 61 MB',
      'trace: 4,711 lines; flight recorder only',
    ]);
  });

  it('put what degrades before what one may want to know, each with what to do', () => {
    const reason = {
      code: 'a',
      actor: 'sources/kick/connection-1/channel-x',
      sinceAt: NOW - 60_000,
      text: 'x is silent',
      do: '',
    };
    const troubles = troublesOf(
      sampleStatus({
        reasons: [
          { ...reason, severity: 'notice' },
          {
            ...reason,
            actor: 'sinks/discord',
            severity: 'degraded',
            text: 'circuit open',
            do: 'earshot breaker discord reset',
          },
        ],
      }),
    );
    expect(troubles).toMatchObject([
      {
        condition: 'trouble',
        text: 'circuit open',
        remedy: 'earshot breaker discord reset',
        since: 'for 60 s',
      },
      { condition: 'waiting', text: 'x is silent', remedy: '' },
    ]);
  });
});
