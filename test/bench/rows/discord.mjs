/**
 * A backlog for Discord against its limit of 5 requests in 2 s. The other one, 30 a minute for the channel, is off: with
 * it 1,000 notifications take 200 s at best, and nobody could tell who dawdles. @discordjs/rest goes at the same time,
 * to webhooks of its own: as its users send (a request for each), and handed 10 embeds at a time.
 */
import { REST } from '@discordjs/rest';
import { startDiscord } from '../../../dist/src/demo/discord-standin.js';
import { Feeder, MATCHED } from '../feeder.mjs';
import { configOf, Earshot } from '../listener.mjs';
import { versionOf } from '../machine.mjs';
import { milliseconds } from '../words.mjs';

const BUCKET = { limit: 5, windowMs: 2_000 };
const PER_REQUEST = 10;
/** How long Discord wants nothing, so that a backlog grows. */
const HELD_S = 4;
const TOLERANCE = 1.05;
const OWN = '1000000000000000001';
const TEN = '1000000000000000002';
const EACH = '1000000000000000003';
const TOKEN = 'standin-webhook-token';

export async function discordRow({ isQuick }) {
  const backlog = isQuick ? 300 : 1_000;
  const requests = backlog / PER_REQUEST;
  // The first window is open at once: the last request may go out as soon as all the windows before its own are over.
  const idealMs = (Math.ceil(requests / BUCKET.limit) - 1) * BUCKET.windowMs;
  const discord = await startDiscord({ bucket: BUCKET, channelPerMinute: null });
  const feeder = await Feeder.open();
  const subscribed = feeder.subscribed();
  const sinks = `discord: { type: discord, url: "${discord.webhook(OWN, TOKEN)}" }`;
  const earshot = new Earshot(configOf({ wsUrl: feeder.url, sinks }));
  try {
    await subscribed;
    await earshot.untilLive();
    discord.fail({ kind: 'limited', retryAfter: HELD_S }, 1);
    await feeder.feed(backlog, MATCHED);
    const status = await earshot.until(({ account }) => account.accepted === backlog);
    if (status.sinks[0].delivered > 0) throw new Error('the backlog was begun before it was whole');
    const others = Promise.all([
      sendAll(discord, TEN, requests, PER_REQUEST),
      // Ten times as long for all of them: a tenth tells how fast it goes.
      sendAll(discord, EACH, requests, 1),
    ]);
    await earshot.until(({ sinks: [sink] }) => sink.delivered === backlog, 120_000);
    const own = spanOf(discord, OWN);
    await others;
    const ten = spanOf(discord, TEN);
    const each = spanOf(discord, EACH);
    const eachOfAll = ((each.ms + BUCKET.windowMs) / requests) * backlog;
    const ratio = own.ms / idealMs;
    const name = `@discordjs/rest ${versionOf('@discordjs/rest')}`;
    return [
      {
        what: `Discord, backlog of ${backlog.toLocaleString('en')} (5 requests in 2 s, 10 embeds each)`,
        measured: `${milliseconds(own.ms)}, ${ratio.toFixed(3)} of the limit's ${milliseconds(idealMs)}; ${own.refused} answered 429`,
        budget: `≤ ${TOLERANCE}`,
        isMet: ratio <= TOLERANCE,
        used: ratio / TOLERANCE,
        figures: { ms: own.ms, idealMs, ratio, refused: own.refused },
      },
      {
        what: 'the same by @discordjs/rest',
        measured: `one a request, as its users do: ${milliseconds(eachOfAll)} (by the first ${requests}; ${each.refused} answered 429); handed 10 embeds a request: ${milliseconds(ten.ms)}`,
        figures: { eachMs: eachOfAll, tenMs: ten.ms, eachRefused: each.refused, tenRefused: ten.refused },
        peers: {
          title: `${backlog.toLocaleString('en')} notifications to Discord, 5 requests in 2 s`,
          bars: [
            { name: 'Earshot', value: own.ms, text: milliseconds(own.ms) },
            { name: `${name}, one a request`, value: eachOfAll, text: milliseconds(eachOfAll) },
            { name: `${name}, handed ten`, value: ten.ms, text: milliseconds(ten.ms) },
          ],
        },
      },
    ];
  } finally {
    await earshot.stop();
    await feeder.close();
    await discord.close();
  }
}

/** All at once, as a backlog is: its own queue holds them back. */
function sendAll(discord, webhook, requests, embeds) {
  const rest = new REST({ api: `${discord.url}/api`, version: '10', retries: 10 });
  const embed = { author: { name: 'alice' }, description: 'just chatting, and this time it is for you' };
  const body = { embeds: Array.from({ length: embeds }, () => embed) };
  return Promise.all(
    Array.from({ length: requests }, () => rest.post(`/webhooks/${webhook}/${TOKEN}`, { body, auth: false })),
  );
}

/** From the first request that was taken to the last, and how many were refused from then on. */
function spanOf(discord, webhook) {
  const asked = discord.requests.filter(({ path }) => path.includes(webhook));
  const taken = asked.filter(({ status }) => status < 300);
  const [first] = taken;
  const refused = asked.filter(({ status, at }) => status === 429 && at > first.at);
  return { ms: taken.at(-1).at - first.at, refused: refused.length };
}
