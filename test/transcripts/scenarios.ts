/** The scenarios that are kept as transcripts: what goes wrong, and what is waited for. */
import { isLive } from '../support/process.js';
import type { Stage, StageOptions } from './stage.js';

export interface Scenario {
  readonly about: string;
  readonly stage: StageOptions;
  play(stage: Stage): Promise<void>;
}

const SHORT_WAITS =
  'reconnect: { initial: 20ms, max: 1s, stableAfter: 300ms, breaker: { failures: 3, recovery: 2s } }';

export const scenarios = {
  'discord-outage': {
    about: 'Discord answers 503: the breaker opens, a probe fails, the next one closes it; nothing is lost.',
    stage: {},
    async play(stage) {
      const { discord } = stage;
      const earshot = await stage.start();
      stage.mention();
      await earshot.until(({ sinks: [it] }) => it?.delivered === 1);
      discord.fail({ kind: 'status', status: 503 });
      stage.mention();
      await earshot.until(({ sinks: [it] }) => it?.breaker.state === 'open');
      stage.mention(2);
      await earshot.until(({ sinks: [it] }) => it?.breaker.trips === 2);
      await stage.judged(earshot, 'degraded');
      discord.recover();
      await earshot.until(({ sinks: [it] }) => it?.delivered === 4 && it.breaker.state === 'closed');
      await stage.judged(earshot, 'healthy');
      await stage.stop(earshot);
    },
  },

  'rate-limit': {
    about:
      'Discord asks to wait: the webhook, then everybody; then it gives no time, which is a ban of a minute.',
    stage: {},
    async play(stage) {
      const { discord } = stage;
      const earshot = await stage.start();
      const delivered = (count: number) =>
        earshot.until(({ sinks: [it] }) => it?.delivered === count, 80_000);
      discord.fail({ kind: 'limited', retryAfter: 1.2 }, 1);
      stage.mention();
      await delivered(1);
      discord.fail({ kind: 'limited', retryAfter: 1, scope: 'global' }, 1);
      stage.mention();
      await delivered(2);
      discord.fail({ kind: 'edge', code: 1015 }, 1);
      stage.mention();
      await delivered(3);
      await stage.stop(earshot);
    },
  },

  'reconnect-storm': {
    about:
      'The server is away until the breaker of its connection opens; what was said meanwhile is read from the history. Then sockets are torn off three times.',
    stage: { more: SHORT_WAITS },
    async play(stage) {
      const { kick } = stage;
      const earshot = await stage.start();
      const isLiveAgain = (dials: number) =>
        earshot.until((status) => kick.dials === dials && isLive(status));
      stage.mention();
      await earshot.until(({ sinks: [it] }) => it?.delivered === 1);
      await kick.goOffline();
      stage.mention();
      await earshot.until(({ sources: [it] }) => it?.connections[0]?.breaker.state === 'open');
      await stage.judged(earshot, 'degraded');
      await kick.comeBack();
      await isLiveAgain(2);
      await earshot.until(({ sinks: [it] }) => it?.delivered === 2);
      // It has judged just now: before it does again, the storm is over.
      await stage.judged(earshot, 'healthy');
      for (const dials of [3, 4, 5]) {
        kick.cut();
        await isLiveAgain(dials);
      }
      await stage.stop(earshot);
    },
  },

  'silent-channel': {
    about: 'One channel of 81 stops flowing on its connection: subscribed anew, then moved to the other one.',
    // So many that there is another connection. Killed at the end: 81 channels that leave tell nothing more.
    stage: { watched: 81, moreKick: '  silentAfter: 10s' },
    async play(stage) {
      const { kick } = stage;
      const earshot = await stage.start();
      const isHeard = (count: number) => earshot.until(({ account }) => account.heard === count);
      kick.say('channel1', { username: 'alice', text: 'first' });
      await isHeard(1);
      kick.silenceChannel('channel1', 'moved');
      const first = ({ sources: [it] }: Awaited<ReturnType<typeof earshot.status>>) => it?.channels[0]?.state;
      await earshot.until((status) => first(status) === 'silent', 20_000);
      await earshot.until((status) => first(status) !== 'silent', 30_000);
      await earshot.until((status) => first(status) === 'silent');
      kick.say('channel1', { username: 'alice', text: 'and on again' });
      await earshot.until((status) => first(status) === 'live');
      await earshot.kill();
    },
  },

  'shutdown-under-load': {
    about:
      'SIGTERM while 40 notifications wait and Discord hangs: each phase ends in its time, and what is left stays in the outbox.',
    stage: {
      more: 'shutdown: { sources: 1s, drain: 500ms, sinks: 700ms, tasks: 500ms, store: 1s, total: 8s }',
    },
    async play(stage) {
      const { discord } = stage;
      const earshot = await stage.start();
      discord.fail({ kind: 'hang' });
      stage.mention(40);
      await earshot.until(({ sinks: [it] }) => it?.pending === 40);
      await discord.until(() => discord.requests.length === 1);
      await stage.stop(earshot);
    },
  },

  kill: {
    about: 'kill -9 with a request out and another notification waiting; the next process delivers both.',
    stage: {},
    async play(stage) {
      const { discord } = stage;
      const earshot = await stage.start();
      discord.fail({ kind: 'hang' });
      stage.mention();
      await discord.until(() => discord.requests.length === 1);
      stage.mention();
      await earshot.until(({ sinks: [it] }) => it?.pending === 2);
      await earshot.kill();
      discord.recover();
      const next = await stage.start();
      await next.until(({ sinks: [it] }) => it?.delivered === 2);
      await stage.stop(next);
    },
  },
} as const satisfies Record<string, Scenario>;
