/** Messages a second, through a real socket: the whole daemon against the least that could be done in its place. */
import { Feeder, MATCHED, UNMATCHED } from '../feeder.mjs';
import { configOf, Earshot, startFloor } from '../listener.mjs';
import { inRounds, mediansOf, ratioOf } from '../rounds.mjs';
import { perSecond } from '../words.mjs';

/** A daemon runs for months: what is measured is one that has run for a moment. */
const WARM_UP = 50_000;
/** For `--quick`, which has little time. */
const QUICK_WARM_UP = 20_000;

export const KINDS = {
  unmatched: {
    what: 'messages that match nothing, against bare ws + parse',
    text: UNMATCHED,
    archives: false,
    more: '',
    eventsBudget: '0',
  },
  archived: {
    what: 'every message archived, against ws + parse + insert',
    text: UNMATCHED,
    archives: true,
    more: 'store: { archive: all }',
    eventsBudget: '< 1',
  },
  // In a cooldown, so that the archive is all that a match costs.
  matched: {
    what: 'every message matched and archived, against the same',
    text: MATCHED,
    archives: true,
    more: 'rules: [{ name: me, match: [mention, reply], cooldown: 1h }]',
    eventsBudget: '< 1',
  },
};

const RATIO_MIN = 0.7;

export function throughputRow(kind) {
  return async ({ isQuick }) => {
    const messages = isQuick ? 40_000 : 300_000;
    const rounds = isQuick ? 3 : 5;
    const warmUp = isQuick ? QUICK_WARM_UP : WARM_UP;
    const { what, text, archives, more, eventsBudget } = KINDS[kind];
    const { earshot, floor } = await inRounds(rounds, {
      earshot: () => measure((url) => new Earshot(configOf({ wsUrl: url, more })), text, messages, warmUp),
      floor: () => measure((url) => startFloor(url, archives), text, messages, warmUp),
    });
    const ratio = ratioOf(earshot, floor, 'perSecond');
    const cpu = ratioOf(floor, earshot, 'cpuMicros');
    const events = mediansOf(earshot, 'events');
    const figures = {
      ratio,
      cpuRatio: cpu,
      perSecond: mediansOf(earshot, 'perSecond'),
      floorPerSecond: mediansOf(floor, 'perSecond'),
      events,
    };
    return [
      {
        what,
        measured: `${ratio.toFixed(2)} (${perSecond(figures.perSecond)} of ${perSecond(figures.floorPerSecond)}; by CPU ${cpu.toFixed(2)})`,
        budget: `≥ ${RATIO_MIN}`,
        isMet: ratio >= RATIO_MIN,
        used: RATIO_MIN / ratio,
        figures,
      },
      {
        what: `machine events per ${kind} message`,
        measured: events < 0.001 ? `${events.toFixed(5)} (what goes by the clock)` : events.toFixed(3),
        budget: eventsBudget,
        // Sweeps and pings go by the clock, not by the chat.
        isMet: eventsBudget === '0' ? events < 0.001 : events < 1,
        figures: { events },
      },
    ];
  };
}

async function measure(start, text, messages, warmUp) {
  const feeder = await Feeder.open();
  const subscribed = feeder.subscribed();
  const listener = start(feeder.url);
  try {
    await subscribed;
    const isEarshot = listener instanceof Earshot;
    if (isEarshot) await listener.untilLive();
    await feeder.feed(warmUp, text);
    const before = isEarshot ? await listener.ask('GET', '/status') : undefined;
    const cpuBefore = listener.cpuMicros;
    const seconds = await feeder.feed(messages, text);
    const cpuMicros = (listener.cpuMicros - cpuBefore) / messages;
    const after = isEarshot ? await listener.ask('GET', '/status') : undefined;
    if (after !== undefined) checkAccount(after, warmUp + messages);
    const events = after === undefined ? 0 : (after.trace.seq - before.trace.seq) / messages;
    return { perSecond: messages / seconds, cpuMicros, events };
  } finally {
    await listener.stop();
    await feeder.close();
  }
}

/** A daemon that drops what it hears would be fast. */
function checkAccount({ account, sources }, said) {
  const { heard, dropped, duplicates, malformed } = account;
  const byChannel = sources[0].channels.reduce((sum, channel) => sum + channel.heard, 0);
  if (heard !== said || byChannel !== said || dropped + duplicates + malformed > 0) {
    throw new Error(`${said} said, but ${JSON.stringify(account)}`);
  }
}
