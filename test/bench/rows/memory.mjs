/** Memory: the peak over a million messages, and what each further channel takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startKick } from '../../../dist/src/demo/kick-standin.js';
import { Feeder } from '../feeder.mjs';
import { configOf, Earshot, Listener, temporaryFolder } from '../listener.mjs';
import { versionOf } from '../machine.mjs';
import { inRounds, median } from '../rounds.mjs';
import { kilobytes, megabytes } from '../words.mjs';
import { KINDS } from './throughput.mjs';

const BUDGETS_MB = { unmatched: 120, archived: 170 };
/** After the first tenth nothing may pile up; this much the heap breathes. */
const GROWTH_MB = 25;
const CHANNEL_BUDGET = 20_000;

export function peakRow(kind) {
  return async ({ isQuick }) => {
    const messages = isQuick ? 200_000 : 1_000_000;
    const { text, more } = KINDS[kind];
    const feeder = await Feeder.open();
    const subscribed = feeder.subscribed();
    const earshot = new Earshot(configOf({ wsUrl: feeder.url, more }));
    try {
      await subscribed;
      await earshot.untilLive();
      await feeder.feed(100_000, text);
      const earlyMb = earshot.rssMb;
      await feeder.feed(messages - 100_000, text);
      const { peakMb } = earshot;
      const growthMb = earshot.rssMb - earlyMb;
      const budget = BUDGETS_MB[kind];
      return [
        {
          what: `peak memory over ${messages.toLocaleString('en')} messages, ${kind}`,
          measured: megabytes(peakMb),
          budget: `< ${budget} MB`,
          isMet: peakMb < budget,
          used: peakMb / budget,
          figures: { peakMb, messages },
        },
        {
          what: `growth after the first 100,000, ${kind}`,
          measured: megabytes(growthMb),
          budget: `flat (< ${GROWTH_MB} MB)`,
          isMet: growthMb < GROWTH_MB,
          figures: { growthMb, earlyMb },
        },
      ];
    } finally {
      await earshot.stop();
      await feeder.close();
    }
  };
}

/** What the process holds after a collection, at two numbers of channels: the slope leaves out everything else. */
export async function channelRow({ isQuick }) {
  const [few, many] = isQuick ? [50, 250] : [100, 500];
  const slope = (start) => async () => {
    const held = [];
    for (const count of [few, many]) held.push(await heldBytes(count, start));
    return (held[1] - held[0]) / (many - few);
  };
  const { earshot, pusher } = await inRounds(isQuick ? 1 : 2, {
    earshot: slope(startEarshot),
    pusher: slope(startPusherClient),
  });
  const own = median(earshot);
  const theirs = median(pusher);
  return [
    {
      what: `each further channel, of ${few} to ${many}`,
      measured: `${kilobytes(own)} (pusher-js: ${kilobytes(theirs)}, without any of the rest)`,
      budget: `< ${kilobytes(CHANNEL_BUDGET)}`,
      isMet: own < CHANNEL_BUDGET,
      used: own / CHANNEL_BUDGET,
      figures: { bytes: own, pusherBytes: theirs },
      peers: {
        title: 'memory per channel (pusher-js subscribes, and nothing else)',
        bars: [
          { name: 'Earshot', value: own, text: kilobytes(own) },
          { name: `pusher-js ${versionOf('pusher-js')}`, value: theirs, text: kilobytes(theirs) },
        ],
      },
    },
  ];
}

async function heldBytes(count, start) {
  const channels = Array.from({ length: count }, (_, index) => ({
    slug: `channel${index}`,
    channelId: 1_000 + index,
    chatroomId: 5_000 + index,
  }));
  const kick = await startKick({ channels });
  const folder = temporaryFolder();
  const told = join(folder, 'held');
  const probe = fileURLToPath(new URL('../held.mjs', import.meta.url));
  const options = { nodeArgs: ['--expose-gc', '--import', probe], env: { BENCH_HELD: told }, folder };
  const process = start(kick, channels, options);
  try {
    await kick.until(() => channels.every(({ slug }) => kick.subscribed(slug) === 1), 60_000);
    // What a start leaves behind is collected only once its promises are done.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    process.signal('SIGUSR2');
    return await numberIn(told);
  } finally {
    await process.stop();
    await kick.close();
  }
}

function startEarshot(kick, channels, options) {
  return new Earshot(configOf({ wsUrl: kick.wsUrl, key: kick.pusherKey, channels }), options);
}

function startPusherClient(kick, channels, { nodeArgs, env, folder }) {
  const client = fileURLToPath(new URL('../client.mjs', import.meta.url));
  const ids = channels.map(({ chatroomId }) => chatroomId).join(',');
  return new Listener([...nodeArgs, client, 'pusher-js', kick.wsUrl, kick.pusherKey, ids], { env, folder });
}

async function numberIn(file) {
  const end = performance.now() + 10_000;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    try {
      const text = readFileSync(file, 'utf8');
      if (text.endsWith('\n')) return Number(text);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  throw new Error('the process tells nothing of its memory');
}
