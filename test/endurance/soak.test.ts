import { describe, expect, it } from 'vitest';
import { imbalance } from '../../src/account.js';
import {
  channels,
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  temporaryFolder,
} from '../support/daemon.js';
import { isLive } from '../support/process.js';
import { startWatched, type Vitals } from './vitals.js';

/** A request or a wait may be out at the very moment of looking. */
const SPARE = 2;
const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };

describe.skipIf(process.platform !== 'linux')('over a long time (reads /proc)', () => {
  const MESSAGES = 2_000_000;
  /** So many in one frame, of which one in ten frames has one for the user. */
  const PER_TURN = 100;
  const MATCHED_EVERY = 1_000;
  const RSS_GROWTH_MB = 25;
  const HEAP_GROWTH_MB = 8;

  it(`${MESSAGES.toLocaleString('en')} messages with faults leave memory, files, timers and actors where they were`, async () => {
    const kick = await kickStandin();
    const discord = await discordStandin(NO_LIMITS);
    const { earshot, vitals } = startWatched(
      configText({ kick, sinks: discordSink(discord.webhook()) }),
      temporaryFolder(),
    );
    await earshot.until(isLive);
    const cycle = MESSAGES / 20;
    let early: Vitals | undefined;
    let matched = 0;
    for (let sent = 0; sent < MESSAGES; sent += PER_TURN) {
      for (let count = 0; count < PER_TURN; count += 1) {
        const isForUser = (sent + count) % MATCHED_EVERY === 0;
        matched += isForUser ? 1 : 0;
        kick.say('channel1', {
          username: 'alice',
          text: isForUser ? `@bob ${sent + count}` : `just chatting ${sent + count}`,
        });
      }
      if (sent % (10 * PER_TURN) === 0)
        await earshot.until(({ account }) => account.heard - account.duplicates >= sent, 60_000);
      else await new Promise((resolve) => setImmediate(resolve));
      // Each twentieth another fault: a burst of 503s, a cut, a restart of the chat's server.
      if ((sent + PER_TURN) % cycle === 0) {
        // What is on its way in a socket that is cut is nobody's: chat waits for what follows.
        await earshot.until(({ account }) => account.heard - account.duplicates >= sent + PER_TURN, 60_000);
        await play((sent + PER_TURN) / cycle);
      }
      if (sent === MESSAGES / 10) early = await settledVitals();
    }
    const late = await settledVitals();
    console.log(`after a tenth ${JSON.stringify(early)}\nat the end    ${JSON.stringify(late)}`);
    const { account, sinks } = await earshot.status();
    expect(imbalance(account)).toBeUndefined();
    expect(sinks[0]).toMatchObject({ pending: 0, dead: 0, expired: 0 });
    expect(account.heard - account.duplicates).toBe(MESSAGES);
    expect(sinks[0]?.delivered).toBe(matched);
    expect(late.rssMb - (early?.rssMb ?? 0)).toBeLessThan(RSS_GROWTH_MB);
    expect(late.heapMb - (early?.heapMb ?? 0)).toBeLessThan(HEAP_GROWTH_MB);
    expect(late.actors).toBe(early?.actors);
    expect(late.files).toBeLessThanOrEqual((early?.files ?? 0) + SPARE);
    expect(late.timers).toBeLessThanOrEqual((early?.timers ?? 0) + SPARE);
    earshot.child.kill('SIGTERM');
    expect(await earshot.exited).toBe(0);

    async function play(which: number): Promise<void> {
      discord.recover();
      if (which % 3 === 0) discord.fail({ kind: 'status', status: 503 }, 7);
      else if (which % 3 === 1) kick.cut();
      else await kick.restart();
      if (which % 3 !== 0) await earshot.until(() => kick.subscribed('channel1') === 1, 30_000);
    }

    async function settledVitals(): Promise<Vitals> {
      discord.recover();
      await earshot.until(
        (status) =>
          isLive(status) &&
          status.sinks.every(({ pending, breaker }) => pending === 0 && breaker.state === 'closed'),
        60_000,
      );
      return vitals();
    }
  });
});

describe.skipIf(process.platform !== 'linux')('500 channels (reads /proc)', () => {
  const RESTARTS = 5;

  it(`through ${RESTARTS} restarts of the server: all are subscribed again, and nothing is left of the old sockets`, async () => {
    const watched = channels(500);
    const kick = await kickStandin({ channels: watched });
    const discord = await discordStandin(NO_LIMITS);
    const { earshot, vitals } = startWatched(
      configText({ kick, channels: watched, sinks: discordSink(discord.webhook()) }),
      temporaryFolder(),
    );
    await earshot.until(isLive, 30_000);
    const before = await vitals();
    const times: number[] = [];
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      await kick.restart();
      const startedAt = performance.now();
      await kick.until(() => watched.every(({ slug }) => kick.subscribed(slug) === 1), 30_000);
      times.push(Math.round(performance.now() - startedAt));
      await earshot.until(isLive, 30_000);
    }
    const after = await vitals();
    console.log(
      `subscribed again after ${times.join(', ')} ms; before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`,
    );
    expect(after.actors).toBe(before.actors);
    expect(after.files).toBeLessThanOrEqual(before.files + SPARE);
    expect(after.timers).toBeLessThanOrEqual(before.timers + SPARE);
    expect(kick.peakConnections).toBeLessThanOrEqual(kick.connections().length);
    earshot.child.kill('SIGTERM');
    expect(await earshot.exited).toBe(0);
  });
});
