import { describe, expect, it } from 'vitest';
import type { StatusReason } from '../src/sources/source.js';
import { renderStatus } from '../src/status.js';
import { NOW, sampleSink, sampleStatus } from './control/sample-status.js';

const MINUTE = 60_000;
const plain = { channels: false, color: false };

const reason = (over: Partial<StatusReason>): StatusReason => ({
  code: 'x',
  severity: 'degraded',
  actor: 'store',
  sinceAt: NOW,
  text: '',
  do: '',
  ...over,
});

const discord = sampleSink({
  name: 'discord',
  type: 'discord',
  state: 'blocked',
  sinceAt: NOW - 12 * MINUTE,
  lastError: { code: '503', text: 'Discord answered 503', at: NOW },
  breaker: { state: 'open', failures: 5, threshold: 5, retryInMs: 41_000, trips: 1 },
  queue: { size: 37, limit: 500, outbox: 37, oldestMs: 11 * MINUTE },
  pending: 37,
});

describe('status for people', () => {
  it('says in two lines and the sources that all is well', () => {
    expect(renderStatus(sampleStatus(), plain)).toBe(
      [
        'earshot 1.0.0  healthy  up 3d 4h  61 MB',
        '  database  ok, 1,204 delivered',
        '  kick      1/1 connections, 1/1 channels live',
        '',
      ].join('\n'),
    );
  });

  it('puts trouble first, with what waits and for how long', () => {
    const document = sampleStatus({ health: 'degraded', sinks: [sampleSink(), discord] });
    expect(renderStatus(document, plain).split('\n').slice(0, 3)).toEqual([
      'earshot 1.0.0  degraded  up 3d 4h  61 MB',
      '! discord   circuit open 12 min (503 ×5), retry in 41 s; 37 waiting, oldest 11 min',
      '  database  ok, 1,204 delivered',
    ]);
  });

  it('says what to type about a refused sink and about dead letters', () => {
    const refused = sampleSink({
      name: 'discord',
      state: 'refused',
      sinceAt: NOW - 2 * MINUTE,
      lastError: { code: '10015', text: 'unknown webhook', at: NOW },
      dead: 2,
      expired: 1,
    });
    const document = sampleStatus({
      health: 'degraded',
      sinks: [refused],
      reasons: [reason({ actor: 'sinks/discord/delivery', do: 'type: earshot resume discord' })],
    });
    expect(renderStatus(document, plain).split('\n').slice(1, 3)).toEqual([
      '! discord   refused 2 min: unknown webhook; 3 given up (earshot dead)',
      '            → type: earshot resume discord',
    ]);
  });

  it('counts notices, and shows them and every channel when asked', () => {
    const document = sampleStatus({
      reasons: [
        reason({ severity: 'notice', actor: 'sources/kick', text: 'gaps are not filled', do: 'do this' }),
        reason({ severity: 'notice', actor: 'sources/kick/connection-1/channel-a', text: 'a is not heard' }),
      ],
    });
    expect(renderStatus(document, plain)).toContain(
      '  kick      1/1 connections, 1/1 channels live, 2 notices (--channels)\n',
    );
    const all = renderStatus(document, { channels: true, color: false });
    for (const line of [
      'channels live, 2 notices\n',
      '            gaps are not filled\n            → do this\n            a is not heard\n',
      'connection-1  connected 3d 4h, pusher\n',
      'somechannel  live 3d 4h, 100 heard, 14 matched, last 5 s ago\n',
    ]) {
      expect(all).toContain(line);
    }
  });

  it('has a line for any other part in trouble', () => {
    const document = sampleStatus({
      health: 'degraded',
      reasons: [reason({ actor: 'store', text: 'the disk is full', do: 'free some space' })],
    });
    expect(renderStatus(document, plain).split('\n').slice(1, 3)).toEqual([
      '! store     the disk is full',
      '            → free some space',
    ]);
  });

  it.each([
    ['halfOpen', 'circuit half-open (503 ×5), one probe may go out'],
    ['probing', 'circuit half-open (503 ×5), a probe is out'],
    ['isolated', 'circuit isolated by hand 12 min'],
  ] as const)('names a circuit that is %s', (state, text) => {
    const sink = { ...discord, breaker: { ...discord.breaker, state } };
    expect(renderStatus(sampleStatus({ sinks: [sink] }), plain)).toContain(`! discord   ${text}; 37 waiting`);
  });

  it('colours only when asked, and lets no escape sequence of a server through', () => {
    const hostile = {
      ...discord,
      state: 'refused',
      lastError: { code: 'x', text: 'no \u001b[2Jway', at: NOW },
    };
    const document = sampleStatus({ health: 'degraded', sinks: [hostile] });
    expect(renderStatus(document, plain)).not.toContain('\u001b');
    const colored = renderStatus(document, { channels: true, color: true });
    expect(colored).toContain('\u001b[31mdegraded\u001b[0m');
    expect(colored).not.toContain('\u001b[2J');
  });
});
