/** Starting and stopping, in absolute time; beside it a floor, for a busy machine is slow at everything. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startDiscord } from '../../../dist/src/demo/discord-standin.js';
import { Feeder, MATCHED } from '../feeder.mjs';
import { CLI, configOf, Earshot } from '../listener.mjs';
import { inRounds, median } from '../rounds.mjs';
import { milliseconds } from '../words.mjs';

const VERSION_MS = 200;
const SUBSCRIBE_MS = 700;
const IDLE_STOP_MS = 300;
/** The default of `shutdown.total`. */
const TOTAL_MS = 30_000;
/** One below the default for `--quick`. */
const QUICK = 'shutdown: { sources: 1s, drain: 1s, sinks: 1s, tasks: 500ms, store: 1s, total: 8s }';
const QUICK_TOTAL_MS = 8_000;
const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };

export async function startRow({ isQuick }) {
  const stops = [];
  const { floor, version, subscribe } = await inRounds(isQuick ? 3 : 9, {
    floor: () => timeOf(['-e', '0']),
    version: () => timeOf([CLI, '--version']),
    async subscribe() {
      const feeder = await Feeder.open();
      const subscribed = feeder.subscribed();
      const startedAt = performance.now();
      const earshot = new Earshot(configOf({ wsUrl: feeder.url }));
      try {
        const tookMs = (await subscribed) - startedAt;
        await earshot.untilLive();
        stops.push(earshot.stop());
        await stops.at(-1);
        return tookMs;
      } finally {
        if (stops.length === 0) await earshot.stop();
        await feeder.close();
      }
    },
  });
  const idle = (await Promise.all(stops)).map(({ exitCode, tookMs }) => {
    if (exitCode !== 0) throw new Error(`an idle daemon stopped with ${exitCode}`);
    return tookMs;
  });
  const beside = `node -e 0: ${milliseconds(median(floor))}`;
  const row = (what, times, budget) => ({
    what,
    measured: `${milliseconds(median(times))} (${beside})`,
    budget: `< ${budget} ms`,
    isMet: median(times) < budget,
    used: median(times) / budget,
    figures: { medianMs: median(times), floorMs: median(floor) },
  });
  return [
    row('earshot --version', version, VERSION_MS),
    row('from start to the first subscribe sent', subscribe, SUBSCRIBE_MS),
    row('stop when idle', idle, IDLE_STOP_MS),
  ];
}

export async function stopUnderLoadRow({ isQuick }) {
  const total = isQuick ? QUICK_TOTAL_MS : TOTAL_MS;
  const discord = await startDiscord(NO_LIMITS);
  const feeder = await Feeder.open();
  const subscribed = feeder.subscribed();
  const sinks = `discord: { type: discord, url: "${discord.webhook()}" }`;
  const earshot = new Earshot(configOf({ wsUrl: feeder.url, sinks, more: isQuick ? QUICK : '' }));
  discord.fail({ kind: 'hang' });
  await subscribed;
  await earshot.untilLive();
  await feeder.feed(2_000, MATCHED);
  await earshot.until((status) => status.account.accepted === 2_000 && status.pool.leased > 0);
  const { exitCode, tookMs } = await earshot.stop();
  await feeder.close();
  await discord.close();
  return [
    {
      what: 'stop while Discord hangs and 2,000 wait',
      measured: `${milliseconds(tookMs)}, exit code ${exitCode}`,
      budget: `≤ ${total / 1_000} s (shutdown.total)`,
      isMet: tookMs <= total && exitCode === 0,
      used: tookMs / total,
      figures: { tookMs, exitCode },
    },
  ];
}

async function timeOf(args) {
  const startedAt = performance.now();
  await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit');
  return performance.now() - startedAt;
}
