/** How long after a restart of the server every channel is subscribed again, and what dialling that took. */
import { fileURLToPath } from 'node:url';
import { startKick } from '../../../dist/src/demo/kick-standin.js';
import { configOf, Earshot, Listener } from '../listener.mjs';
import { versionOf } from '../machine.mjs';
import { median } from '../rounds.mjs';
import { milliseconds } from '../words.mjs';

const CHANNELS = 160;
/** A deployment, and an outage. */
const AWAY_MS = [200, 5_000];
/**
 * How long all goes well before the next. Earshot takes a link for stable after 30 s only; one that breaks sooner is
 * dialled with growing patience, as a server that keeps falling over needs.
 */
const STABLE_MS = 31_000;
/** For `--quick` it is content with less. */
const QUICK = 'reconnect: { stableAfter: 2s }';
const QUICK_STABLE_MS = 3_000;
const WITHIN_MS = 60_000;

const channels = Array.from({ length: CHANNELS }, (_, index) => ({
  slug: `channel${index}`,
  channelId: 1_000 + index,
  chatroomId: 5_000 + index,
}));

/** Each has a server of its own, and all servers go and come at the same moments. */
export async function reconnectingRow({ isQuick }) {
  const rounds = isQuick ? 1 : 2;
  const outages = isQuick ? AWAY_MS.slice(0, 1) : AWAY_MS;
  const stableMs = isQuick ? QUICK_STABLE_MS : STABLE_MS;
  const more = isQuick ? QUICK : '';
  const contenders = [
    {
      name: 'Earshot',
      start: (kick) => new Earshot(configOf({ wsUrl: kick.wsUrl, key: kick.pusherKey, channels, more })),
    },
    { name: `pusher-js ${versionOf('pusher-js')}`, start: (kick) => client('pusher-js', kick) },
    { name: `partysocket ${versionOf('partysocket')}`, start: (kick) => client('partysocket', kick) },
  ];
  const running = [];
  try {
    for (const { name, start } of contenders) {
      const kick = await startKick({ channels });
      running.push({ name, kick, process: start(kick), times: {}, dials: {} });
    }
    await Promise.all(running.map(({ kick }) => kick.until(() => isWhole(kick), WITHIN_MS)));
    for (let round = 0; round < rounds; round += 1) {
      for (const awayMs of outages) {
        await new Promise((resolve) => setTimeout(resolve, stableMs));
        await Promise.all(running.map((it) => restart(it, awayMs)));
      }
    }
  } finally {
    await Promise.all(running.map(({ process }) => process.stop()));
    await Promise.all(running.map(({ kick }) => kick.close()));
  }
  return outages.map((awayMs) => {
    const figures = running.map(({ name, times, dials }) => ({
      name,
      medianMs: median(times[awayMs]),
      worstMs: Math.max(...times[awayMs]),
      dials: median(dials[awayMs]),
    }));
    const told = figures.map(
      ({ name, medianMs, worstMs, dials }) =>
        `${name}: ${milliseconds(medianMs)}, worst ${milliseconds(worstMs)}, ${dials} dials`,
    );
    return {
      what: `${CHANNELS} channels subscribed again, server away ${awayMs / 1_000} s`,
      measured: told.join('; '),
      figures: { rounds, contenders: figures },
      peers: {
        title: `${CHANNELS} channels subscribed again after the server was away for ${awayMs / 1_000} s`,
        bars: figures.map(({ name, medianMs }) => ({ name, value: medianMs, text: milliseconds(medianMs) })),
      },
    };
  });
}

function client(name, kick) {
  const file = fileURLToPath(new URL('../client.mjs', import.meta.url));
  return new Listener([
    file,
    name,
    kick.wsUrl,
    kick.pusherKey,
    channels.map(({ chatroomId }) => chatroomId).join(','),
  ]);
}

async function restart({ kick, times, dials }, awayMs) {
  const dialled = kick.dials;
  // As behind a proxy whose server is away: what is dialled meanwhile is counted.
  kick.refuseConnections(true);
  kick.cut();
  await new Promise((resolve) => setTimeout(resolve, awayMs));
  kick.refuseConnections(false);
  const startedAt = performance.now();
  await kick.until(() => isWhole(kick), WITHIN_MS);
  times[awayMs] = [...(times[awayMs] ?? []), performance.now() - startedAt];
  dials[awayMs] = [...(dials[awayMs] ?? []), kick.dials - dialled];
}

/** Asked at every frame: sockets are few, channels are many. Earshot also listens for a stream's end, on other topics. */
function isWhole(kick) {
  const topics = kick.connections().flatMap(({ subscriptions }) => subscriptions);
  return topics.filter((topic) => topic.startsWith('chatrooms.')).length >= CHANNELS;
}
