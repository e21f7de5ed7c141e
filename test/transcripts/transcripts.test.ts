/** What went wrong once, and is to go the same way with the machines of today. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { replayFiles } from '../../src/trace/replay.js';
import '../../src/trace/vitest.js';
import { traceFiles } from '../../src/trace/files.js';
import { segmentsOf, traceOf, transcriptFileOf } from './kept.js';
import { scenarios } from './scenarios.js';
import { transcriptOf } from './transcript.js';

type Name = keyof typeof scenarios;

/** What makes each scenario what it is: who went through which states, in this order. */
const STORIES: Readonly<Record<Name, Readonly<Record<string, readonly string[]>>>> = {
  'discord-outage': {
    'sinks/discord/breaker': [
      'closed',
      'open',
      'halfOpen',
      'probing',
      'open',
      'halfOpen',
      'probing',
      'closed',
    ],
    'sinks/discord/delivery': [
      ...['delivering.sending', 'waiting.backingOff', 'delivering.sending', 'blocked'],
      ...['idle', 'delivering.sending', 'blocked', 'idle', 'delivering.sending', 'idle', 'closed'],
    ],
    supervisor: ['running.healthy', 'running.degraded', 'running.healthy', 'stopping', 'stopped'],
  },
  'rate-limit': {
    'sinks/discord/breaker': ['closed'],
    'sinks/discord/delivery': [
      'delivering.sending',
      'waiting.limited',
      'delivering.sending',
      'idle',
      'closed',
    ],
    'sinks/host-discord.example/host': ['open', 'held', 'open', 'banned', 'trying', 'tried', 'open'],
  },
  'reconnect-storm': {
    'sources/kick/connection-1/breaker': ['closed', 'open', 'halfOpen', 'probing', 'closed'],
    'sources/kick/connection-1/link': [
      ...['attached.connected', 'backoff', 'attached.opening.connecting', 'backoff', 'suspended'],
      ...['attached.connected', 'backoff', 'attached.connected', 'backoff', 'attached.connected', 'backoff'],
      ...['attached.connected', 'closed'],
    ],
    'sources/kick/connection-1/channel-channel1': [
      ...[
        'live',
        'waiting',
        'filling',
        'live',
        'waiting',
        'live',
        'waiting',
        'live',
        'waiting',
        'live',
        'left',
      ],
    ],
  },
  'silent-channel': {
    'sources/kick/connection-1/channel-channel1': ['live', 'subscribing', 'silent', 'moving'],
    'sources/kick/connection-2/channel-channel1': ['waiting', 'subscribing', 'silent', 'live'],
    'sources/kick/connection-1/link': ['attached.connected'],
  },
  'shutdown-under-load': {
    'sinks/discord/delivery': ['delivering.sending', 'delivering.draining', 'closed'],
    'deadline/discord send': ['running', 'cancelled'],
    supervisor: [
      ...['stopping.closingSources', 'stopping.drainingQueues', 'stopping.closingSinks'],
      ...['stopping.cancellingTasks', 'stopping.closingStore', 'stopping.closingRest', 'stopped'],
    ],
  },
  kill: {
    // Of two processes: the first was killed in the middle of a request, the second delivered anew.
    'sinks/discord/delivery': ['delivering.sending', 'idle', 'delivering.sending', 'idle', 'closed'],
    store: ['opening', 'ready', 'opening', 'ready', 'closed'],
    supervisor: ['running', 'starting', 'running', 'stopping', 'stopped'],
  },
};

describe.each(Object.keys(STORIES) as Name[])('%s', (name) => {
  const trace = traceOf(name);

  it('replays', () => {
    expect(trace).toReplay();
  });

  it('was recorded with the machines as they are defined now (else: npm run transcripts)', () => {
    const { changes } = replayFiles(traceFiles(trace));
    expect(changes.map(({ machine }) => machine)).toEqual([]);
  });

  it('is told by its transcript (else: npm run transcripts)', () => {
    const told = transcriptOf(scenarios[name].about, segmentsOf(name));
    expect(readFileSync(transcriptFileOf(name), 'utf8')).toBe(told);
  });

  it.each(Object.entries(STORIES[name]))('%s goes its way', (path, states) => {
    expect(trace).toReach(path, states);
  });
});

describe('what is no part of a scenario', () => {
  it('does not happen: limits open no breaker, a silent channel no other connection', () => {
    expect(traceOf('rate-limit')).not.toReach('sinks/discord/breaker', 'open');
    expect(traceOf('rate-limit')).not.toReach('sinks/discord/delivery', 'waiting.backingOff');
    expect(traceOf('silent-channel')).not.toReach('sources/kick/connection-1/link', 'backoff');
    expect(traceOf('shutdown-under-load')).not.toReach('sinks/discord/queue', 'full');
  });
});

describe('a trace whose process was killed', () => {
  const [first = ''] = segmentsOf('kill').values();

  it('ends in the middle, and replays as far as it goes', () => {
    expect(first).toReach('sinks/discord/delivery', 'delivering.sending');
    expect(first).not.toReach('supervisor', 'stopping');
  });

  it.each([0.3, 0.6, 0.9])('also when it breaks off within a line (after %f of it)', (part) => {
    expect(first.slice(0, first.length * part)).toReplay();
  });
});
